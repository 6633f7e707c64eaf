"""What staff may ask of a station, and what needs two of them. Nothing here ends a stop: a switch at the tower does."""

import logging

from vendrive.clock import Clock
from vendrive.station.bay import TowerSide
from vendrive.station.controller import BY_HAND
from vendrive.station.link import Link
from vendrive.station.machine import MachineLost
from vendrive.station.safety import Safety
from vendrive.tower.control import Do
from vendrive.tower.interlocks import allowed, votes
from vendrive.tower.inventory import places
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.journal import CountAccepted, PartLocked, PartReleased, RequestRefused, StepAsked
from vendrive.wire.machine import Mode, Operation, Snapshot
from vendrive.wire.orders import TWO_PERSONS, OperatorAction, OperatorRequest

log = logging.getLogger(__name__)


class Staff:
    """Obeys the requests that a console sends."""

    def __init__(self, side: TowerSide, safety: Safety, link: Link, clock: Clock) -> None:
        self._side = side
        self._safety = safety
        self._link = link
        self._clock = clock

    async def obey(self, request: OperatorRequest) -> None:
        """Do what is asked; a refusal is journaled, and has no other effect."""
        try:
            if request.action in TWO_PERSONS and request.second in ("", request.staff):
                raise Refused(ErrorCode.two_persons_needed)
            await self._do(request)
        except Refused as refusal:
            told = RequestRefused(action=request.action, staff=request.staff, code=refusal.code)
            self._side.record.write(told)
            raise

    async def _do(self, request: OperatorRequest) -> None:
        match request.action:
            case OperatorAction.emergency_stop:
                await self._safety.stop(f"console: {request.staff}")
            case OperatorAction.acknowledge_help:
                await self._safety.end_help(f"console: {request.staff}")
            case OperatorAction.lock_part:
                self._side.record.write(PartLocked(part=self._known(request.part), staff=request.staff))
            case OperatorAction.release_part:
                self._release(request)
            case OperatorAction.accept_count:
                self._accept_count(request)
            case OperatorAction.manual_step:
                await self._step(request)
            case OperatorAction.retry:
                self._side.controller.retry()

    def _known(self, part: str) -> str:
        layout = self._side.layout
        if part not in {plan.name for plan in (*layout.lifts, *layout.places)}:
            raise Refused(ErrorCode.part_unknown, part=part)
        return part

    def _release(self, request: OperatorRequest) -> None:
        if self._known(request.part) not in self._side.record.facts.locked:
            raise Refused(ErrorCode.part_unknown, part=request.part)
        self._side.record.write(PartReleased(part=request.part, staff=request.staff, second=request.second))

    def _accept_count(self, request: OperatorRequest) -> None:
        """What is read now is where the cars are; not while the sensors contradict each other, or something moves."""
        snapshot = self._snapshot()
        view = self._side.controller.view(snapshot)
        if view.sensed_doubts:
            raise Refused(ErrorCode.machine_contradiction)
        if any(lift.busy or not lift.transfer_home for lift in snapshot.lifts):
            raise Refused(ErrorCode.machine_busy)
        if request.arguments != places(snapshot):
            raise Refused(ErrorCode.count_differs)  # both persons saw other places than are read now
        self._side.record.write(CountAccepted(places=places(snapshot), staff=request.staff, second=request.second))

    async def _step(self, request: OperatorRequest) -> None:
        """Give one command while the key switch says manual: every interlock has its vote as ever."""
        snapshot = self._snapshot()
        if snapshot.plc.mode != Mode.manual:
            raise Refused(ErrorCode.machine_not_automatic)
        if request.operation not in set(Operation):
            raise Refused(ErrorCode.request_invalid)
        if self._side.record.facts.open_commands:
            raise Refused(ErrorCode.machine_busy)
        operation, arguments = Operation(request.operation), tuple(request.arguments.items())
        view = self._side.controller.view(snapshot)
        if not allowed(votes(operation, arguments, view, self._clock.monotonic(), Mode.manual)):
            raise Refused(ErrorCode.machine_refused)
        asked = StepAsked(operation=operation, arguments=request.arguments, staff=request.staff, second=request.second)
        self._side.record.write(asked)
        purpose = f"manual step of {request.staff} and {request.second}"
        try:
            await self._side.controller.give(Do(operation, arguments, purpose), snapshot, BY_HAND, purpose)
        except MachineLost as error:
            # Whether it had an effect is journaled when the machine is read again, and it can come no more.
            log.warning("the step has no answer: %s", error)
            self._link.start_anew()

    def _snapshot(self) -> Snapshot:
        if self._link.fresh is None:
            raise Refused(ErrorCode.machine_unknown)
        return self._link.fresh
