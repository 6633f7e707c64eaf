"""How a simulation takes a safeguard away: it replaces an entry of a registry, or a function, while a block runs.

Nothing of this can be reached in production: constructors have no such switch, and no program imports this.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from vendrive.plant import plc, safety, watch
from vendrive.plant.plc import Controller as Plc
from vendrive.station import controller as controlling
from vendrive.station import handover, returning
from vendrive.station.admission import Admission
from vendrive.station.bay import TowerSide
from vendrive.station.controller import Controller
from vendrive.station.handover import HandOverTalk
from vendrive.station.link import Link
from vendrive.station.machine import MachineLost
from vendrive.station.orders import Orders
from vendrive.station.staff import Staff
from vendrive.station.uplink import RetailAway, Uplink
from vendrive.station.yard import Yard
from vendrive.tower import control, interlocks, inventory, view
from vendrive.tower.interlocks import Permit
from vendrive.tower.inventory import places
from vendrive.wire.journal import CommandEnded, CommandGiven, CountAccepted, Counted
from vendrive.wire.machine import Command
from vendrive.wire.orders import OperatorRequest

Removal = Callable[[], AbstractContextManager[object]]
YES = Permit(True, "this safeguard is removed")


def votes(*names: str) -> Removal:
    """Votes of the station's list permit."""
    return lambda: patch.dict(interlocks.VOTES, {_known(name, interlocks.VOTES): lambda order: YES for name in names})


def plc_votes(*names: str) -> Removal:
    """Votes of the safety PLC permit."""
    return lambda: patch.dict(safety.VOTES, {_known(name, safety.VOTES): lambda asked: "" for name in names})


def plc_watches(*names: str) -> Removal:
    """Watches of the safety PLC see nothing."""
    return lambda: patch.dict(watch.WATCHES, {_known(name, watch.WATCHES): lambda *seen: "" for name in names})


def replaced(owner: Any, name: str, by: object) -> Removal:
    """A production function is another one."""
    return lambda: patch.object(owner, name, by)


def plc_takes(*refusals: str) -> Removal:
    """The PLC does not refuse for reasons that begin like this any more."""
    real = Plc._out_of_turn

    def careless(self: Plc, epoch: int, seq: int, valid_until_ms: int) -> str:
        refusal = real(self, epoch, seq, valid_until_ms)
        return "" if refusal.startswith(refusals) else refusal

    return replaced(Plc, "_out_of_turn", careless)


def plc_goes_on(*reasons: str) -> Removal:
    """The PLC does not end what runs for reasons that begin like this any more."""
    real = Plc._fail

    def careless(self: Plc, several: Any, reason: str) -> None:
        if not reason.startswith(reasons):
            real(self, several, reason)

    return replaced(Plc, "_fail", careless)


def unsensed(**values: object) -> tuple[Removal, ...]:
    """Whoever judges a bay, on either side, is told these values instead of what its sensors say."""

    def bay_first(owner: Any, name: str) -> Removal:
        real = getattr(owner, name)
        return replaced(owner, name, lambda bay, *more: real(replace(bay, **values), *more))

    owners = (interlocks, control, view)
    station = [bay_first(owner, "presence") for owner in owners]
    plant = [bay_first(owner, "occupied") for owner in (plc, safety, watch)]
    return (*station, *plant, bay_first(returning, "judge"), bay_first(control, "_take_in"))


def _known(name: str, registry: dict[str, Any]) -> str:
    """A vote that was renamed must not be 'removed' under its old name."""
    if name not in registry:
        raise KeyError(f"there is no vote or watch {name!r}")
    return name


# The station without one of its habits.


async def sent_first(self: Controller, step: Any, snapshot: Any, key: str, purpose: str) -> None:
    """Send a command, and write it down afterwards."""
    seq = max(self._record.facts.last_seq, snapshot.plc.ack_seq) + 1
    command = Command(self._epoch, seq, step.operation, step.arguments, snapshot.plc.clock_ms + controlling.VALID_MS)
    await self._link.connection().execute(command)
    given = CommandGiven(
        control_epoch=self._epoch, seq=seq, operation=step.operation, arguments=dict(step.arguments), purpose=purpose
    )
    self._record.write(given)
    self._given_for[seq] = key


def taken_as_done(self: Controller, snapshot: Any, ours: bool, fenced: bool) -> None:
    """Whatever the machine does not know any more is taken as done."""
    for part, given in list(self._record.facts.open_commands.items()):
        channel = snapshot.channel(part)
        open_still = given.seq in {other.seq for other in self._record.facts.open_commands.values()}
        if open_still and not channel.busy:
            self._record.write(CommandEnded(seq=given.seq, result="done", reason=""))


async def stopped_once(self: Link, reason: str) -> None:
    """Send a stop, and forget it where it did not arrive."""
    if self.machine is not None:
        try:
            await self.machine.stop(reason)
        except MachineLost:
            pass


async def anybody(self: Admission, lending: Any, picture: bytes) -> float:
    """Take whoever stands there for the holder."""
    return 0.0


_CHECK_COLLECT = Admission.check_collect


def used_again(self: Admission, lending: Any, claims: Any, facts: Any) -> None:
    """Take a pass that was used."""
    _CHECK_COLLECT(self, lending, claims, facts.model_copy(update={"used": set()}))


def sensed_only(self: TowerSide, key: str) -> set[str]:
    """No slot is reserved by what the journal believes."""
    return set()


_DIFFERENCES = inventory.differences


def every_door_open(belief: Any, unsettled: Any, snapshot: Any, layout: Any, opened: Any) -> Any:
    """Any car that was in a bay may have left by its door."""
    return _DIFFERENCES(belief, unsettled, snapshot, layout, {bay.name for bay in layout.bays})


_STAND = HandOverTalk._stand


def stands_open(self: HandOverTalk, snapshot: Any) -> None:
    """The door opens whether or not the verified person is there."""
    self.live = True
    _STAND(self, snapshot)


def counted_always(yard: Yard, snapshot: Any) -> None:
    """Journal where every car is read, whatever the sensors and the journal say of each other."""
    if yard._to_count:
        yard._record.write(Counted(places=places(snapshot), reason=yard._to_count))
        yard._to_count = ""


def accepted_unseen(self: Staff, request: OperatorRequest) -> None:
    """What is read is where the cars are, whatever two persons saw."""
    read = places(self._snapshot())
    self._side.record.write(CountAccepted(places=read, staff=request.staff, second=request.second))


_TAKE = Orders.take


async def cursor_first(self: Orders, signed: Any) -> None:
    """Move the cursor on, and then take the order."""
    number = self._read(signed).number
    if number == self._store.cursor + 1:
        with self._database.transaction():
            self._store.move_cursor(number)
        with patch.object(type(self._store), "cursor", number - 1):
            await _TAKE(self, signed)


async def pushed_and_forgotten(self: Uplink) -> None:
    """Count entries as acknowledged once they were sent."""
    try:
        await _PUSH(self)
    except RetailAway:
        with self._database.transaction():
            self._store.acknowledge(self._journal.head()[0])


_PUSH = Uplink.push
LIVE_AGAIN = replaced(handover, "restored", lambda lending, side: HandOverTalk(lending, side, live=True))
