"""Thousands of hostile answers, one after the other, against the production client; and the memory that they took.

Message number N of a seed is drawn from that pair alone, so `make fuzz ARGS="--seed S --only N"` tells it again.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from functools import cache
from math import isfinite
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from tests.fuzz.lies import BODIES, FRAMES, HANDSHAKE, HANDSHAKES, VALUES, at_reads, at_step
from tests.fuzz.rogue import Exchange, Lie, Rogue, honest
from tests.support.certificates import lay_certificate
from vendrive.clock import SystemClock
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.machine import MachineLost
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Bay, Lift, Plc, Slot, Snapshot
from vendrive.wire.pki import trust

LAYOUT = "shanghai3"
STATION = "urn:vendrive:station:fuzz"
# A request has 2 s and connecting 5 s. A busy computer stretches both: beyond this the client hangs.
HUNG_S = 60.0
COMPUTES_S = 1.0
TRIES = 3
KINDS = {"values": 87, "bodies": 8, "frames": 3, "handshakes": 2}

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Told:
    """What a campaign did."""

    messages: int
    kinds: Counter[str]
    snapshots: int
    longest_s: float


class Campaign:
    """One rogue and one client of it at a time."""

    def __init__(self, rogue: Rogue, access: Access, seed: int) -> None:
        self._rogue = rogue
        self._access = access
        self._layout = load_layout(LAYOUT)
        self._seed = seed
        self._clock = SystemClock()
        self._machine: OpcuaMachine | None = None
        self._told = 0
        self._snapshots = 0
        self._longest_s = 0.0
        self._computed_s = 0.0
        self.kinds: Counter[str] = Counter()

    async def run(self, numbers: range, progress: Progress = lambda number: None) -> Told:
        """Tell each message; AssertionError, with the way to repeat it, for one that did harm."""
        for number in numbers:
            try:
                await self._tell_briefly(number)
            except Exception as error:
                raise AssertionError(
                    f"{type(error).__name__} {error}; again: make fuzz ARGS='--seed {self._seed} --only {number}'"
                ) from error
            progress(number)
        await self._end()
        assert not self._rogue.heard.executes_s, "a command was sent to a machine that lies"
        return Told(len(numbers), self.kinds, self._snapshots, self._longest_s)

    async def _tell_briefly(self, number: int) -> None:
        """Tell it, again where the client computed long: a message makes it do so each time, garbage once."""
        for _ in range(TRIES):
            self._computed_s = 0.0
            await self._tell(number)
            if self._computed_s < COMPUTES_S:
                return
        raise AssertionError(f"the client computed for {self._computed_s:.1f} s, each of {TRIES} times")

    async def _tell(self, number: int) -> None:
        rng = Random(f"{self._seed}/{number}")
        (kind,) = rng.choices([*KINDS], [*KINDS.values()])
        told = self._told
        while self._told == told:  # again where the connection was gone before the lie could be told
            if kind == "handshakes":
                await self._mislead(rng)
            else:
                await self._deceive(kind, rng)
        self.kinds[kind] += 1

    async def _mislead(self, rng: Random) -> None:
        """Lie while the client connects."""
        await self._end()
        service, lie = rng.choice(HANDSHAKE), rng.choice(HANDSHAKES)
        self._rogue.lie = self._counted(at_step(lie, service, rng))
        machine = OpcuaMachine(self._access, self._layout, self._clock)
        lost = await self._outcome(machine.connect, "connect") is None
        await machine.close()
        assert lost, f"{lie.__name__} at {service} was believed"

    async def _deceive(self, kind: str, rng: Random) -> None:
        """Lie about the machine's values."""
        machine = await self._connected()
        lie: Any = rng.choice({"values": VALUES, "bodies": BODIES, "frames": FRAMES}[kind])
        told = self._told
        self._rogue.lie = self._counted(at_reads(lie, rng, whole=rng.random() < 0.7))
        snapshot = await self._outcome(machine.read, "read")
        self._rogue.lie = honest
        assert kind == "bodies" or snapshot is None, f"{lie.__name__} was believed"
        if kind == "frames" or self._told == told:
            await self._end()

    def _counted(self, lie: Lie) -> Lie:
        async def counting(exchange: Exchange) -> bool:
            before = (exchange.values or [])[:], exchange.body()
            sent = await lie(exchange)
            self._told += sent or before != (exchange.values or [], exchange.body())
            return sent

        return counting

    async def _outcome(self, ask: Callable[[], Awaitable[Any]], what: str) -> Any:
        """Return what was believed, None where the client says that the machine is lost."""
        started_s, began_s = self._clock.monotonic(), time.thread_time()
        try:
            believed = await asyncio.wait_for(ask(), HUNG_S)
        except MachineLost:
            believed = None
        assert not self._rogue.failures, f"the rogue itself failed: {self._rogue.failures[0]!r}"
        took_s = self._clock.monotonic() - started_s
        self._longest_s = max(self._longest_s, took_s)
        self._computed_s = max(self._computed_s, time.thread_time() - began_s)
        if isinstance(believed, Snapshot):
            self._snapshots += 1
            assert_whole(believed)
        return believed if what == "read" or believed is None else True

    async def _connected(self) -> OpcuaMachine:
        if self._machine is None:
            self._rogue.lie = honest
            self._machine = OpcuaMachine(self._access, self._layout, self._clock)
            await self._machine.connect()
        return self._machine

    async def _end(self) -> None:
        machine, self._machine = self._machine, None
        if machine is not None:
            await machine.close()


def assert_whole(snapshot: Snapshot) -> None:
    """Assert that each value is one that its field can have."""
    parts: list[Plc | Lift | Slot | Bay] = [snapshot.plc, *snapshot.lifts, *snapshot.slots, *snapshot.bays]
    for part in parts:
        for each in fields(part):
            value = getattr(part, each.name)
            wanted = str if isinstance(each.default, str) else type(each.default)
            assert type(value) is wanted, f"{each.name}: {value!r}"
            assert not isinstance(value, float) or isfinite(value)
            assert not isinstance(value, str) or len(value) <= 1_000


@asynccontextmanager
async def rogue_in(folder: Path) -> AsyncIterator[tuple[Rogue, Access]]:
    """Run a rogue, and return it with the access of a station that has pinned its certificate."""
    own = lay_certificate(folder / "rogue" / "pki", "urn:vendrive:plant:fuzz")
    lay_certificate(folder / "station" / "pki", STATION)
    trust(folder / "station" / "pki", own.der)
    rogue = Rogue(own, load_layout(LAYOUT))
    with keys_read_once():
        async with rogue.listening() as url:
            yield rogue, Access(url, folder / "station" / "pki", STATION)


@contextlib.contextmanager
def keys_read_once() -> Iterator[None]:
    """Read each private key once: OpenSSL checks it each time, which takes longer than all the rest of connecting."""
    read = serialization.load_pem_private_key

    @cache
    def load(data: bytes, password: bytes | None = None, backend: object = None) -> Any:
        return read(data, password, backend)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "load_pem_private_key", load)
        yield


class Memory:
    """What this process holds at most while the block runs, in MB: `with Memory() as memory: …`."""

    grown_mb = 0.0

    def __enter__(self) -> "Memory":
        Path("/proc/self/clear_refs").write_text("5")  # the highest mark starts anew (man 5 proc)
        self._before = status_mb("VmRSS")
        return self

    def __exit__(self, *_: object) -> None:
        self.grown_mb = status_mb("VmHWM") - self._before


def status_mb(name: str, pid: int | str = "self") -> float:
    """Return how much a process holds (VmRSS) or has held at most (VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) / 1024
