"""The published instances: small tasks for a car tower, each a JSON file in `benchmarks/tower`, and their reader.

An instance says what is wanted when; `vendrive.planning.evaluation` says what a schedule costs. The format and its
rules are described in `benchmarks/tower/README.md`. `vendrive.planning.generate` made the published ones.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from vendrive.tower.layout import Layout, load_layout

FORMAT = "vendrive-tower-instance-1"
OPTIMA = "optima.json"
_KEYS = ("format", "name", "layout", "lift_storey", "take_s", "drive_in_s", "free", "jobs")
_JOB_KEYS = ("name", "kind", "wanted_s", "booked", "slot")


class InstanceError(ValueError):
    """An instance file says something impossible; the message names the file and the key."""

    def __init__(self, file: str, key: str, reason: str) -> None:
        super().__init__(f"{file}: {key}: {reason}")


class Kind(StrEnum):
    """What a job is: a car to a bay, or a car from a bay into a slot."""

    retrieve = "retrieve"
    store = "store"


@dataclass(frozen=True)
class Job:
    """One customer. `wanted_s`: when a car is to be ready, or when a return comes to the street; `slot`: of a car
    that is wanted."""

    name: str
    kind: Kind
    wanted_s: float
    booked: bool
    slot: str = ""

    @property
    def known_s(self) -> float:
        """When it is known: a booking from the beginning, a walk-up when it comes."""
        return 0.0 if self.booked else self.wanted_s


@dataclass(frozen=True)
class Instance:
    """One tower at one moment, and what will be wanted. Slots that are neither free nor wanted take no part."""

    name: str
    layout: Layout
    lift_storey: int
    take_s: float
    drive_in_s: float
    free: tuple[str, ...]
    jobs: tuple[Job, ...]

    def job(self, name: str) -> Job:
        """Return the job of this name, or raise KeyError."""
        return {job.name: job for job in self.jobs}[name]


def load_instances(folder: Path) -> tuple[Instance, ...]:
    """Return all instances below a folder, by name; InstanceError names what is wrong."""
    paths = sorted(path for path in folder.rglob("*.json") if path.name != OPTIMA)
    if not paths:
        raise InstanceError(str(folder), "(whole folder)", "holds no instance; name the folder benchmarks/tower")
    return tuple(load_instance(path) for path in paths)


def load_instance(path: Path) -> Instance:
    """Return the instance of a file; InstanceError names what is wrong."""
    instance = parse_instance(path.read_text(encoding="utf-8"), path.name)
    if instance.name != path.stem:
        raise InstanceError(path.name, "name", f"must be {path.stem!r} like its file, not {instance.name!r}")
    return instance


def format_instance(instance: Instance) -> str:
    """Return an instance as the text of its file, one job on a line."""
    head = {
        "format": FORMAT,
        "name": instance.name,
        "layout": instance.layout.name,
        "lift_storey": instance.lift_storey,
        "take_s": instance.take_s,
        "drive_in_s": instance.drive_in_s,
        "free": instance.free,
    }
    lines = [f'  "{key}": {json.dumps(value)},' for key, value in head.items()]
    jobs = ",\n".join(f"    {json.dumps(_written(job))}" for job in instance.jobs)
    return "\n".join(["{", *lines, '  "jobs": [', jobs, "  ]", "}", ""])


def _written(job: Job) -> dict[str, object]:
    values: dict[str, object] = {"name": job.name, "kind": job.kind, "wanted_s": job.wanted_s, "booked": job.booked}
    return values | ({"slot": job.slot} if job.slot else {})


def parse_instance(text: str, file: str) -> Instance:
    """Return the instance that `text` (JSON) describes; `file` is named in an InstanceError."""
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise InstanceError(file, "(whole file)", str(error)) from error
    top = _Table(file, "", values)
    top.exactly(_KEYS)
    if top.values["format"] != FORMAT:
        raise top.fault("format", f"must be {FORMAT!r}, not {top.values['format']!r}")
    layout = _layout(top)
    tables = [_Table(file, f"jobs[{at}].", table) for at, table in enumerate(top.listed("jobs"))]
    instance = Instance(
        name=top.text("name"),
        layout=layout,
        lift_storey=top.whole("lift_storey"),
        take_s=top.number("take_s"),
        drive_in_s=top.number("drive_in_s"),
        free=tuple(str(slot) for slot in top.listed("free")),
        jobs=tuple(_job(table) for table in tables),
    )
    _check(instance, top)
    return instance


@dataclass(frozen=True)
class _Table:
    """One object of an instance file, and where it stands there."""

    file: str
    key: str
    given: object

    @property
    def values(self) -> Mapping[str, object]:
        return self.given if isinstance(self.given, dict) else {}

    def fault(self, key: str, reason: str) -> InstanceError:
        return InstanceError(self.file, self.key + key, reason)

    def exactly(self, known: Sequence[str], optional: Sequence[str] = ()) -> None:
        if not isinstance(self.given, dict):
            raise self.fault("(all of it)", "must be an object")
        for key in self.values:
            if key not in known:
                raise self.fault(key, f"is not a key here; the keys are {', '.join(known)}")
        for key in known:
            if key not in self.values and key not in optional:
                raise self.fault(key, "is missing")

    def text(self, key: str) -> str:
        value = self.values[key]
        if not isinstance(value, str) or not value:
            raise self.fault(key, f"must be a text, not {value!r}")
        return value

    def number(self, key: str) -> float:
        value = self.values[key]
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < float("inf"):
            raise self.fault(key, f"must be a number from 0, not {value!r}")
        return float(value)

    def whole(self, key: str) -> int:
        value = self.number(key)
        if value != int(value):
            raise self.fault(key, f"must be a whole number, not {value!r}")
        return int(value)

    def listed(self, key: str) -> list[object]:
        value = self.values[key]
        if not isinstance(value, list):
            raise self.fault(key, f"must be a list, not {value!r}")
        return value


@cache
def _known_layout(name: str) -> Layout:
    return load_layout(name)


def _layout(top: _Table) -> Layout:
    try:
        layout = _known_layout(top.text("layout"))
    except FileNotFoundError as error:
        raise top.fault("layout", f"there is no layout {top.values['layout']!r}") from error
    if len(layout.lifts) > 1:
        raise top.fault("layout", f"{layout.name} has {len(layout.lifts)} lifts; an instance is for one")
    return layout


def _job(table: _Table) -> Job:
    table.exactly(_JOB_KEYS, optional=("slot",))
    kind, booked, slot = table.text("kind"), table.values["booked"], table.values.get("slot", "")
    if kind not in list(Kind):
        raise table.fault("kind", f"must be one of {', '.join(Kind)}, not {kind!r}")
    if not isinstance(booked, bool):
        raise table.fault("booked", f"must be true or false, not {booked!r}")
    if not isinstance(slot, str) or bool(slot) != (kind == Kind.retrieve):
        raise table.fault("slot", f"is for a car that is wanted, and only for that, not {slot!r}")
    return Job(table.text("name"), Kind(kind), table.number("wanted_s"), booked, slot)


def _check(instance: Instance, top: _Table) -> None:
    """Refuse what cannot be done, whatever the schedule."""
    layout, lift = instance.layout, instance.layout.lifts[0]
    wanted = [job.slot for job in instance.jobs if job.kind == Kind.retrieve]
    returns = len(instance.jobs) - len(wanted)
    if not instance.jobs or len({job.name for job in instance.jobs}) < len(instance.jobs):
        raise top.fault("jobs", "must be one or more, each with a name of its own")
    if not lift.lowest <= instance.lift_storey <= lift.highest:
        raise top.fault("lift_storey", f"{lift.name} reaches storeys {lift.lowest} to {lift.highest}")
    for slot in (*wanted, *instance.free):
        if not layout.is_slot(slot):
            raise top.fault("free" if slot in instance.free else "jobs", f"{layout.name} has no slot {slot!r}")
    if len({*wanted, *instance.free}) < len(wanted) + len(instance.free):
        raise top.fault("free", "no slot may be named twice, as free or as wanted")
    if len(instance.free) < returns:
        raise top.fault("free", f"{returns} returns need as many free slots, not {len(instance.free)}")
    for slot in (*wanted, *instance.free):
        if layout.hidden_by(slot) and layout.hidden_by(slot) in (*wanted, *instance.free):
            raise top.fault("free", f"of {slot} and {layout.hidden_by(slot)} behind it only one may take part")
