"""From goals to commands: at most one with each snapshot, journaled before it is sent, never from memory.

`tick` is called with each snapshot. What a restarted station knows of its last commands comes from its journal and the
PLC; where these cannot say how one ended, its result is unknown, and the sensors say what is.
"""

import logging
from dataclasses import dataclass, replace

from vendrive.clock import Clock
from vendrive.station.facts import Facts
from vendrive.station.link import Link
from vendrive.station.machine import Answer, Machine, MachineLost, NotAccepted
from vendrive.station.record import Record
from vendrive.tower.control import Do, Done, GiveWay, Goal, Step, Stuck, Wait, next_step
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.layout import Layout
from vendrive.tower.traffic import Claim, assign, claim, head, retreat
from vendrive.tower.view import View
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import CommandEnded, CommandGiven, Started
from vendrive.wire.machine import STALE_AFTER_S, Command, Mode, Operation, Plc, Result, Snapshot, parts_of

# The PLC takes no command on data that is stale by the time it arrives, however slow the way was.
VALID_MS = 950
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
REFUSALS_UNTIL_ALARM = 3
REFUSALS_UNTIL_STUCK = 8
# No task needs so many: it goes round in circles, such as where a sensor does not see what was done.
MOST_COMMANDS = 60
# No task waits so long without anybody being told.
WAITS_S = 600.0
# The key of commands that staff ask for: they see how these end.
BY_HAND = "manual"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A goal and whom it is for."""

    goal: Goal
    purpose: str


@dataclass(frozen=True)
class _Tries:
    """How often commands of one task ended badly in a row, and when the next may be given."""

    bad_ends: int = 0
    not_before_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S


_NO_TRIES = _Tries()


class Controller:
    """Drives the machine towards the tasks that it was given; a task has a key, such as the bay that it serves."""

    def __init__(self, link: Link, record: Record, layout: Layout, clock: Clock, tower_id: str) -> None:
        self._link = link
        self._record = record
        self.layout = layout
        self._clock = clock
        self._tower_id = tower_id
        self._tasks: dict[str, Task] = {}
        self._lifts: dict[str, str] = {}
        self._steps: dict[str, Step] = {}
        self._tries: dict[str, _Tries] = {}
        self._counts: dict[str, int] = {}
        self._waits_since_s: dict[str, float] = {}
        # Of which of these waits somebody was told.
        self._told: set[str] = set()
        self._given_for: dict[int, str] = {}
        self._parts = {lift.name for lift in layout.lifts} | {bay.name for bay in layout.bays}
        self._epoch = 0
        self._plc_epoch: int | None = None
        self._view: View | None = None
        # What it was made of.
        self._viewed: Snapshot | None = None
        self._view_version = 0

    @property
    def tasks(self) -> dict[str, Task]:
        """What is wanted now, by key, the earliest first."""
        return self._tasks

    @property
    def steps(self) -> dict[str, Step]:
        """The last judgement of each task."""
        return self._steps

    @property
    def lifts(self) -> dict[str, str]:
        """Which lift works on each task."""
        return self._lifts

    def step(self, key: str) -> Step | None:
        """Return the last judgement of a task."""
        return self._steps.get(key)

    def want(self, key: str, task: Task | None) -> None:
        """Replace what is wanted under a key; a running atomic move ends by itself."""
        if task == self._tasks.get(key):
            return
        self._steps.pop(key, None)
        self._counts.pop(key, None)
        self._waits_since_s.pop(key, None)
        self._told.discard(key)
        self._forgive(key)
        if task is None:
            del self._tasks[key]
            self._lifts.pop(key, None)
        else:
            # A task that changes keeps its turn.
            self._tasks[key] = task

    def retry(self) -> None:
        """Forgive every task the bad ends of its commands, those that a program before this one counted too."""
        refused = [
            alarm.part for alarm in self._record.facts.alarms.values() if alarm.name == AlarmName.machine_refused
        ]
        self._counts.clear()
        for key in sorted({*self._tries, *refused}):
            self._forgive(key)

    def view(self, snapshot: Snapshot) -> View:
        """Return what is known with this snapshot."""
        view = self._view
        if view is None or self._viewed is not snapshot or self._view_version != self._record.version:
            facts = self._record.facts
            out = frozenset(facts.locked), frozenset(facts.opened), frozenset(facts.shut_in)
            view = self._view = View(snapshot, self.layout, facts.places, _unsettled(facts), *out)
            self._viewed, self._view_version = snapshot, self._record.version
        return view

    async def connected(self, machine: Machine, snapshot: Snapshot) -> None:
        """After a connection and a whole read: settle the past, then take control with a new epoch."""
        plc = snapshot.plc
        if not plc.simulator:
            # A real machine needs a liveness check of faces that does not exist yet (SECURITY.md).
            self._record.alarm(AlarmName.not_a_simulator, "plc", "station")
            raise MachineLost("this machine is not a simulator: control is not taken")
        if (plc.tower_id, plc.layout) != (self._tower_id, self.layout.name):
            raise MachineLost(f"this is the machine of {plc.tower_id} with layout {plc.layout}")
        ours = self._is_ours(plc)
        self._epoch = max(self._record.facts.control_epoch, plc.control_epoch) + 1
        self._record.write(Started(control_epoch=self._epoch))
        answer = await machine.take_control(self._epoch)
        if isinstance(answer, NotAccepted):
            raise MachineLost(f"control refused: {answer.reason}")
        self._plc_epoch = plc.plc_epoch
        # Read again behind the new epoch: no command of the old one can be taken any more.
        self._settle(await machine.read(), ours, fenced=True)

    def settle(self, snapshot: Snapshot) -> None:
        """Journal which commands have ended; call it with each snapshot before anything else looks at it.

        Raises MachineLost where the machine's controller is another than the one of which control was taken.
        """
        known = snapshot.plc.plc_epoch == self._plc_epoch
        self._settle(snapshot, known, fenced=False)
        if not known:
            # It may have restarted behind a connection that stood: control is taken anew, after a whole read.
            raise MachineLost("the machine's controller started anew")

    async def tick(self, snapshot: Snapshot) -> None:
        """Give at most one command: each is judged on what was read after the one before."""
        if self._link.stop_pending:
            return
        chosen = self._choose(snapshot)
        if chosen is not None:
            key, step = chosen
            self._counts[key] = self._counts.get(key, 0) + (key in self._tasks)
            await self.give(step, snapshot, key, self._tasks[key].purpose if key in self._tasks else step.why)

    def is_reached(self, task: Task, snapshot: Snapshot) -> bool:
        """Whether this task's goal is what the machine shows now, with nothing of ours running for it."""
        key = next((key for key, wanted in self._tasks.items() if wanted == task), "")
        # Whom a command from before a restart was for is not known: it may be anybody's.
        running = {self._given_for.get(given.seq, key) for given in self._record.facts.open_commands.values()}
        if key in running or self._clock.monotonic() - snapshot.read_at_s > STALE_AFTER_S:
            return False
        return isinstance(next_step(task.goal, self.view(snapshot), self._lifts.get(key, "")), Done)

    async def give(self, step: Do, snapshot: Snapshot, key: str, purpose: str) -> None:
        """Journal one command, then send it; MachineLost leaves its outcome to be settled later."""
        plc, facts = snapshot.plc, self._record.facts
        seq = max(facts.last_seq, plc.ack_seq) + 1
        command = Command(self._epoch, seq, step.operation, step.arguments, plc.clock_ms + VALID_MS)
        given = CommandGiven(
            control_epoch=self._epoch,
            seq=seq,
            operation=step.operation,
            arguments=dict(step.arguments),
            purpose=purpose,
        )
        self._record.write(given)
        self._given_for[seq] = key
        answer: Answer = await self._link.connection().execute(command)
        if isinstance(answer, NotAccepted):
            self._end(seq, "refused", answer.reason)

    def _choose(self, snapshot: Snapshot) -> tuple[str, Do] | None:
        """Judge every task in its turn; return the first step that may be asked for now."""
        view, claims, chosen = self.view(snapshot), list[Claim](), None
        for key, task in self._tasks.items():
            lift = assign(task.goal, view, [mine.lift for mine in claims], self._lifts.get(key, ""))
            if isinstance(lift, Wait | Stuck):
                self._lifts.pop(key, None)
                self._steps[key] = lift
                self._note_wait(key, lift, view)
                continue
            step = self._steps[key] = self._in_turn(key, task, view, lift, claims)
            self._note_wait(key, step, view)
            if lift and not _lets_go(step):
                self._lifts[key] = lift
                claims.append(claim(task.goal, lift, view))
            else:
                self._lifts.pop(key, None)
            if chosen is None and isinstance(step, Do) and self._may_give(key):
                chosen = key, step
        return chosen or self._aside(view, claims)

    def _in_turn(self, key: str, task: Task, view: View, lift: str, claims: list[Claim]) -> Step:
        if self._tries.get(key, _NO_TRIES).bad_ends >= REFUSALS_UNTIL_STUCK:
            return Stuck(ErrorCode.machine_refused, "its commands failed again and again")
        if self._counts.get(key, 0) >= MOST_COMMANDS:
            return self._in_circles(key)
        step = self._judge(task, view, lift)
        aside = retreat(lift, view, claims) if lift and not _lets_go(step) else None
        if aside is not None:
            step = self._judge(Task(GiveWay(lift, aside), task.purpose), view, lift)
            step = Wait(f"{lift} gives way") if isinstance(step, Done) else step
        return self._along(step, view, claims) if isinstance(step, Do) else step

    def _note_wait(self, key: str, step: Step, view: View) -> None:
        """Tell somebody of a task that does not go on; why the whole machine stands is told by other alarms."""
        now = self._clock.monotonic()
        if isinstance(step, Wait | Stuck) and not view.not_ready():
            if now - self._waits_since_s.setdefault(key, now) >= WAITS_S:
                self._told.add(key)
                self._record.alarm(AlarmName.machine_refused, key, f"it waits: {step.reason}")
            return
        self._waits_since_s.pop(key, None)
        if key in self._told:
            self._told.discard(key)
            self._record.end_alarm(AlarmName.machine_refused, key, "station")

    def _in_circles(self, key: str) -> Step:
        """Give up a task whose commands are done and lead nowhere; somebody has to look why."""
        if key in self._given_for.values():
            return Wait("the command before has not ended")
        reason = f"{MOST_COMMANDS} commands did not lead there"
        self._record.alarm(AlarmName.machine_refused, key, reason)
        return Stuck(ErrorCode.machine_refused, reason)

    def _along(self, step: Do, view: View, claims: list[Claim]) -> Step:
        """Return the move as far as the way is free for it now; other steps as they are."""
        if step.operation != Operation.move_lift:
            return step
        named = dict(step.arguments)
        storey = head(named["lift"], int(named["storey"]), view, claims)
        if storey == view.snapshot.lift(named["lift"]).storey:
            return Wait(f"another lift is in the way of {named['lift']}")
        step = replace(step, arguments=(("lift", named["lift"]), ("storey", str(storey))))
        return self._voted(step, view)

    def _aside(self, view: View, claims: list[Claim]) -> tuple[str, Do] | None:
        """Return the step by which a lift that serves nobody leaves the way of one that does."""
        for plan in self.layout.lifts:
            if not self.layout.beside(plan.name) or any(mine.lift == plan.name for mine in claims):
                continue
            storey = retreat(plan.name, view, claims)
            if storey is None:
                continue
            step = self._judge(Task(GiveWay(plan.name, storey), "give way"), view, plan.name)
            step = self._along(step, view, claims) if isinstance(step, Do) else step
            if isinstance(step, Do) and self._may_give(plan.name):
                return plan.name, step
        return None

    def _judge(self, task: Task, view: View, lift: str) -> Step:
        step = next_step(task.goal, view, lift)
        if isinstance(step, Do):
            # How far a lift may go is judged where the others' claims are known.
            return step if step.operation == Operation.move_lift else self._voted(step, view)
        # A stale view may show a goal as reached that is not: it is no ground for telling anybody so.
        age = self._clock.monotonic() - view.snapshot.read_at_s
        return step if age <= STALE_AFTER_S else Wait(f"the machine was read {age:.1f} s ago")

    def _voted(self, step: Do, view: View) -> Step:
        if self._record.facts.open_commands.keys() & parts_of(step.operation, dict(step.arguments)):
            return Wait("the command before has not ended")
        permits = votes(step.operation, step.arguments, view, self._clock.monotonic(), Mode.automatic)
        return step if allowed(permits) else Wait("; ".join(refusals(permits)))

    def _may_give(self, key: str) -> bool:
        return self._clock.monotonic() >= self._tries.get(key, _NO_TRIES).not_before_s

    def _is_ours(self, plc: Plc) -> bool:
        """Whether this controller has run without a break since our open commands were given."""
        facts = self._record.facts
        epochs = [given.control_epoch for given in facts.open_commands.values()]
        return bool(epochs) and max(epochs) <= plc.control_epoch <= facts.control_epoch

    def _settle(self, snapshot: Snapshot, ours: bool, fenced: bool) -> None:
        """Journal how open commands ended, where that can be said. `fenced`: they cannot be taken any more."""
        for part, given in list(self._record.facts.open_commands.items()):
            if part not in self._record.facts.open_commands:
                continue  # it worked on two parts, and the other one told its end
            if part not in self._parts:
                self._end(given.seq, "unknown", f"there is no {part} in this tower")
                continue
            channel = snapshot.channel(part)
            if not ours:
                self._end(given.seq, "unknown", "the machine's controller started anew or was controlled by another")
            elif channel.done_seq == given.seq:
                self._end(given.seq, channel.result, channel.reason)
            elif channel.done_seq > given.seq or channel.seq > given.seq:
                self._end(given.seq, "unknown", f"{part} reports command {max(channel.done_seq, channel.seq)}")
            elif fenced and channel.seq < given.seq:
                self._end(given.seq, "refused", "it did not reach the machine")

    def _end(self, seq: int, result: str, reason: str) -> None:
        self._record.write(CommandEnded(seq=seq, result=result, reason=reason))
        key = self._given_for.pop(seq, "")
        if result == Result.done:
            self._forgive(key)
            return
        log.warning("command %d: %s %s", seq, result, reason)
        if key in ("", BY_HAND):
            return  # of a program before this one, or of staff who see how it ended: nothing is tried again
        tries = self._tries.get(key, _NO_TRIES)
        not_before = self._clock.monotonic() + tries.pause_s
        self._tries[key] = _Tries(tries.bad_ends + 1, not_before, min(tries.pause_s * 2, LONGEST_PAUSE_S))
        if tries.bad_ends + 1 >= REFUSALS_UNTIL_ALARM:
            self._record.alarm(AlarmName.machine_refused, key, reason or result)

    def _forgive(self, key: str) -> None:
        self._tries.pop(key, None)
        self._record.end_alarm(AlarmName.machine_refused, key, "station")


def _unsettled(facts: Facts) -> dict[str, str]:
    """Return the place by lift of each transfer of which only the beginning is known."""
    return {lift: given.arguments.get("place", "") for lift, given in facts.cut_short.items()}


def _lets_go(step: Step) -> bool:
    """Whether a task that does not go on leaves the way, and an empty lift, to others."""
    return isinstance(step, Done | Stuck) or (isinstance(step, Wait) and step.for_people)
