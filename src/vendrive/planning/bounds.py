"""What no policy can beat: bounds of a tower's throughput, of a retrieval, and of filling and emptying it.

All times are those of `vendrive.planning.evaluation`: the machine does at a bay one thing after the other (inner door,
transfer, inner door), and people take the mean times that are given. A bound leaves things out (most of how two lifts
are in each other's way, waiting, uneven arrivals); it never adds any. So it may be out of reach, and can never be
exceeded.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import ceil

from vendrive.planning.evaluation import TENTHS, Times, tenths
from vendrive.tower.layout import BayPlan, Layout
from vendrive.tower.pace import DRIVE_IN_S, TAKE_S


@dataclass(frozen=True)
class Throughput:
    """Jobs an hour (hand-outs and returns) that lifts and bays allow, each for itself.

    `as_filed_per_hour` is bays * 3600 / (human time + dual cycle), with which the figure was first described. It is no
    bound (schedules exceed it, see `throughput`) and is told beside the one that is.
    """

    dual_cycle_s: float
    by_lifts_per_hour: float
    by_bays_per_hour: float
    as_filed_per_hour: float

    @property
    def per_hour(self) -> float:
        """Return the bound: both must do their part."""
        return min(self.by_lifts_per_hour, self.by_bays_per_hour)

    @property
    def binds(self) -> str:
        """Return which of the two it is: `lifts` or `bays`."""
        return "lifts" if self.by_lifts_per_hour <= self.by_bays_per_hour else "bays"

    @property
    def clearness(self) -> float:
        """Return how many times the one that binds the other allows; from 1."""
        return max(self.by_lifts_per_hour, self.by_bays_per_hour) / self.per_hour


def single_cycle_s(layout: Layout, cars: int | None = None) -> float:
    """Return the shortest mean single cycle in seconds: from a bay to a slot and back, one car carried.

    One transfer at the slot, one at the bay between its doors, and the way there and back; slots as in a dual cycle.
    """
    times = Times(layout)
    return _mean_round(times, cars) / TENTHS + (times.transfer + times.at_bay) / TENTHS


def dual_cycle_s(layout: Layout, cars: int | None = None) -> float:
    """Return the shortest mean dual cycle in seconds: a return is stored, and a wanted car brought, in one round.

    A round has two transfers at slots and two at bays, each of these between an opening and a closing inner door (no
    lift leaves an open one): 2 transfer + 2 (transfer + 2 door). Its ways are t(bay, g) + t(g, s) + t(s, bay) for a
    return to storey g and a wanted car on storey s. t is subadditive, so this is at least t(bay, s) + t(s, bay), and as
    much where g = s. Customers choose s: every stored car is wanted alike. With `cars` of them in the tower the mean is
    smallest when they stand in the slots nearest to a bay; all slots are full where `cars` is not given.
    """
    times = Times(layout)
    return (_mean_round(times, cars) + 2 * times.transfer + 2 * times.at_bay) / TENTHS


def throughput(
    layout: Layout,
    cars: int | None = None,
    hand_outs: float = 0.5,
    take_s: float = TAKE_S,
    drive_in_s: float = DRIVE_IN_S,
) -> Throughput:
    """Return the most jobs an hour, of which this share are hand-outs, that any policy can serve for long.

    Lifts: each job needs a transfer at a slot and a stop at a bay, each hand-out also the way to its car and back (see
    `dual_cycle_s`: a return's own way can lie on it). With as many of each that is `lifts * 2 * 3600 / dual cycle`. The
    more cars are in the tower, the longer the mean way; who cannot tell how many there will be gives `cars` = 1.

    Two lifts of one way do less than twice as much, see `_shared_work`.

    Bays: a hand-out occupies a bay for the lift's stop, half a turn where there is a table, and the driver between two
    movements of the street door; a return for the driver, the checks and the lift's stop. While a bay is occupied it
    serves nobody else. With as many of each: `bays * 2 * 3600 / (hand-out + return)`. The rest of the lift's
    cycle is not in it: it can go on while the bay is used, and a bay may serve several returns, or several hand-outs,
    one after the other. (With the whole cycle in it, and one job for it, the figure would be no bound: a simple policy
    exceeds it.)
    """
    times = Times(layout)
    cycle_s = dual_cycle_s(layout, cars)
    work = times.transfer + times.at_bay + hand_outs * _mean_round(times, cars)
    lift = _shared_work(times, work, hand_outs) if _gives_way(layout) else work / len(layout.lifts)
    given, taken = min(_hand_out(times, bay, take_s) for bay in layout.bays), _return(times, drive_in_s)
    people_s = (take_s + drive_in_s) / 2
    return Throughput(
        dual_cycle_s=cycle_s,
        by_lifts_per_hour=3600 * TENTHS / lift,
        by_bays_per_hour=len(layout.bays) * 3600 * TENTHS / (hand_outs * given + (1 - hand_outs) * taken),
        as_filed_per_hour=min(len(layout.lifts) * 2 * 3600 / cycle_s, len(layout.bays) * 3600 / (people_s + cycle_s)),
    )


def retrieval_mean_s(layout: Layout, cars: int | None = None) -> float:
    """Return the least mean time from a request to the end of the transfer into the bay, in an empty system.

    The bay is free, the lifts wait at the storeys that are best for it, and of several the best placed one goes, as if
    no other stood in its way: the way to the slot, a transfer, the way to the nearest bay, its inner door, a transfer.
    Every stored car is wanted alike; with `cars` of them the mean is smallest when they stand in the quickest slots.
    """
    times = Times(layout)
    number = _checked(layout, cars)
    reach = [range(lift.lowest, lift.highest + 1) for lift in layout.lifts]
    ways = min(_nearest_ways(times, storeys, number) for storeys in product(*reach))
    return (ways / number + 2 * times.transfer + times.door) / TENTHS


def _nearest_ways(times: Times, storeys: Sequence[int], cars: int) -> int:
    """Return the sum of the ways of the quickest slots, the lifts waiting at these storeys."""
    at = {lift.name: storey for lift, storey in zip(times.layout.lifts, storeys, strict=True)}
    ways = [
        min(times.travel(at[lift], slot.storey) for lift in slot.lifts) + _to_bay(times, slot.storey, slot.lifts)
        for slot in times.layout.slots
    ]
    return sum(sorted(ways)[:cars])


def fill_s(layout: Layout, drive_in_s: float = DRIVE_IN_S) -> float:
    """Return a time below which no policy fills all slots, from an empty tower and drivers who wait at the street.

    Lifts: nothing moves before the first driver is out of the bay. Then each car needs a stop at a bay, a way up and a
    transfer, and each but the last of each lift a way back: the sum of it is shared by the lifts.
    Bays: one of them takes at least the whole part of slots / bays, rounded up, one after the other; the last car then
    goes at least to the nearest slot.
    """
    times = Times(layout)
    ways = sorted(_to_bay(times, slot.storey, slot.lifts) for slot in layout.slots)
    work = sum(ways) + sum(ways[: -len(layout.lifts)]) + len(ways) * (times.at_bay + times.transfer)
    by_lifts = _arriving(times, drive_in_s) + work / len(layout.lifts)
    in_turn = ceil(len(ways) / len(layout.bays))
    by_bays = in_turn * _return(times, drive_in_s) + ways[0] + times.transfer
    return max(by_lifts, by_bays) / TENTHS


def empty_s(layout: Layout, order: Sequence[str] = (), take_s: float = TAKE_S) -> float:
    """Return a time below which no policy empties all slots, customers waiting at the street; `order` is the order of
    departure (slots), where it is prescribed.

    Lifts: each car needs a transfer, a way down and a stop at a bay, and each but the first of each lift a way up to
    it. A car that hides another and leaves after it is moved aside: two transfers more (see `cars_aside`). After the
    last stop the last customer drives off. Bays: one of them hands out slots / bays, rounded up, one after the other;
    before the first of them a car is picked and comes down.
    """
    times = Times(layout)
    ways = sorted(_to_bay(times, slot.storey, slot.lifts) for slot in layout.slots)
    hand_out = min(_hand_out(times, bay, take_s) for bay in layout.bays)
    work = sum(ways) + sum(ways[: -len(layout.lifts)]) + len(ways) * (times.transfer + times.at_bay)
    work += cars_aside(layout, order) * 2 * times.transfer
    by_lifts = work / len(layout.lifts) + hand_out - times.at_bay
    by_bays = times.transfer + ways[0] + ceil(len(ways) / len(layout.bays)) * hand_out
    return max(by_lifts, by_bays) / TENTHS


def cars_aside(layout: Layout, order: Sequence[str]) -> int:
    """Return how many cars must be moved aside at the least when all slots are emptied in this order.

    A car in front of one that leaves earlier is in the way. With one bay it can wait nowhere but in another slot. Where
    there are several bays it might wait in one of them, so nothing is claimed.
    """
    if len(layout.bays) > 1:
        return 0
    leaves = {slot: at for at, slot in enumerate(order)}
    pairs = [(slot.behind, slot.name) for slot in layout.slots if slot.behind]
    return sum(front in leaves and behind in leaves and leaves[behind] < leaves[front] for front, behind in pairs)


def _mean_round(times: Times, cars: int | None) -> float:
    number = _checked(times.layout, cars)
    rounds = sorted(2 * _to_bay(times, slot.storey, slot.lifts) for slot in times.layout.slots)
    return sum(rounds[:number]) / number


def _gives_way(layout: Layout) -> bool:
    """Whether the tower has two lifts, both on one way, and its bays on one storey below all slots."""
    storeys = {bay.storey for bay in layout.bays}
    shared = len(layout.lifts) == 2 and bool(layout.beside(layout.lifts[0].name))
    return shared and len(storeys) == 1 and max(storeys) < min(slot.storey for slot in layout.slots)


def _shared_work(times: Times, work: float, hand_outs: float) -> float:
    """Return the time for each job, in tenths, below which two lifts of one way cannot come; `work` is what a job takes
    of one lift (`w + h R`: the fixed part, and the mean round of a hand-out).

    They cannot pass each other. While the upper lift stops at a bay the lower one is below the bays, where it can do
    nothing, and it has been one storey lower than its work asks: t(u + 1) + t(v + 1) >= t(|u - v|) + t(1) for any two
    storeys u, v above. Two stops of the upper lift can follow each other there, a hand-out and a return; where all are
    of one kind, one. So with a share x of the jobs for the upper lift each job takes T of the time, where

        lower: T >= (1 - x) w + (h R - r) + x c    c = at a bay + t(1) / 2 (t(1) where all are of one kind)
        upper: T >= x w + r                        r <= x times the longest round

    Half of the sum of both rises with x; the first, r at its most, falls. T is at least what they are where they meet.
    """
    layout, bay = times.layout, times.layout.bays[0].storey
    longest = max(2 * times.travel(bay, slot.storey) for slot in layout.slots)
    fixed = times.transfer + times.at_bay
    aside = times.travel(bay, bay + 1) * (1.0 if hand_outs in (0.0, 1.0) else 0.5)
    cost = times.at_bay + aside
    share = min(1.0, work / (2 * (fixed + longest) - cost))
    return (work + share * cost) / 2


def _checked(layout: Layout, cars: int | None) -> int:
    if cars is not None and not 1 <= cars <= len(layout.slots):
        raise ValueError(f"{layout.name}: cars must be from 1 to {len(layout.slots)}, not {cars}")
    return cars or len(layout.slots)


def _to_bay(times: Times, storey: int, lifts: Iterable[str]) -> int:
    """Return the way to the nearest bay that one of these lifts serves."""
    bays = [bay for lift in lifts for bay in times.layout.bays_of(lift)]
    return min(times.travel(storey, bay.storey) for bay in bays)


def _hand_out(times: Times, bay: BayPlan, take_s: float) -> int:
    """Return how long a hand-out occupies a bay."""
    return times.at_bay + times.turn(bay.name) + 2 * times.door + tenths(take_s)


def _return(times: Times, drive_in_s: float) -> int:
    """Return how long a return occupies a bay."""
    return _arriving(times, drive_in_s) + times.at_bay


def _arriving(times: Times, drive_in_s: float) -> int:
    """Return the time from the opening of the street door until the lift may come for a returned car."""
    return 2 * times.door + tenths(drive_in_s) + tenths(times.layout.kinematics.checks_s)
