"""Each vote has a state in which it alone stands between an order and harm."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from tests.tower.ideal import IdealMachine, seen, snapshot_of
from vendrive.tower import interlocks
from vendrive.tower.control import Arguments
from vendrive.tower.interlocks import VOTES, Permit, allowed, refusals, votes
from vendrive.tower.layout import load_layout
from vendrive.tower.view import View
from vendrive.wire.machine import NO_STOREY, Door, Mode, Operation, PlcState, Table

NOW_S = 0.5
Spoil = Callable[[IdealMachine], None]


@dataclass(frozen=True)
class Scene:
    """An order that passes, until the machine is spoilt, the view of it changes, time goes by or it names worse."""

    operation: Operation
    arguments: dict[str, str]
    cars: dict[str, str]
    storeys: dict[str, int]
    spoil: Spoil = lambda machine: None
    layout: str = "guangzhou42"
    ready: Spoil = lambda machine: None
    view: Callable[[View], View] = lambda view: view
    age_s: float = NOW_S
    order: dict[str, str] = field(default_factory=dict)

    def votes(self, spoilt: bool) -> tuple[Permit, ...]:
        """Return the votes on the order, in the state that is spoilt or in the one before."""
        layout = load_layout(self.layout)
        machine = IdealMachine(layout, snapshot_of(layout, self.cars, self.storeys))
        self.ready(machine)
        if spoilt:
            self.spoil(machine)
        known = seen(machine.snapshot, machine.layout)
        known = self.view(known) if spoilt else known
        named = {**self.arguments, **(self.order if spoilt else {})}
        return votes(self.operation, _named(named), known, self.age_s if spoilt else NOW_S)


def _named(arguments: dict[str, str]) -> Arguments:
    return tuple(arguments.items())


def part(name: str, **changes: object) -> Spoil:
    """Change what a lift or bay shows."""
    return lambda machine: machine.change(name, **changes)


def slot(name: str, **changes: object) -> Spoil:
    return lambda machine: machine.put(replace(machine.snapshot.slot(name), **changes))  # type: ignore[arg-type]


def plc(**changes: object) -> Spoil:
    def change(machine: IdealMachine) -> None:
        changed = replace(machine.snapshot.plc, **changes)  # type: ignore[arg-type]
        machine.snapshot = replace(machine.snapshot, plc=changed)

    return change


def cut_short(place: str) -> Spoil:
    """A pick from this place was cut short."""

    def cut(machine: IdealMachine) -> None:
        machine.cut(machine.start(Operation.pick, (("lift", "L1"), ("place", place))))

    return cut


def both(*spoils: Spoil) -> Spoil:
    def all_of(machine: IdealMachine) -> None:
        for spoil in spoils:
            spoil(machine)

    return all_of


def unsettled(view: View) -> View:
    """The journal knows T2 in 3A; a transfer of unknown end may have brought it to where it is read."""
    return replace(view, belief={**view.belief, "T2": "3A"}, unsettled={"L2": "3A"})


STREET = Scene(Operation.open_street_door, {"bay": "B1"}, {}, {"L1": 3})
SHUT = Scene(Operation.close_street_door, {"bay": "B1"}, {}, {"L1": 3}, ready=part("B1", street_door=Door.open))
TRIP = Scene(Operation.move_lift, {"lift": "L1", "storey": "5"}, {}, {"L1": 1})
TAKE = Scene(Operation.pick, {"lift": "L1", "place": "3A"}, {"T1": "3A"}, {"L1": 3})
PUT = Scene(Operation.place, {"lift": "L1", "place": "3A"}, {"T1": "L1"}, {"L1": 3})
FROM_BAY = Scene(
    Operation.pick, {"lift": "L1", "place": "B1"}, {"T1": "B1"}, {"L1": 1}, ready=part("B1", inner_door=Door.open)
)
INTO_BAY = replace(FROM_BAY, operation=Operation.place, cars={"T1": "L1"})
INNER = Scene(Operation.open_inner_door, {"bay": "B1"}, {}, {"L1": 1})
CLOSE = replace(INNER, operation=Operation.close_inner_door, ready=part("B1", inner_door=Door.open))
END = Scene(Operation.finish_transfer, {"lift": "L1"}, {"T1": "3A"}, {"L1": 3}, ready=cut_short("3A"))
END_AT_BAY = replace(FROM_BAY, operation=Operation.finish_transfer, arguments={"lift": "L1"})
END_AT_BAY = replace(END_AT_BAY, ready=both(part("B1", inner_door=Door.open), cut_short("B1")))
TURN = Scene(Operation.turn, {"bay": "B1"}, {"T1": "B1"}, {"L1": 3}, layout="carvana34")
TALL = {"layout": "autostadt400", "storeys": {"L1": 3, "L2": 12}}


def _without_turntables(machine: IdealMachine) -> None:
    plain = tuple(replace(bay, turntable=False) for bay in machine.layout.bays)
    machine.layout = replace(machine.layout, bays=plain)


SCENES: dict[str, Scene] = {
    "fresh": replace(STREET, age_s=1.01),
    "no_fire": replace(STREET, spoil=plc(fire=True)),
    "no_stop": replace(STREET, spoil=plc(emergency_stop=True)),
    "mains": replace(STREET, spoil=plc(mains=False)),
    "mode": replace(STREET, spoil=plc(mode=Mode.manual)),
    "ready": replace(STREET, spoil=plc(state=PlcState.held)),
    "open_zones": replace(STREET, storeys={"L1": 1}, spoil=part("B2", inner_door=Door.open, floor=True)),
    "in_service": replace(TAKE, spoil=slot("3A", locked_out=True)),
    "at_rest": replace(STREET, spoil=part("B1", busy=True)),
    "certain": replace(PUT, spoil=slot("5A", occupied=True, tag="T1")),
    "storey_exists": replace(TRIP, order={"storey": "8"}),
    "way_free": replace(TRIP, **TALL, order={"storey": "12"}),  # type: ignore[arg-type]
    "still_inside": replace(TRIP, spoil=part("L1", movement=True)),
    "still_in_place": replace(TAKE, spoil=slot("3A", movement=True)),
    "transfer_home": replace(TRIP, storeys={"L1": 3}, cars={"T1": "3A"}, spoil=cut_short("3A")),
    "transfer_out": replace(END, spoil=lambda machine: machine.arrive("L1", onto_lift=True)),
    "transfers_home": replace(CLOSE, cars={"T1": "B1"}, spoil=cut_short("B1")),
    "doors_of_shaft_closed": replace(TRIP, spoil=part("B2", inner_door=Door.open)),
    "at_level": replace(TAKE, order={"place": "4A"}, cars={"T1": "3A", "T2": "4A"}),
    "lift_waits": replace(INNER, spoil=part("L1", storey=2)),
    "at_some_level": replace(END, spoil=both(slot("3A", occupied=False, tag=""), part("L1", storey=NO_STOREY))),
    "lift_empty": replace(TAKE, spoil=part("L1", loaded=True, tag="T2")),
    "lift_loaded": replace(PUT, spoil=part("L1", loaded=False, tag="")),
    "place_taken": replace(TAKE, spoil=slot("3A", occupied=False, tag="")),
    "place_free": replace(PUT, spoil=slot("3A", occupied=True, tag="T2"), view=lambda view: replace(view, belief={})),
    "not_believed": replace(PUT, **TALL, cars={"T1": "L1", "T2": "L2"}, view=unsettled),  # type: ignore[arg-type]
    "front_clear": replace(TAKE, layout="singapore60", spoil=slot("3B", occupied=True, tag="T2")),
    "street_closed": replace(INTO_BAY, spoil=part("B1", street_door=Door.open)),
    "inner_closed": replace(STREET, storeys={"L1": 1}, spoil=part("B1", inner_door=Door.between)),
    "inner_open": replace(INTO_BAY, spoil=part("B1", inner_door=Door.between)),
    "exit_closed": replace(INTO_BAY, spoil=part("B1", exit_closed=False)),
    "nobody": replace(SHUT, spoil=part("B1", scanner=True)),
    "table_aligned": replace(STREET, spoil=part("B1", table=Table.between)),
    "engine_off": replace(FROM_BAY, spoil=part("B1", engine_running=True)),
    "in_place": replace(FROM_BAY, spoil=part("B1", in_place=False)),
    "turns": replace(TURN, spoil=_without_turntables),
    "stands_or_empty": replace(TURN, spoil=part("B1", in_place=False)),
    "open_bays_shut_off": replace(END_AT_BAY, spoil=part("B1", street_door=Door.between)),
}


def test_every_vote_has_its_scene() -> None:
    assert list(SCENES) == list(VOTES)


@pytest.mark.parametrize("name", SCENES)
def test_a_vote_alone_withholds_what_would_pass_without_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = SCENES[name]
    assert refusals(scene.votes(spoilt=False)) == ()
    assert len(refusals(scene.votes(spoilt=True))) == 1, refusals(scene.votes(spoilt=True))
    monkeypatch.setitem(interlocks.VOTES, name, lambda order: Permit(True, "this vote is off"))
    assert allowed(scene.votes(spoilt=True))


@pytest.mark.parametrize("source", ["scanner", "curtain", "floor", "cabin"])
def test_one_source_of_presence_is_enough(source: str) -> None:
    for scene in (SHUT, FROM_BAY, INTO_BAY, INNER, CLOSE, TURN, END_AT_BAY):
        sensed = replace(scene, spoil=part("B1", **{source: True}))
        assert f"a person is sensed in B1 by {source}" in " ".join(refusals(sensed.votes(spoilt=True)))


def test_a_lift_that_is_behind_an_opening_door_stays() -> None:
    opening = part("B2", busy=True, operation=str(Operation.open_inner_door))
    assert refusals(replace(TRIP, spoil=opening).votes(spoilt=True)) == ("the inner door of B2 is closed",)
    failed_long_ago = part("B2", operation=str(Operation.open_inner_door))
    assert allowed(replace(TRIP, spoil=failed_long_ago).votes(spoilt=True))


def test_a_door_that_the_other_lift_guards_keeps_no_lift() -> None:
    """Two lifts serve one bay: the one below stands at its open door, the one above goes on."""
    above = Scene(
        Operation.move_lift, {"lift": "L2", "storey": "5"}, {}, {"L1": 1, "L2": 12}, layout="autostadt400",
        spoil=part("B1", inner_door=Door.open),
    )  # fmt: skip
    assert allowed(above.votes(spoilt=True))
    below = replace(above, arguments={"lift": "L1", "storey": "5"})
    assert refusals(below.votes(spoilt=True)) == ("the inner door of B1 is open",)
    nobody_there = replace(above, storeys={"L1": 0, "L2": 12})
    assert refusals(nobody_there.votes(spoilt=True)) == ("the inner door of B1 is open",)


def test_an_order_is_judged_in_the_mode_in_which_it_is_asked() -> None:
    known = seen(snapshot_of(load_layout("guangzhou42"), {}), load_layout("guangzhou42"))
    assert not allowed(votes(Operation.open_street_door, (("bay", "B1"),), known, NOW_S, Mode.manual))
    by_hand = replace(known, snapshot=replace(known.snapshot, plc=replace(known.snapshot.plc, mode=Mode.manual)))
    assert allowed(votes(Operation.open_street_door, (("bay", "B1"),), by_hand, NOW_S, Mode.manual))


@pytest.mark.parametrize("locked", ["L1", "B1", "3A"])
def test_what_staff_locked_is_not_asked(locked: str) -> None:
    for scene in (TAKE, FROM_BAY):
        names = {"L1": True, "B1": scene is FROM_BAY, "3A": scene is TAKE}
        out = replace(scene, view=lambda view: replace(view, locked=frozenset({locked})))
        assert (refusals(out.votes(spoilt=True)) == (f"{locked} is locked by staff",)) is names[locked]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (Operation.move_lift, {"lift": "L9", "storey": "1"}),
        (Operation.move_lift, {"lift": "L1", "storey": "top"}),
        (Operation.move_lift, {"lift": "L1", "storey": "0"}),
        (Operation.move_lift, {"lift": "B1", "storey": "1"}),
        (Operation.pick, {"lift": "L1", "place": "9Z"}),
        (Operation.pick, {"lift": "L1"}),
        (Operation.turn, {"bay": "L1"}),
        (Operation.open_street_door, {}),
    ],
)
def test_an_order_that_names_nothing_real_is_refused_with_a_reason(
    operation: Operation, arguments: dict[str, str]
) -> None:
    known = seen(snapshot_of(load_layout("guangzhou42"), {}), load_layout("guangzhou42"))
    permits = votes(operation, _named(arguments), known, NOW_S)
    assert not allowed(permits)
    assert all(permit.reason for permit in permits)
    assert not allowed(())


@pytest.mark.parametrize(("age_s", "permitted"), [(0.0, True), (1.0, True), (1.01, False), (-0.1, False)])
def test_old_data_permits_nothing(age_s: float, permitted: bool) -> None:
    assert allowed(replace(STREET, age_s=age_s).votes(spoilt=True)) is permitted
