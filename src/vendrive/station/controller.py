"""From a goal to commands: one at a time, journaled before it is sent, never from memory.

`tick` is called with each snapshot. What a restarted station knows of the last command comes from its journal and the
PLC; where these cannot say how it ended, its result is unknown, and the sensors say what is.
"""

import logging
from dataclasses import dataclass

from vendrive.clock import Clock
from vendrive.station.link import Link
from vendrive.station.machine import Answer, Machine, MachineLost, NotAccepted
from vendrive.station.record import Record
from vendrive.tower.control import Do, Done, Goal, Step, Stuck, Wait, next_step
from vendrive.tower.interlocks import allowed, refusals, votes
from vendrive.tower.inventory import contradictions
from vendrive.tower.layout import Layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import CommandEnded, CommandGiven, Started
from vendrive.wire.machine import STALE_AFTER_S, Command, Plc, Result, Snapshot

VALID_MS = 1500
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
REFUSALS_UNTIL_ALARM = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """A goal and whom it is for."""

    goal: Goal
    purpose: str


class Controller:
    """Drives the machine towards the task that it was given last."""

    def __init__(self, link: Link, record: Record, layout: Layout, clock: Clock, tower_id: str) -> None:
        self._link = link
        self._record = record
        self.layout = layout
        self._clock = clock
        self._tower_id = tower_id
        self._task: Task | None = None
        self._epoch = 0
        self._plc_epoch: int | None = None
        self._not_before_s = 0.0
        self._pause_s = FIRST_PAUSE_S
        self._bad_ends = 0
        self.step: Step | None = None

    @property
    def task(self) -> Task | None:
        """What is wanted now."""
        return self._task

    def want(self, task: Task | None) -> None:
        """Replace what is wanted; a running atomic move ends by itself."""
        if task != self._task:
            self._task, self.step = task, None
            self._forgive()

    async def connected(self, machine: Machine, snapshot: Snapshot) -> None:
        """After a connection and a whole read: settle the past, then take control with a new epoch."""
        plc = snapshot.plc
        if not plc.simulator:
            # A real machine needs a liveness check of faces that does not exist yet (SECURITY.md).
            self._record.alarm(ErrorCode.not_a_simulator, "plc", "station")
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

    async def tick(self, snapshot: Snapshot) -> None:
        """Settle what has ended; then give at most one command."""
        if self._record.facts.open_command is not None:
            self._settle(snapshot, snapshot.plc.plc_epoch == self._plc_epoch, fenced=False)
        if self._record.facts.open_command is not None or self._task is None or self._link.stop_pending:
            return
        self.step = self._judge(self._task, snapshot)
        if isinstance(self.step, Do) and self._clock.monotonic() >= self._not_before_s:
            await self._give(self.step, snapshot, self._task)

    def is_reached(self, task: Task, snapshot: Snapshot) -> bool:
        """Whether this task's goal is what the machine shows now, with nothing running."""
        return self._record.facts.open_command is None and isinstance(self._judge(task, snapshot), Done)

    def _judge(self, task: Task, snapshot: Snapshot) -> Step:
        age = self._clock.monotonic() - snapshot.read_at_s
        doubts = contradictions(snapshot)
        if doubts:
            return Stuck(ErrorCode.machine_contradiction, "; ".join(doubts))
        step = next_step(task.goal, snapshot, self.layout)
        if isinstance(step, Do):
            permits = votes(step.operation, step.arguments, snapshot, self._clock.monotonic(), self.layout)
            return step if allowed(permits) else Wait("; ".join(refusals(permits)))
        # A stale view may show a goal as reached that is not: it is no ground for telling anybody so.
        return step if age <= STALE_AFTER_S else Wait(f"the machine was read {age:.1f} s ago")

    async def _give(self, step: Do, snapshot: Snapshot, task: Task) -> None:
        plc = snapshot.plc
        seq = max(self._record.facts.last_seq, plc.ack_seq) + 1
        command = Command(self._epoch, seq, step.operation, step.arguments, plc.clock_ms + VALID_MS)
        self._record.write(
            CommandGiven(
                control_epoch=self._epoch,
                seq=seq,
                operation=step.operation,
                arguments=dict(step.arguments),
                purpose=task.purpose,
            )
        )
        answer: Answer = await self._link.connection().execute(command)
        if isinstance(answer, NotAccepted):
            self._end(seq, "refused", answer.reason)

    def _is_ours(self, plc: Plc) -> bool:
        """Whether this controller has run without a break since our open command was given."""
        facts = self._record.facts
        given = facts.open_command
        return given is not None and given.control_epoch <= plc.control_epoch <= facts.control_epoch

    def _settle(self, snapshot: Snapshot, ours: bool, fenced: bool) -> None:
        """Journal how the open command ended, where that can be said. `fenced`: it cannot be taken any more."""
        given = self._record.facts.open_command
        if given is None:
            return
        plc = snapshot.plc
        if not ours:
            self._end(given.seq, "unknown", "the machine's controller started anew or was controlled by another")
        elif plc.done_seq == given.seq:
            self._end(given.seq, plc.result, plc.reason)
        elif plc.done_seq > given.seq:
            self._end(given.seq, "unknown", f"the machine reports command {plc.done_seq}")
        elif fenced and plc.ack_seq < given.seq:
            self._end(given.seq, "refused", "it did not reach the machine")

    def _end(self, seq: int, result: str, reason: str) -> None:
        self._record.write(CommandEnded(seq=seq, result=result, reason=reason))
        if result == Result.done:
            self._forgive()
            return
        self._bad_ends += 1
        self._not_before_s = self._clock.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        log.warning("command %d: %s %s", seq, result, reason)
        if self._bad_ends >= REFUSALS_UNTIL_ALARM:
            self._record.alarm(ErrorCode.machine_refused, "plc", reason or result)

    def _forgive(self) -> None:
        self._bad_ends, self._not_before_s, self._pause_s = 0, 0.0, FIRST_PAUSE_S
        self._record.end_alarm(ErrorCode.machine_refused, "plc", "station")
