"""The production controller drives the ideal machine: commands end in any order, and nothing else is played."""

import logging
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random

from tests.tower.ideal import IdealMachine, ReadAt, snapshot_of
from vendrive.clock import ManualClock
from vendrive.station.controller import Controller, Task
from vendrive.station.facts import Facts
from vendrive.station.machine import Accepted, Answer
from vendrive.tower.control import BringToBay, Done, Goal, Step, Store, Stuck
from vendrive.tower.layout import Layout
from vendrive.wire.journal import CommandEnded, Counted, Event
from vendrive.wire.machine import Command, Snapshot

LONGEST_PAUSE_S = 10.0
logging.getLogger("vendrive.station.controller").setLevel(logging.ERROR)


@dataclass
class MemoryRecord:
    """The journal as far as a controller needs it."""

    facts: Facts = field(default_factory=Facts)
    alarms: list[str] = field(default_factory=list)
    version: int = 0

    def write(self, event: Event) -> None:
        self.facts.apply(event)
        self.version += 1

    def alarm(self, name: str, part: str, source: str) -> None:
        self.alarms.append(f"{name} {part} {source}")

    def end_alarm(self, name: str, part: str, source: str) -> None:
        """Alarms that end are of no matter here."""


@dataclass
class DirectLink:
    """The link and the machine in one: a command begins at once, and its number is never used again."""

    machine: IdealMachine
    stop_pending: bool = False
    taken: list[Command] = field(default_factory=list)

    def connection(self) -> "DirectLink":
        return self

    async def execute(self, command: Command) -> Answer:
        assert all(command.seq > earlier.seq for earlier in self.taken)
        self.taken.append(command)
        self.machine.start(command.operation, command.arguments, command.seq)
        return Accepted()


class Driven:
    """One tower at work. `rng` says in which order commands end, and which of them are cut short."""

    def __init__(
        self,
        layout: Layout,
        cars: Mapping[str, str],
        seed: int = 0,
        cuts: float = 0.0,
        storeys: Mapping[str, int] | None = None,
    ) -> None:
        self.layout = layout
        self.machine = IdealMachine(layout, snapshot_of(layout, cars, storeys))
        self.clock = ManualClock(datetime(2030, 1, 1, tzinfo=UTC))
        self.record = MemoryRecord()
        self.record.write(Counted(places=dict(cars), reason="start"))
        self.link = DirectLink(self.machine)
        self.rng = Random(seed)
        self.cuts = cuts
        self.restart()

    def restart(self) -> None:
        """A new station: it knows its journal and what it reads."""
        self.controller = Controller(self.link, self.record, self.layout, self.clock, "t1")  # type: ignore[arg-type]

    @property
    def commands(self) -> int:
        """How many commands were given."""
        return len(self.link.taken)

    def read(self) -> Snapshot:
        return replace(self.machine.snapshot, read_at_s=self.clock.monotonic())

    def want(self, key: str, goal: Goal) -> None:
        self.controller.want(key, Task(goal, key))

    def tick(self) -> bool:
        """Read, settle and let the controller give a command; return whether it gave one."""
        before, snapshot = self.commands, self.read()
        for part, given in list(self.record.facts.open_commands.items()):
            channel = snapshot.channel(part)
            if channel.done_seq == given.seq and given in self.record.facts.open_commands.values():
                self.controller._end(given.seq, channel.result, channel.reason)
        _run(self.controller.tick(snapshot))
        return self.commands > before

    def end_one(self, frozen: Iterable[str] = ()) -> bool:
        """Let one running command end, any one, but of a part that is frozen; return whether one ran."""
        running = {id(c): part for part, c in self.machine.running.items() if not set(c.parts) & set(frozen)}
        if not running:
            return False
        part = self.rng.choice(sorted(running.values()))
        if self.rng.random() < self.cuts:
            read: list[ReadAt] = ["both", "lift", "place", "nowhere"]
            self.machine.cut(part, self.rng.choice(read))
        else:
            self.machine.finish(part)
        return True

    def go_on(self, frozen: Iterable[str] = ()) -> bool:
        """One turn of the world; return whether anything happened."""
        if self.rng.random() < 0.5:
            happened = self.tick() or self.end_one(frozen)
        else:
            happened = self.end_one(frozen) or self.tick()
        if not happened:
            self.clock.advance(LONGEST_PAUSE_S)
            happened = self.tick()
        return happened

    def settle(self, most_commands: int, frozen: Iterable[str] = ()) -> None:
        """Go on until nothing happens any more."""
        while self.go_on(frozen):
            assert self.commands <= most_commands, f"no end: {[str(c.operation) for c in self.link.taken[-30:]]}"

    def judged(self, key: str) -> Step | None:
        return self.controller.step(key)

    def reached(self, key: str) -> bool:
        """Whether the goal of a task is reached; then it is taken off the list, as a desk does."""
        task = self.controller.tasks.get(key)
        if task is None or not self.controller.is_reached(task, self.read()):
            return False
        self.controller.want(key, None)
        return True

    def stuck(self, key: str) -> Stuck:
        step = self.judged(key)
        assert isinstance(step, Stuck), step
        return step


def goal_met(goal: Goal, world: Driven) -> bool:
    """Whether the car of a goal stands where it is wanted."""
    match goal:
        case BringToBay(tag, place) | Store(tag, place):
            return world.machine.tag_at(place) == tag
        case _:
            return isinstance(world.judged("B1"), Done)


def _run(coroutine: Coroutine[None, None, None]) -> None:
    """Run what never really waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


__all__ = ["CommandEnded", "Driven", "goal_met"]
