"""The safeguards by name: what each prevents, what stands behind it, and how a simulation takes all of that away.

Nothing of this can be reached in production: a removal replaces a function or an entry of a registry while a block runs.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from vendrive.passes import claims as pass_claims
from vendrive.plant import plc, safety, watch
from vendrive.plant.plc import Controller as Plc
from vendrive.simulation.disk import Disk
from vendrive.station import admission as admitting
from vendrive.station import controller as controlling
from vendrive.station import journal as journals
from vendrive.station.admission import Admission
from vendrive.station.bay import TowerSide
from vendrive.station.controller import Controller
from vendrive.station.store import Store
from vendrive.tower import control, interlocks, view
from vendrive.tower.interlocks import Permit
from vendrive.tower.view import View
from vendrive.wire.journal import CommandEnded, CommandGiven
from vendrive.wire.machine import Bay, Command

Removal = Callable[[], AbstractContextManager[object]]
YES = Permit(True, "this safeguard is removed")


@dataclass(frozen=True)
class Safeguard:
    """One safeguard; `classes` are the fault classes against which it stands, `layout` the only tower that shows it."""

    name: str
    prevents: str
    backups: str
    removals: tuple[Removal, ...]
    classes: tuple[str, ...] = ()
    layout: str = ""

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Take it away, and all that stands behind it."""
        with ExitStack() as stack:
            for removal in self.removals:
                stack.enter_context(removal())
            yield


def _votes(*names: str) -> Removal:
    return lambda: patch.dict(interlocks.VOTES, {name: lambda order: YES for name in names})


def _plc_votes(*names: str) -> Removal:
    return lambda: patch.dict(safety.VOTES, {name: lambda asked: "" for name in names})


def _plc_watches(*names: str) -> Removal:
    return lambda: patch.dict(watch.WATCHES, {name: lambda sensed, layout: "" for name in names})


def _replaced(owner: Any, name: str, by: object) -> Removal:
    return lambda: patch.object(owner, name, by)


def _plc_takes(*refusals: str) -> Removal:
    """The PLC does not refuse for these reasons any more."""
    real = Plc._out_of_turn

    def careless(self: Plc, epoch: int, seq: int, valid_until_ms: int) -> str:
        refusal = real(self, epoch, seq, valid_until_ms)
        return "" if refusal.startswith(refusals) else refusal

    return _replaced(Plc, "_out_of_turn", careless)


async def _sent_first(self: Controller, step: Any, snapshot: Any, key: str, purpose: str) -> None:
    """Send a command, and write it down afterwards."""
    seq = max(self._record.facts.last_seq, snapshot.plc.ack_seq) + 1
    command = Command(self._epoch, seq, step.operation, step.arguments, snapshot.plc.clock_ms + controlling.VALID_MS)
    await self._link.connection().execute(command)
    given = CommandGiven(
        control_epoch=self._epoch, seq=seq, operation=step.operation, arguments=dict(step.arguments), purpose=purpose
    )
    self._record.write(given)
    self._given_for[seq] = key


def _taken_as_done(self: Controller, snapshot: Any, ours: bool, fenced: bool) -> None:
    """Whatever the machine does not know any more is taken as done."""
    for part, given in list(self._record.facts.open_commands.items()):
        channel = snapshot.channel(part)
        open_still = given.seq in {other.seq for other in self._record.facts.open_commands.values()}
        if open_still and not channel.busy:
            self._record.write(CommandEnded(seq=given.seq, result="done", reason=""))


async def _anybody(self: Admission, lending: Any, picture: bytes) -> float:
    return 0.0


def _used_again(self: Admission, lending: Any, claims: Any, facts: Any) -> None:
    _REAL_CHECK(self, lending, claims, facts.model_copy(update={"used": set()}))


def _sensed_only(self: TowerSide, key: str) -> set[str]:
    return set()


_REAL_CHECK = Admission.check_collect
_NOBODY: tuple[Removal, ...] = (
    _votes("nobody", "open_zones", "open_bays_shut_off"),
    _replaced(control, "presence", lambda bay: ""),
    _replaced(view, "open_zone_presence", lambda snapshot: ""),
    _plc_votes("nobody", "nobody_reaches"),
    _plc_watches("intruder", "on_the_table"),
    _replaced(plc, "occupied", lambda bay: ""),
)

SAFEGUARDS: tuple[Safeguard, ...] = (
    Safeguard(
        "nobody_there",
        "something moves where a person is",
        "vote open_zones; the control's own wait; votes and watches of the safety PLC; the closing door gives way",
        _NOBODY,
        ("walk_in", "sleeper", "pet", "bag_left", "lingering"),
    ),
    Safeguard(
        "journal_first",
        "a command is under way that no journal knows",
        "none",
        (_replaced(Controller, "give", _sent_first),),
    ),
    Safeguard(
        "synced_disk",
        "what was written is gone after a power cut",
        "none",
        (_replaced(Disk, "syncs", False),),
        ("tower_dark", "crash_after_send", "crash_after_commit"),
    ),
    Safeguard(
        "chained_journal",
        "the journal is changed and nobody sees it",
        "none",
        (_replaced(journals, "seal", lambda previous, seq, payload: bytes(32)),),
    ),
    Safeguard(
        "number_once",
        "a command that arrives twice is executed twice",
        "a busy part takes no other command",
        (_plc_takes("seq"), _replaced(Plc, "_busy", lambda self, order: "")),
        ("message_twice",),
    ),
    Safeguard(
        "late_is_void",
        "a command that was given up is executed after all",
        "the control epoch fences off commands of before; a number once passed is void",
        (_plc_takes("late", "epoch", "seq"),),
        ("message_late",),
    ),
    Safeguard(
        "fresh_data",
        "a motion is granted on old data",
        "none that the truth would show",
        (_votes("fresh"),),
        ("message_late",),
    ),
    Safeguard(
        "unknown_is_unknown",
        "what a restarted controller has forgotten is taken as done",
        "none",
        (_replaced(Controller, "_settle", _taken_as_done), _replaced(View, "believed_doubts", ())),
        ("plc_restart", "tower_dark"),
    ),
    Safeguard(
        "all_sources_say_empty",
        "a car is taken as gone that has not left (Hoboken 2008)",
        "doubts about a bay whose scale and light barrier disagree",
        (_replaced(Bay, "empty", property(lambda self: not self.vehicle)), _replaced(view, "doubts", lambda *a: ())),
        ("sensor_lying", "sensor_stuck", "sensor_flapping", "sensor_pair"),
    ),
    Safeguard(
        "journal_against_sensors",
        "a car is pushed into one that its sensors do not show",
        "votes certain and not_believed; slots that are believed taken are not chosen",
        (
            _votes("certain", "not_believed"),
            _replaced(View, "believed_doubts", ()),
            _replaced(View, "sensed_doubts", ()),
            _replaced(TowerSide, "reserved", _sensed_only),
        ),
        ("sensor_pair", "sensor_lying", "sensor_stuck"),
    ),
    Safeguard(
        "way_free",
        "two lifts of one way meet",
        "traffic allocates the way from its head; votes and watch of the safety PLC",
        (
            _votes("way_free"),
            _replaced(controlling, "head", lambda lift, target, view, claims: target),
            _replaced(controlling, "retreat", lambda lift, view, claims: None),
            _plc_votes("way_clear"),
            _plc_watches("lifts_apart"),
        ),
        layout="autostadt400",
    ),
    Safeguard(
        "right_face",
        "a stranger with another's pass is taken for its holder",
        "none",
        (_replaced(Admission, "verify_face", _anybody),),
        ("impostor",),
    ),
    Safeguard(
        "genuine_pass",
        "a forged pass is taken",
        "none",
        (_replaced(pass_claims, "is_signed", lambda *a: True),),
        ("wrong_pass",),
    ),
    Safeguard(
        "pass_used_once",
        "a pass makes a second hand-over",
        "the car must stand in the tower; a hand-over forgets how to verify its person",
        (
            _replaced(Admission, "check_collect", _used_again),
            _replaced(Store, "forget_check", lambda self, drive: None),
        ),
        ("wrong_pass",),
    ),
    Safeguard(
        "cancelled_is_void",
        "a cancelled drive is handed over",
        "the check of a cancelled drive is wiped",
        (_replaced(Store, "is_cancelled", lambda self, lending: False), _replaced(Store, "cancel", lambda *a: None)),
        ("cancelled",),
    ),
    Safeguard(
        "window",
        "a car is handed over before or after its time",
        "none",
        (_replaced(admitting, "check_window", lambda *a: None),),
        ("impostor", "wrong_pass"),
    ),
)
