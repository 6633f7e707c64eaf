"""Safeguards of people, of cars, and of what is believed to stand where."""

from vendrive.plant import plc
from vendrive.simulation import removals as without
from vendrive.simulation.removals import plc_votes, plc_watches, replaced, unsensed, votes
from vendrive.simulation.safeguard import Safeguard
from vendrive.station import controller as controlling
from vendrive.station.bay import BaySide, TowerSide
from vendrive.station.controller import Controller
from vendrive.station.returning import ReturnTalk
from vendrive.station.staff import Staff
from vendrive.station.yard import Yard
from vendrive.tower import control, view
from vendrive.tower.view import View
from vendrive.wire.machine import Bay

STEPS = ("manual_steps",)
CUT_SHORT = ("steps_cut_short",)

PEOPLE = (
    Safeguard(
        "nobody_there",
        "Something moves where a person is.",
        "votes nobody, open_zones, open_bays_shut_off; the planner's wait; PLC votes and watches; the door gives way",
        (
            votes("nobody", "open_zones", "open_bays_shut_off"),
            replaced(control, "presence", lambda bay: ""),
            replaced(view, "open_zone_presence", lambda snapshot: ""),
            plc_votes("nobody"),
            plc_watches("intruder", "on_the_table"),
            replaced(plc, "occupied", lambda bay: ""),
        ),
        ("walk_in", "sleeper", "pet", "lingering"),
    ),
    Safeguard(
        "nobody_in_the_car",
        "A car is stored with a child, a passenger or a pet in it.",
        "the list of checks; the planner's wait; votes and watches of both sides: none hears the cabin sensor",
        unsensed(cabin=False),
        ("child_inside", "passenger_inside", "pet_inside"),
    ),
    Safeguard(
        "intruder_stops",
        "A move goes on while somebody gets out into a bay that is open to the machine.",
        "none: the votes were cast before",
        (plc_watches("intruder"),),
        ("steps_out", "walks_into_tower"),
    ),
    Safeguard(
        "on_the_table_stops",
        "A table goes on turning under somebody's feet.",
        "none: the votes were cast before",
        (plc_watches("on_the_table"),),
        ("steps_out",),
        "carvana34",
    ),
    Safeguard(
        "movement_holds",
        "The machine goes on while somebody moves in a stored car.",
        "votes still_inside, still_in_place",
        (plc_watches("movement"), votes("still_inside", "still_in_place")),
        ("wakes",),
    ),
    Safeguard(
        "exit_shut",
        "The machine reaches into a bay whose emergency exit is open.",
        "votes exit_closed, open_bays_shut_off; PLC vote and watch; the planner's wait",
        (
            votes("exit_closed", "open_bays_shut_off"),
            plc_votes("exit_closed"),
            plc_watches("emergency_exit"),
        ),
        ("exit_held", "manual_steps"),
    ),
    Safeguard(
        "street_shut",
        "The machine reaches into a bay that is open to the street.",
        "votes street_closed, open_bays_shut_off; PLC vote street_closed",
        (votes("street_closed", "open_bays_shut_off"), plc_votes("street_closed")),
        STEPS,
    ),
    Safeguard(
        "inner_shut",
        "The street opens to a bay that is open to the machine.",
        "votes of both sides",
        (votes("inner_closed"), plc_votes("inner_closed")),
        STEPS,
    ),
    Safeguard(
        "shaft_shut",
        "A lift leaves an inner door open to its shaft.",
        "votes of both sides",
        (votes("doors_of_shaft_closed"), plc_votes("inner_doors")),
        STEPS,
    ),
    Safeguard(
        "platform_behind_door",
        "An inner door opens to an empty shaft.",
        "votes of both sides",
        (votes("lift_waits"), plc_votes("platform")),
        STEPS,
    ),
)

CARS = (
    Safeguard(
        "inner_open",
        "A car is pushed through a door.",
        "votes of both sides",
        (votes("inner_open"), plc_votes("inner_open")),
        STEPS,
    ),
    Safeguard(
        "transfer_home",
        "A lift moves while its transfer reaches into a place.",
        "votes of both sides",
        (votes("transfer_home"), plc_votes("transfer_home")),
        CUT_SHORT,
    ),
    Safeguard(
        "nothing_through",
        "A door closes on a transfer.",
        "votes of both sides",
        (votes("transfers_home"), plc_votes("nothing_through")),
        CUT_SHORT,
    ),
    Safeguard(
        "at_level",
        "A transfer goes where no place is.",
        "votes of both sides",
        (votes("at_level", "at_some_level"), plc_votes("at_level")),
        STEPS,
    ),
    Safeguard(
        "encoder_agrees",
        "A level flag that sticks lets a transfer go beside its place.",
        "none: the station has one source for the level",
        (plc_votes("encoder_agrees"),),
        ("flag_stuck", "manual_steps"),
    ),
    Safeguard(
        "lift_empty",
        "A second car is drawn onto a lift.",
        "votes of both sides",
        (votes("lift_empty"), plc_votes("lift_empty")),
        STEPS,
    ),
    Safeguard(
        "place_free",
        "A car is pushed into another one.",
        "votes place_free and not_believed; PLC vote place_free",
        (votes("place_free", "not_believed"), plc_votes("place_free")),
        STEPS,
    ),
    Safeguard(
        "front_free",
        "A car is pushed through the one in front of its slot.",
        "votes of both sides",
        (votes("front_clear"), plc_votes("front_free")),
        ("steps_into_taken",),
        "singapore60",
    ),
    Safeguard(
        "table_aligned",
        "A car goes across a turntable that stands between its ends.",
        "votes of both sides",
        (votes("table_aligned"), plc_votes("table_aligned")),
        CUT_SHORT,
        "carvana34",
    ),
    Safeguard(
        "wheels_in_place",
        "The grip draws a car that stands beside its plates.",
        "the list of checks; the planner; votes in_place, stands_or_empty; PLC votes in_place, table_load",
        (votes("in_place", "stands_or_empty"), plc_votes("in_place", "table_load"), *unsensed(in_place=True)),
        ("crooked",),
    ),
    Safeguard(
        "load_of_the_table",
        "A table turns with a car that overhangs it.",
        "votes of both sides",
        (votes("stands_or_empty"), plc_votes("table_load")),
        ("crooked", "steps_askew"),
        "carvana34",
    ),
    Safeguard(
        "engine_off",
        "A car comes into the tower with its engine running.",
        "the list of checks; the planner; votes of both sides",
        (votes("engine_off"), plc_votes("engine_off"), *unsensed(engine_running=False)),
        ("engine_on",),
    ),
    Safeguard(
        "size",
        "A car that is too big is taken in.",
        "none",
        unsensed(length_mm=4000, width_mm=1700, height_mm=1400),
        ("roof_box",),
    ),
    Safeguard(
        "key_in_box",
        "A car is stored and its key walks away.",
        "none",
        unsensed(key_in_box=True),
        ("key_forgotten",),
    ),
    Safeguard(
        "key_stays",
        "A key is taken out of its box after the word was given, and the car is stored without it.",
        "none",
        (replaced(ReturnTalk, "_has_lost_key", lambda self, bay: False),),
        ("key_taken_back",),
    ),
    Safeguard(
        "way_free",
        "Two lifts of one way meet.",
        "traffic allocates the way from its head; vote, PLC vote way_clear, watch lifts_apart",
        (
            votes("way_free"),
            replaced(controlling, "head", lambda lift, target, view, claims: target),
            replaced(controlling, "retreat", lambda lift, view, claims: None),
            plc_votes("way_clear"),
            plc_watches("lifts_apart"),
        ),
        STEPS,
        "autostadt400",
    ),
)

BELIEF = (
    Safeguard(
        "all_sources_say_empty",
        "A car is taken as gone that has not left (Hoboken 2008).",
        "doubts about a bay whose scale and light barrier disagree; a tag that is read",
        (
            replaced(Bay, "empty", property(lambda self: not self.vehicle)),
            replaced(view, "doubts", lambda *known: ()),
        ),
        ("barrier_blind",),
    ),
    Safeguard(
        "way_out",
        "A car behind a closed door is taken as gone where all sensors of its bay are dead.",
        "doubts about a car that vanished behind a door",
        (
            replaced(BaySide, "_had_way_out", lambda self, tag: True),
            replaced(view, "differences", without.every_door_open),
        ),
        ("walks_away", "bus_dead"),
    ),
    Safeguard(
        "journal_against_sensors",
        "A car is pushed into one that its sensors do not show.",
        "votes certain and not_believed; doubts; slots that are believed taken are not chosen",
        (
            votes("certain", "not_believed"),
            replaced(View, "believed_doubts", ()),
            replaced(View, "sensed_doubts", ()),
            replaced(TowerSide, "reserved", without.sensed_only),
            replaced(control, "_taken", lambda goal, view: ""),
        ),
        ("hidden_car",),
    ),
    Safeguard(
        "count_in_doubt",
        "A count forgets a car that no sensor shows.",
        "none: what is counted is believed",
        (replaced(Yard, "_count", without.counted_always),),
        ("hidden_car",),
    ),
    Safeguard(
        "count_as_seen",
        "Staff accept a count that is not what they saw.",
        "none: what is accepted is believed",
        (replaced(Staff, "_accept_count", without.accepted_unseen),),
        ("hidden_car",),
    ),
    Safeguard(
        "unknown_is_unknown",
        "What a restarted controller has forgotten is taken as done.",
        "doubts between journal and sensors",
        (replaced(Controller, "_settle", without.taken_as_done), replaced(View, "believed_doubts", ())),
        ("plc_restart", "tower_dark", "manual_steps"),
    ),
)
