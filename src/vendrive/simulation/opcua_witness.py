"""Who watches a run over OPC UA: what the plant did and what the station asked, against what was true.

It hears of each command from both ends and knows what the PLC showed at each revision. It asks nothing of the code that
it judges but the snapshot on which a command was granted.
"""

import hashlib
from dataclasses import dataclass, field
from random import Random

from vendrive.clock import Clock
from vendrive.plant.plc import Controller
from vendrive.plant.records import Happening
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.machine import Accepted, Answer
from vendrive.tower.layout import Layout
from vendrive.wire.machine import STALE_AFTER_S, Command, Part, Snapshot

# What was shown so many revisions ago is not compared any more.
REMEMBERED = 2000
ECHOES = 0.2


@dataclass
class Witness:
    """Keeps score. `trace` is a hash of all that happened, and when."""

    clock: Clock
    violations: list[str] = field(default_factory=list)
    stale_grant_s: float = 0.0
    connections: int = 0
    asked: int = 0
    executed: int = 0
    compared: int = 0
    echoes: int = 0
    basis: Snapshot | None = None
    _shown: dict[tuple[int, int], tuple[Part, ...]] = field(default_factory=dict)
    _counter_started_s: dict[int, float] = field(default_factory=dict)
    _data_of: dict[int, float] = field(default_factory=dict)
    _taken: set[int] = field(default_factory=set)
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def trace(self) -> str:
        """The hash of the run so far."""
        return self._hash.hexdigest()

    def note(self, kind: str, *payload: object) -> None:
        """Add an event to the trace."""
        self._hash.update(f"{self.clock.monotonic():.6f} {kind} {payload}\n".encode())

    def violated(self, what: str) -> None:
        """Write down what must never happen."""
        self.note("violation", what)
        self.violations.append(f"{self.clock.monotonic():.3f} s: {what}")

    # The plant's side.

    def plc_started(self, controller: Controller) -> None:
        """A controller's counter of milliseconds starts at zero now."""
        self._counter_started_s[controller.state.plc_epoch] = self.clock.monotonic()
        controller.observe = self.happened

    def published(self, controller: Controller) -> None:
        """Remember what can be read from now on."""
        plc, *parts = controller.parts()
        state = controller.state
        assert plc == state
        self._shown[state.plc_epoch, state.revision] = tuple(parts)
        if len(self._shown) > REMEMBERED:
            del self._shown[next(iter(self._shown))]

    def happened(self, happening: Happening) -> None:
        """The plant did something, or refused to."""
        self.note(happening.kind, happening.plc_epoch, happening.seq, happening.reason)
        if happening.kind == "started":
            self._executed(happening.seq)

    def _executed(self, seq: int) -> None:
        self.executed += 1
        if seq in self._taken:
            self.violated(f"command {seq} was executed twice")
        self._taken.add(seq)
        age_s = self.clock.monotonic() - self._data_of.get(seq, float("-inf"))
        self.stale_grant_s = max(self.stale_grant_s, age_s)
        if age_s > STALE_AFTER_S:
            self.violated(f"command {seq} was accepted {age_s:.3f} s after the data on which it was granted")

    # The station's side.

    def connected(self) -> None:
        """A session with the machine is open."""
        self.connections += 1
        self.note("connected", self.connections)

    def reads(self, snapshot: Snapshot) -> None:
        """The station takes this for known: it has to be what the PLC showed at the revision that it names."""
        self.basis, plc = snapshot, snapshot.plc
        shown = self._shown.get((plc.plc_epoch, plc.revision))
        if shown is None:
            return
        self.compared += 1
        if shown != (*snapshot.lifts, *snapshot.slots, *snapshot.bays):
            self.violated(f"revision {plc.revision} never had the values with which it was read")

    def asks(self, command: Command, read_all: bool) -> None:
        """The station sends a command, on what it takes for known."""
        self.asked += 1
        self.note("asks", command)
        if not read_all:
            self.violated(f"command {command.seq} was sent before everything was read on its connection")
        if self.basis is None:
            self.violated(f"command {command.seq} was sent without any data")
            return
        plc = self.basis.plc
        self._data_of[command.seq] = self._counter_started_s[plc.plc_epoch] + plc.clock_ms / 1000

    def echoed(self, command: Command, answer: Answer) -> None:
        """The machine got a command for the second time."""
        self.echoes += 1
        if isinstance(answer, Accepted):
            self.violated(f"command {command.seq} was accepted twice")


class WatchedMachine(OpcuaMachine):
    """The production client before a witness. Now and then a command is sent twice."""

    def __init__(self, access: Access, layout: Layout, clock: Clock, witness: Witness, rng: Random) -> None:
        super().__init__(access, layout, clock)
        self._witness = witness
        self._rng = rng
        self._all = 1 + len(layout.lifts) + len(layout.slots) + len(layout.bays)
        self._read_everything = False

    async def connect(self) -> None:
        await super().connect()
        self._read_everything = False
        self._witness.connected()

    async def execute(self, command: Command) -> Answer:
        self._witness.asks(command, self._read_everything)
        answer = await super().execute(command)
        if self._rng.random() < ECHOES:
            self._witness.echoed(command, await super().execute(command))
        return answer

    async def _values(self, names: tuple[str, ...]) -> dict[str, object]:
        values = await super()._values(names)
        self._read_everything |= len({name.rpartition(".")[0] for name in values}) == self._all
        return values
