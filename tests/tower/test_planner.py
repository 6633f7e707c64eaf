"""What the policies decide."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest

from vendrive.tower.baseline import Baseline
from vendrive.tower.charging import ChargeNeed, charge_job
from vendrive.tower.foresight import Foresight
from vendrive.tower.jobs import Job, JobKind
from vendrive.tower.layout import load_layout
from vendrive.tower.lookahead import BayAhead, Errand, Sight, Way, _Beam, best_path
from vendrive.tower.pace import pace_of
from vendrive.tower.planner import AGEING_S, Admit, BayAt, Go, LiftAt, Move, Policy, State

GUANGZHOU = load_layout("guangzhou42")
HALLS = load_layout("autostadt400")
SINGAPORE = load_layout("singapore60")
POLICIES = (Baseline(), Foresight())
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)


def state(places: Mapping[str, str], jobs: Sequence[Job], **more: object) -> State:
    """Return a calm guangzhou42: one lift at the bays, two empty bays."""
    bays = (BayAt("B1"), BayAt("B2"))
    calm = State(1000.0, GUANGZHOU, places, (LiftAt("L1", 1, True),), bays, jobs)
    return replace(calm, **more)  # type: ignore[arg-type]


def job(kind: JobKind, car: str, since_s: float = 1000.0, due_s: float | None = None) -> Job:
    return Job(f"{kind} {car}", kind, car, since_s, since_s if due_s is None else due_s)


def moves(policy: Policy, given_state: State) -> list[Move]:
    return [order for order in policy.plan(given_state).orders if isinstance(order, Move)]


@every_policy
def test_a_car_that_is_wanted_is_brought_to_a_free_bay(policy: Policy) -> None:
    wanted = state({"a": "3A"}, [job(JobKind.retrieve, "a")], bays=(BayAt("B1", "x"), BayAt("B2")))
    assert moves(policy, wanted) == [Move("L1", "a", "3A", "B2", "retrieve a")]


@every_policy
def test_the_same_state_gives_the_same_plan(policy: Policy) -> None:
    jobs = [job(JobKind.retrieve, car) for car in "abc"]
    known = state({"a": "7A", "b": "2B", "c": "5C"}, jobs)
    assert policy.plan(known) == policy.plan(known)


@every_policy
def test_a_booked_car_is_fetched_in_time_and_no_earlier(policy: Policy) -> None:
    booked = job(JobKind.stage, "a", 9000.0, 9000.0)
    early = policy.plan(state({"a": "7A"}, [booked]))
    assert not [order for order in early.orders if isinstance(order, Move)]
    assert 9000.0 - 400.0 < early.look_s < 9000.0 - 300.0
    assert moves(policy, state({"a": "7A"}, [booked], now_s=early.look_s))


@every_policy
def test_the_last_free_bay_is_kept_until_the_car_must_come(policy: Policy) -> None:
    booked = job(JobKind.stage, "a", 9000.0, 9000.0)
    one_bay = state({"a": "7A"}, [booked], bays=(BayAt("B1", "x"), BayAt("B2")))
    assert 9000.0 - 160.0 < policy.plan(one_bay).look_s < 9000.0 - 60.0


@every_policy
def test_nobody_is_let_in_where_no_slot_is_left(policy: Policy) -> None:
    full = {slot.name: slot.name for slot in GUANGZHOU.slots}
    back = [job(JobKind.store, "new")]
    assert not policy.plan(state(full, back)).orders or not any(
        isinstance(order, Admit) for order in policy.plan(state(full, back)).orders
    )
    del full["5C"]
    assert Admit("new", "B1") in policy.plan(state(full, back)).orders


@every_policy
def test_a_staged_car_yields_its_bay_to_somebody_who_is_here(policy: Policy) -> None:
    jobs = [job(JobKind.stage, "late", 500.0, 500.0), job(JobKind.retrieve, "b")]
    taken = state({"late": "B1", "b": "3B", "x": "B2"}, jobs, bays=(BayAt("B1", "late"), BayAt("B2", "x", taken=True)))
    order = moves(policy, taken)[0]
    assert (order.car, order.source) == ("late", "B1")
    in_time = replace(taken, now_s=600.0, jobs=[jobs[0], replace(jobs[1], since_s=600.0)])
    assert not moves(policy, in_time)
    assert policy.plan(in_time).look_s <= 500.0 + 420.0


@every_policy
def test_nothing_is_ordered_of_a_part_that_is_out_of_service(policy: Policy) -> None:
    known = state({"a": "3A"}, [job(JobKind.retrieve, "a")])
    assert not policy.plan(replace(known, failed=frozenset({"L1"}))).orders
    assert moves(policy, replace(known, failed=frozenset({"B1"})))[0].target == "B2"
    assert not moves(policy, replace(known, failed=frozenset({"3A"})))


@every_policy
def test_two_deep_the_car_in_front_is_put_aside_first(policy: Policy) -> None:
    wanted = State(
        0.0,
        SINGAPORE,
        {"rear": "5A", "front": "5B"},
        (LiftAt("L1", 5, True),),
        (BayAt("B1"),),
        [job(JobKind.retrieve, "rear", 0.0)],
    )
    first = moves(policy, wanted)[0]
    assert (first.car, first.source) == ("front", "5B")
    second = moves(policy, replace(wanted, places={"rear": "5A", "front": first.target}))[0]
    assert (second.car, second.target) == ("rear", "B1")


@every_policy
def test_a_car_aside_never_hides_one_that_is_wanted_earlier(policy: Policy) -> None:
    """Else a third car would be carried to and fro between two that are wanted, for as long as no bay is free."""
    full = {slot.name: slot.name for slot in SINGAPORE.slots}
    del full["8B"]
    jobs = [job(JobKind.retrieve, "3D", 0.0), job(JobKind.retrieve, "8A", 1.0)]
    first = State(2.0, SINGAPORE, full, (LiftAt("L1", 5, True),), (BayAt("B1", "x", taken=True, free_s=99.0),), jobs)
    aside = moves(policy, first)
    assert [(order.car, order.target) for order in aside] == [("3C", "8B")]
    assert not moves(policy, replace(first, places={**full, "3C": "8B"}))


@every_policy
def test_who_is_in_the_way_and_wanted_too_is_not_put_aside(policy: Policy) -> None:
    places = {"rear": "5A", "front": "5B"}
    jobs = [job(JobKind.retrieve, "rear", 0.0), job(JobKind.retrieve, "front", 1.0)]
    known = State(2.0, SINGAPORE, places, (LiftAt("L1", 5, True),), (BayAt("B1"),), jobs)
    assert [(order.car, order.target) for order in moves(policy, known)] == [("front", "B1")]


@every_policy
def test_the_oldest_does_not_wait_for_who_is_in_the_way(policy: Policy) -> None:
    """The next bay is kept for the oldest, so the other one, who is wanted too but came later, would never leave."""
    jobs = [job(JobKind.retrieve, "rear", 0.0), job(JobKind.retrieve, "front", 1000.0)]
    places, lifts = {"rear": "5A", "front": "5B"}, (LiftAt("L1", 5, True),)
    old = State(AGEING_S + 1, SINGAPORE, places, lifts, (BayAt("B1"),), jobs)
    aside = moves(policy, old)[0]
    assert aside.car == "front"
    assert SINGAPORE.is_slot(aside.target)
    then = moves(policy, replace(old, places={"rear": "5A", "front": aside.target}))
    assert [(order.car, order.target) for order in then] == [("rear", "B1")]


def test_of_two_lifts_on_one_way_the_upper_one_fetches_the_upper_car() -> None:
    layout = load_layout("autostadt400")
    jobs = [job(JobKind.retrieve, "high", 0.0), job(JobKind.retrieve, "low", 1.0)]
    lifts, bays = (LiftAt("L1", 10, True), LiftAt("L2", 11, True)), (BayAt("B1"), BayAt("B2"))
    known = State(2.0, layout, {"high": "12A", "low": "3A"}, lifts, bays, jobs)
    assert {(order.lift, order.car) for order in moves(Foresight(), known)} == {("L1", "low"), ("L2", "high")}
    alone = replace(known, failed=frozenset({"L2"}))
    assert [(order.lift, order.car) for order in moves(Foresight(), alone)] == [("L1", "high")]


def test_of_two_lifts_that_are_free_the_nearer_one_fetches_the_only_car() -> None:
    lifts, bays = (LiftAt("L1", 3, True), LiftAt("L2", 20, True)), (BayAt("B1"), BayAt("B2"))
    for place, lift, bay in (("21A", "L2", "B2"), ("4A", "L1", "B1")):
        known = State(2.0, HALLS, {"a": place}, lifts, bays, [job(JobKind.retrieve, "a", 1.0)])
        assert [(order.lift, order.target) for order in moves(Foresight(), known)] == [(lift, bay)]


def test_where_each_lift_has_a_hall_and_both_kinds_wait_the_lower_one_stores_and_the_upper_one_fetches() -> None:
    """Unless somebody keeps a bay, for a customer to come or for longer than was expected."""
    jobs = [job(JobKind.store, f"back{at}", 0.0) for at in range(3)]
    jobs += [job(JobKind.retrieve, car, 1.0) for car in ("a", "b")]
    lifts = (LiftAt("L1", 3, True), LiftAt("L2", 5, True))
    known = State(100.0, HALLS, {"a": "3A", "b": "12A"}, lifts, (BayAt("B1"), BayAt("B2")), jobs)
    orders = [order for order in Foresight().plan(known).orders if not isinstance(order, Go)]
    assert sorted(
        (type(order).__name__, order.bay if isinstance(order, Admit) else order.target) for order in orders
    ) == [
        ("Admit", "B1"),
        ("Move", "B2"),
    ]
    overdue = replace(known, bays=(BayAt("B1", "x", taken=True, free_s=0.0), BayAt("B2")))
    assert Admit("back0", "B2") in Foresight().plan(replace(overdue, jobs=jobs[:3])).orders


def test_the_upper_lift_comes_to_its_hall_when_somebody_is_about_to_have_driven_in_and_no_sooner() -> None:
    """Before that it would keep the lower one down."""
    lifts = (LiftAt("L1", 1, False), LiftAt("L2", 12, True))
    bays = (BayAt("B1"), BayAt("B2", taken=True, coming="back", ready_s=150.0, free_s=180.0))
    jobs = [job(JobKind.store, "back", 0.0)]
    known = State(50.0, HALLS, {}, lifts, bays, jobs, moving=frozenset({"back"}))
    early = Foresight().plan(known)
    travel_s = known.pace.travel_s(12, 2)
    assert early.orders == ()
    assert early.look_s == 150.0 - travel_s
    assert Foresight().plan(replace(known, now_s=early.look_s)).orders == (Go("L2", 2),)


def test_who_has_waited_for_long_counts_more() -> None:
    """With one bay a hand-out is quicker than a return and goes first, until the return has waited for long."""
    shanghai = load_layout("shanghai3")
    for waited_s, first in ((600.0, "a"), (AGEING_S - 10, "back")):
        jobs = [job(JobKind.store, "back", 2000.0 - waited_s), job(JobKind.retrieve, "a", 2000.0)]
        known = State(2000.0, shanghai, {"a": "2A"}, (LiftAt("L1", 2, True),), (BayAt("B1"),), jobs)
        assert next(order.car for order in Foresight().plan(known).orders if not isinstance(order, Go)) == first


def test_a_bay_is_kept_for_who_is_expected() -> None:
    """A return that is there would hold the only bay for longer than it takes until a booked car is wanted."""
    shanghai = load_layout("shanghai3")
    jobs = [job(JobKind.store, "back", 1000.0), job(JobKind.stage, "a", 1065.0), job(JobKind.stage, "b", 1070.0)]
    known = State(1000.0, shanghai, {"a": "2A", "b": "2B"}, (LiftAt("L1", 2, True),), (BayAt("B1"),), jobs)
    assert [order.car for order in Foresight().plan(known).orders if not isinstance(order, Go)] == ["a"]


def test_a_store_leads_to_where_the_next_car_is_fetched() -> None:
    """A dual command: the slot is on the storey of the car that comes next, so that the lift need not move for it."""
    full = {slot.name: slot.name for slot in GUANGZHOU.slots if slot.storey < 5}
    jobs = [job(JobKind.store, "back"), job(JobKind.retrieve, "next")]
    known = state({**full, "back": "B1", "next": "6B"}, jobs, bays=(BayAt("B1", "back"), BayAt("B2", "x", taken=True)))
    assert GUANGZHOU.storey_of(moves(Foresight(), known)[0].target) == 6


def test_the_lift_fetches_while_a_customer_drives_away() -> None:
    bays = (BayAt("B1", "gone", taken=True, free_s=1005.0, leaving=True), BayAt("B2", "x", taken=True, free_s=9000.0))
    known = state({"gone": "B1", "x": "B2", "a": "3A"}, [job(JobKind.retrieve, "a")], bays=bays)
    assert moves(Foresight(), known)[0].target == "B1"
    assert not moves(Baseline(), known)


def test_an_idle_lift_waits_where_its_next_move_is_expected() -> None:
    places = {f"c{storey}": f"{storey}A" for storey in (3, 4, 5)}
    assert Foresight().plan(state(places, [])).orders == (Go("L1", 4),)
    driving_in = state(
        places, [], lifts=(LiftAt("L1", 4, True),), bays=(BayAt("B1", taken=True, coming="a"), BayAt("B2"))
    )
    assert Foresight().plan(driving_in).orders == (Go("L1", 1),)


def test_an_old_job_is_done_before_cheaper_ones() -> None:
    places = {"old": "7A", **{f"c{column}": f"2{column}" for column in "ABCDEF"}}
    young = [job(JobKind.retrieve, f"c{column}", 1000.0 - AGEING_S + 2.0) for column in "ABCDEF"]
    old = job(JobKind.retrieve, "old", 1000.0 - AGEING_S)
    assert moves(Foresight(), state(places, [*young, old]))[0].car == "old"


def test_no_bay_is_given_away_while_the_oldest_waits_for_one() -> None:
    """The way out of a bay belongs to who is oldest, also where another one could use it sooner."""
    bays = (BayAt("B1", "gone", taken=True, free_s=1001.0, leaving=True), BayAt("B2", "x", taken=True, free_s=9000.0))
    old = job(JobKind.store, "street", 1000.0 - AGEING_S)
    known = state({"gone": "B1", "x": "B2", "a": "2A"}, [old, job(JobKind.retrieve, "a")], bays=bays)
    assert not moves(Foresight(), known)


def test_who_is_wanted_soonest_is_charged_first() -> None:
    places = {"a": "3A", "b": "4A", "c": "5A"}
    need = ChargeNeed(places, {"a": 0.3, "b": 0.4, "c": 0.9}, {"b": 5000.0}, frozenset(), frozenset({"2A"}))
    wanted = charge_job(GUANGZHOU, need, 0.0)
    assert wanted is not None
    assert (wanted.car, wanted.slot) == ("b", "2A")
    away = charge_job(GUANGZHOU, replace(need, places={**places, "c": "2A"}), 0.0)
    assert away is not None
    assert (away.kind, away.car) == (JobKind.relocate, "c")
    assert charge_job(GUANGZHOU, replace(need, busy=frozenset({"a", "b"})), 0.0) is None


@every_policy
def test_a_bay_is_cleared_before_a_car_is_put_aside(policy: Policy) -> None:
    """Two cars that stand before each other's way out could be put aside by turns for ever."""
    jobs = [job(JobKind.retrieve, "rear", 0.0), job(JobKind.store, "back", 10.0)]
    places = {"rear": "5A", "front": "5B", "back": "B1"}
    known = State(2000.0, SINGAPORE, places, (LiftAt("L1", 5, True),), (BayAt("B1", "back"),), jobs)
    assert moves(policy, known)[0].car == "back"


def test_a_free_bay_is_kept_for_the_oldest_while_its_lift_is_busy() -> None:
    jobs = [job(JobKind.retrieve, "a", 0.0), job(JobKind.store, "street", 10.0)]
    busy = State(4000.0, SINGAPORE, {"a": "5B"}, (LiftAt("L1", 5, False),), (BayAt("B1"),), jobs)
    assert not Foresight().plan(busy).orders
    without = replace(busy, failed=frozenset({"5B"}))
    assert Foresight().plan(without).orders == (Admit("street", "B1"),)


@pytest.mark.parametrize("due_s", [1200.0, 1600.0])
def test_no_car_takes_the_last_free_bay_before_it_is_time_to_fetch_it(due_s: float) -> None:
    jobs = [job(JobKind.stage, "b", due_s, due_s), job(JobKind.store, "a")]
    one_bay = state({"a": "B1", "b": "7A"}, jobs, bays=(BayAt("B1", "a"), BayAt("B2")))
    assert [move.car for move in moves(Foresight(), one_bay)] == ["a"]


def test_the_only_errand_is_found_without_a_search() -> None:
    rng, pace = Random(7), pace_of(load_layout("guangzhou42"))
    for _ in range(300):
        way = rng.choice(list(Way))
        bay = rng.randrange(2) if way == Way.store else -1
        when = (0.0, rng.uniform(0, 500), math.inf)
        errand = Errand(way, rng.randint(1, 7), rng.uniform(0, 900), bay, rng.choice(when))
        bays = [BayAhead(1, rng.choice(when)) for _ in range(2 if way == Way.store else 1)]
        sight = Sight([errand], bays, rng.randint(1, 7), 100.0, pace, [2, 5])
        assert best_path(sight) == _Beam(sight).run()
