"""A vendor's signals as our fields: a table in a TOML file, one entry for each field of `vendrive.wire.machine`.

An entry is the name of a signal, or a table with more: `{ signal = "…", scale = 0.1 }` for a number in other units,
`{ signal = "…", values = { "0" = "closed" } }` for a code. `{name}` in a signal is the name of the lift, slot or bay.
What a machine does not have is `{ constant = … }`, and only the value that our software takes for unknown: a sensor
that is not there never says that all is well.
"""

import asyncio
import tomllib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import Field, dataclass, fields
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import Any, Protocol, TypeVar

from vendrive.station.machine import MachineLost
from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Lift, Part, Plc, Slot, Snapshot, Table

KINDS: Mapping[str, type[Part]] = {"plc": Plc, "lift": Lift, "slot": Slot, "bay": Bay}
ENTRY_KEYS = {"signal", "scale", "values", "constant"}
# A bay without a turntable is always aligned. Nothing else can be known without a signal.
KNOWN_WITHOUT_SIGNAL = {("bay", "table"): Table.aligned}

P = TypeVar("P", Plc, Lift, Slot, Bay)


class Driver(Protocol):
    """The vendor's own library, as small as it can be. Each verb raises OSError or TimeoutError where nothing answers,
    and ValueError where the answer makes no sense; each may be cancelled.
    """

    async def open(self) -> None:
        """Connect, and know the machine by its credential."""
        ...

    async def close(self) -> None:
        """Let go."""
        ...

    async def read_signals(self, names: tuple[str, ...]) -> Mapping[str, object]:
        """Return all signals as they were at one moment, by name."""
        ...

    async def write_signals(self, values: Mapping[str, object]) -> None:
        """Write some signals."""
        ...

    async def call(self, name: str, arguments: Mapping[str, object]) -> Mapping[str, object]:
        """Call a procedure of the machine once, and return what it answers."""
        ...


class SignalTableError(ValueError):
    """A signal table cannot be used; the message names the file and the key."""

    def __init__(self, file: Path, key: str, reason: str) -> None:
        super().__init__(f"{file.name}: {key}: {reason}")


@dataclass(frozen=True)
class Source:
    """Where one field comes from: a signal with its scale or codes, or, where `signal` is empty, a constant."""

    signal: str
    scale: float | None = None
    values: Mapping[str, str] | None = None
    constant: object = None


@dataclass(frozen=True)
class SignalTable:
    """The sources of all fields, by kind of part and field."""

    sources: Mapping[str, Mapping[str, Source]]

    def names(self, layout: Layout) -> tuple[str, ...]:
        """Return every signal that a whole read needs, each once."""
        wanted = [
            source.signal.format(name=name)
            for kind, name in _parts(layout)
            for source in self.sources[kind].values()
            if source.signal
        ]
        return tuple(dict.fromkeys(wanted))

    def snapshot(self, signals: Mapping[str, object], layout: Layout, read_at_s: float) -> Snapshot:
        """Return what the signals say; MachineLost where one is missing or says what it cannot mean."""
        return Snapshot(
            read_at_s=read_at_s,
            plc=self._part(Plc, "", signals),
            lifts=tuple(self._part(Lift, plan.name, signals) for plan in layout.lifts),
            slots=tuple(self._part(Slot, plan.name, signals) for plan in layout.slots),
            bays=tuple(self._part(Bay, plan.name, signals) for plan in layout.bays),
        )

    def _part(self, kind: type[P], name: str, signals: Mapping[str, object]) -> P:
        sources = self.sources[kind.__name__.lower()]
        read: dict[str, Any] = {"name": name} if name else {}
        for field in fields(kind):
            if field.name != "name":
                read[field.name] = _value(field, sources[field.name], name, signals)
        return kind(**read)


def load_signals(file: Path) -> SignalTable:
    """Read a signal table; raises SignalTableError where a field has no entry, or an entry is not one."""
    try:
        told = tomllib.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise SignalTableError(file, "all of it", str(error)) from error
    for key in told.keys() - KINDS.keys():
        raise SignalTableError(file, key, f"there are only {', '.join(KINDS)}")
    return SignalTable({kind: _sources(file, kind, told.get(kind, {})) for kind in KINDS})


@asynccontextmanager
async def in_time(seconds: float) -> AsyncIterator[None]:
    """Turn every way in which a driver can fail into MachineLost: each leaves its outcome unknown."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except (OSError, TimeoutError, ValueError) as error:
        raise MachineLost(f"{type(error).__name__} {error}".strip()) from error


def _parts(layout: Layout) -> list[tuple[str, str]]:
    plans = (("lift", layout.lifts), ("slot", layout.slots), ("bay", layout.bays))
    return [("plc", ""), *((kind, plan.name) for kind, several in plans for plan in several)]


def _sources(file: Path, kind: str, told: object) -> dict[str, Source]:
    wanted = {field.name: field for field in fields(KINDS[kind]) if kind == "plc" or field.name != "name"}
    entries = told if isinstance(told, dict) else {}
    for key in entries.keys() - wanted.keys():
        raise SignalTableError(file, f"{kind}.{key}", "there is no such field")
    for key in wanted.keys() - entries.keys():
        raise SignalTableError(file, f"{kind}.{key}", "needs an entry")
    return {name: _source(file, kind, wanted[name], entry) for name, entry in entries.items()}


def _source(file: Path, kind: str, field: "Field[Any]", entry: object) -> Source:
    key = f"{kind}.{field.name}"
    if isinstance(entry, str) and entry:
        return Source(entry)
    if not isinstance(entry, dict) or not entry or entry.keys() - ENTRY_KEYS:
        raise SignalTableError(file, key, f"needs the name of a signal, or a table of {', '.join(sorted(ENTRY_KEYS))}")
    if "constant" in entry:
        return _constant(file, kind, field, entry)
    signal, scale, values = entry.get("signal"), entry.get("scale"), entry.get("values")
    if not isinstance(signal, str) or not signal:
        raise SignalTableError(file, key, "needs the name of a signal")
    if scale is not None and (isinstance(scale, bool) or not isinstance(scale, int | float) or not scale):
        raise SignalTableError(file, key, "scale needs a number")
    if values is not None and not isinstance(values, dict):
        raise SignalTableError(file, key, "values needs a table from codes to ours")
    return Source(signal, scale, values)


def _constant(file: Path, kind: str, field: "Field[Any]", entry: Mapping[str, object]) -> Source:
    allowed = (field.default, KNOWN_WITHOUT_SIGNAL.get((kind, field.name)))
    constant = entry["constant"]
    if len(entry) > 1 or not any(type(constant) is _plain(field) and constant == value for value in allowed):
        raise SignalTableError(
            file, f"{kind}.{field.name}", f"without a signal it is unknown, which is {field.default!r}"
        )
    return Source("", constant=constant)


def _plain(field: "Field[Any]") -> type:
    kind = type(field.default)
    return str if issubclass(kind, str) else kind


def _value(field: "Field[Any]", source: Source, name: str, signals: Mapping[str, object]) -> object:
    if not source.signal:
        return source.constant
    signal = source.signal.format(name=name)
    if signal not in signals:
        raise MachineLost(f"{signal}: no value")
    said = signals[signal]
    value = _translated(source, signal, said, _plain(field))
    wrong_number = isinstance(value, float) and not isfinite(value)
    if type(value) is not _plain(field) or wrong_number or not _is_member(field, value):
        raise MachineLost(f"{signal}: {said!r} is not a {field.name}")
    return value


def _translated(source: Source, signal: str, said: object, wanted: type) -> object:
    if source.values is not None:
        if str(said) not in source.values:
            raise MachineLost(f"{signal}: {said!r} has no meaning in the table")
        return source.values[str(said)]
    if isinstance(said, bool) or not isinstance(said, int | float):
        return str(said) if isinstance(said, str) else said
    if source.scale is None:
        return float(said) if wanted is float else said
    scaled = said * source.scale
    return round(scaled) if wanted is int and isfinite(scaled) else float(scaled)


def _is_member(field: "Field[Any]", value: object) -> bool:
    kind = type(field.default)
    return not issubclass(kind, StrEnum) or value in set(kind)
