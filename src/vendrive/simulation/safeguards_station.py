"""Safeguards of commands, of stops, of the journal, and of who is handed which car."""

from vendrive.passes import claims as pass_claims
from vendrive.plant import plc
from vendrive.plant.plc import Controller as Plc
from vendrive.simulation import removals as without
from vendrive.simulation.disk import Disk
from vendrive.simulation.removals import plc_goes_on, plc_takes, plc_votes, plc_watches, replaced, votes
from vendrive.simulation.safeguard import Safeguard
from vendrive.station import admission as admitting
from vendrive.station import journal as journals
from vendrive.station import staff as staffing
from vendrive.station.admission import Admission
from vendrive.station.controller import Controller
from vendrive.station.desk import Desk
from vendrive.station.handover import HandOverTalk
from vendrive.station.link import Link
from vendrive.station.orders import Orders
from vendrive.station.returning import ReturnTalk
from vendrive.station.store import Store
from vendrive.station.uplink import Uplink
from vendrive.tower.view import View

STEPS = "manual_steps"

STOPS = (
    Safeguard(
        "fire_stops",
        "The machine moves while it burns.",
        "vote no_fire; PLC watch fire",
        (votes("no_fire"), plc_watches("fire")),
        ("fire", STEPS),
    ),
    Safeguard(
        "stop_stays",
        "The machine goes on after an emergency stop without the reset at the tower.",
        "votes no_stop, ready; the PLC's state",
        (votes("no_stop", "ready"), plc_takes("the machine is")),
        ("steps_stopped",),
    ),
    Safeguard(
        "key_switch",
        "The machine moves while the key switch says stopped or maintenance.",
        "votes mode, ready; the PLC's state; the PLC halts what runs",
        (votes("mode", "ready"), replaced(plc, "_STANDING", ())),
        ("key_turned",),
    ),
    Safeguard(
        "mains_watched",
        "A move goes on without mains.",
        "votes mains, ready; the PLC's state",
        (votes("mains", "ready"), plc_takes("the machine is"), plc_goes_on("mains lost")),
        ("mains_lost",),
    ),
    Safeguard(
        "padlock",
        "A part moves on which a technician hung a padlock.",
        "vote in_service; the planner; PLC vote; the PLC halts what runs",
        (
            votes("in_service"),
            replaced(View, "out_of_service", lambda self, part: ""),
            plc_votes("padlock"),
            plc_goes_on("locked out"),
        ),
        ("padlock", STEPS),
    ),
    Safeguard(
        "drive_fault_latched",
        "A part moves whose drive has reported a fault.",
        "vote in_service; the planner; PLC vote; the PLC halts what runs",
        (
            votes("in_service"),
            replaced(View, "out_of_service", lambda self, part: ""),
            plc_votes("drive_fault"),
            plc_goes_on("drive fault"),
        ),
        ("drive_fails", STEPS),
    ),
    Safeguard(
        "locked_by_staff",
        "A part moves that staff took out of service at the console.",
        "vote in_service; the planner",
        (votes("in_service"), replaced(View, "out_of_service", lambda self, part: "")),
        ("console_lock", STEPS),
    ),
    Safeguard(
        "stop_first",
        "A command goes out before a stop that did not get through.",
        "the stop is sent again before each read",
        (replaced(Link, "stop", without.stopped_once),),
        ("console_stop",),
    ),
    Safeguard(
        "two_persons",
        "One person alone gives a manual step, or releases a part.",
        "none: the console asks, the station refuses",
        (replaced(staffing, "TWO_PERSONS", frozenset()),),
        ("console_lock",),
    ),
)

COMMANDS = (
    Safeguard(
        "journal_first",
        "A command is under way that no journal knows.",
        "none",
        (replaced(Controller, "give", without.sent_first),),
    ),
    Safeguard(
        "number_once",
        "A command that arrives twice is executed twice.",
        "a busy part takes no other command",
        (plc_takes("seq"), replaced(Plc, "_busy", lambda self, order: "")),
        ("message_twice",),
    ),
    Safeguard(
        "late_is_void",
        "A command that was given up is executed after all.",
        "the control epoch fences off commands of before; a number once passed is void",
        (plc_takes("late", "epoch", "seq"),),
        ("steps_late",),
    ),
    Safeguard(
        "fresh_data",
        "A motion is granted on data older than a second.",
        "the controller waits, the desks wait",
        (
            votes("fresh"),
            replaced(Link, "fresh", property(lambda self: self.snapshot)),
        ),
        ("message_late", "message_lost"),
    ),
)

JOURNAL = (
    Safeguard(
        "synced_disk",
        "What was written is gone after a power cut.",
        "none",
        (replaced(Disk, "syncs", False),),
        ("tower_dark", "crash_after_send", "crash_after_commit"),
    ),
    Safeguard(
        "chained_journal",
        "The journal is changed and nobody sees it.",
        "none",
        (replaced(journals, "seal", lambda previous, seq, payload: bytes(32)),),
    ),
    Safeguard(
        "cursor_with_effect",
        "An order is counted as taken and its effect is lost.",
        "none",
        (replaced(Orders, "take", without.cursor_first),),
        ("crash_with_order",),
    ),
    Safeguard(
        "acknowledged_by_retail",
        "An entry is taken as acknowledged that retail does not have.",
        "none",
        (replaced(Uplink, "push", without.pushed_and_forgotten),),
        ("retail_deaf",),
    ),
)

PASSES = (
    Safeguard(
        "right_face",
        "A stranger with another's pass is taken for its holder.",
        "none",
        (replaced(Admission, "verify_face", without.anybody),),
        ("impostor",),
    ),
    Safeguard(
        "genuine_pass",
        "A forged pass is taken.",
        "none",
        (replaced(pass_claims, "is_signed", lambda *signed: True),),
        ("forged_pass",),
    ),
    Safeguard(
        "pass_used_once",
        "A pass makes a second hand-over.",
        "the car must stand in the tower; a hand-over forgets how to verify its person",
        (
            replaced(Admission, "check_collect", without.used_again),
            replaced(Store, "forget_check", lambda self, drive: None),
        ),
        ("used_pass",),
    ),
    Safeguard(
        "cancelled_is_void",
        "A cancelled drive is handed over.",
        "the check of a cancelled drive is wiped",
        (replaced(Store, "is_cancelled", lambda self, lending: False), replaced(Store, "cancel", lambda *order: None)),
        ("cancelled",),
    ),
    Safeguard(
        "window",
        "A car is handed over before or after its time.",
        "none",
        (replaced(admitting, "check_window", lambda *claims: None),),
        ("out_of_time",),
    ),
    Safeguard(
        "door_waits_for_person",
        "After a restart or an abort the door opens though its person is not there.",
        "none",
        (replaced(HandOverTalk, "_stand", without.stands_open), without.LIVE_AGAIN),
        ("crash_after_commit", "crash_after_send"),
    ),
    Safeguard(
        "no_car_but_theirs",
        "A street door opens on a car that waits there for somebody else.",
        "the desk's look at the bay; the waiting car goes back first; the return ends",
        (
            replaced(Desk, "_check_room", lambda self, snapshot, tag: None),
            replaced(Desk, "_waiting_here", lambda self, snapshot: ""),
            replaced(ReturnTalk, "_is_anothers", lambda self, bay: False),
        ),
    ),
    Safeguard(
        "one_customer_a_bay",
        "Who is verified second takes the bay of who is being served.",
        "none",
        (replaced(Desk, "_check_free", lambda self, drive: None),),
        ("lingering",),
    ),
    Safeguard(
        "one_bay_a_drive",
        "A car is brought to two bays for one person.",
        "none",
        (replaced(Desk, "_check_here", lambda self, drive: None),),
        ("two_bays",),
        "guangzhou42",
    ),
)
