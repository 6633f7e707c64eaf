"""Who comes, when, and how long people take: the reference day, drawn from a seed and the same for every policy."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import exp, log

from vendrive.tower.pace import DRIVE_IN_S, TAKE_S
from vendrive.tower.promises import PICKUP_MINUTES, QUARTER_S, BayMinutes

DAY_S = 86_400.0
HOUR_S = 3_600.0
OPENS_H = 8
# Shares of the hours from 8 to 22: people come after work, and a little at noon.
HOURS = (2, 3, 4, 4, 6, 6, 4, 4, 6, 10, 14, 14, 9, 4)
# Shares of the days from Monday: Friday is the peak; they add up to seven.
WEEKDAYS = (0.85, 0.85, 0.9, 1.0, 1.5, 1.1, 0.8)
PUNCTUAL_S = 300.0
CHECK_IN_S = 30.0
CHECK_IN_SPREAD = 0.4
PEOPLE_SPREAD = 0.55
LONGEST_TAKE_S, LONGEST_DRIVE_IN_S = 600.0, 900.0
LOAN_DAYS = 3


@dataclass(frozen=True)
class Day:
    """The demand of a day: hand-outs, the shares of walk-ups and of people who have booked and do not come; and how
    many cars staff fetch for service.

    Who books does so `ahead_s` before. Cars are lent for some days, or for `loan_s` where that is given.
    """

    hand_outs: float = 14.0
    walk_ups: float = 0.2
    no_shows: float = 0.1
    ahead_s: float = DAY_S
    loan_s: float = 0.0
    services: float = 0.0


@dataclass(frozen=True)
class Visit:
    """One customer: when they are promised their car and come for it, and when they bring it back.

    `promised_s` is None for a walk-up (but for who foresees it); `arrives_s` is None for somebody who never comes.
    `choice` picks the car, from 0 to 1 among those that are free. The car is due back `loan_s` after the pick-up, and
    comes `late_s` after that.
    """

    name: str
    known_s: float
    promised_s: float | None
    arrives_s: float | None
    choice: float
    check_in_s: float
    take_s: float
    due_back_s: float
    late_s: float
    drive_in_s: float
    used: float
    walk_up: bool = False


def lognormal(draw: random.Random, mean: float, spread: float, longest: float) -> float:
    """Return a lognormal number of this mean; `spread` is the deviation of its logarithm."""
    return min(longest, exp(draw.gauss(log(mean) - spread * spread / 2, spread)))


def visits(day: Day, days: int, bays: int, seed: int) -> Iterator[Visit]:
    """Yield the visits of some days, in no order that matters."""
    draw = random.Random(seed)  # noqa: S311
    minutes = BayMinutes(bays)
    for number in range(days):
        wanted = day.hand_outs * WEEKDAYS[number % 7]
        count = int(wanted) + (draw.random() < wanted % 1)
        for index in range(count):
            asked_s = moment(draw, number)
            if draw.random() < day.walk_ups:
                yield _visit(draw, day, f"w{number}.{index}", None, asked_s)
                continue
            promised_s = _slot(draw, number, minutes)
            minutes = minutes.book(promised_s, PICKUP_MINUTES)
            comes = draw.random() >= day.no_shows
            late_s = draw.gauss(0, PUNCTUAL_S)
            yield _visit(draw, day, f"b{number}.{index}", promised_s, promised_s + late_s if comes else None)


def foreseen(visit: Visit, ahead_s: float) -> Visit | None:
    """Return a visit as one sees it who knows when everybody will be ready to take their car; None for a no-show."""
    if visit.arrives_s is None:
        return None
    ready_s = max(visit.arrives_s + visit.check_in_s, visit.promised_s or 0.0)
    known_s = ready_s - ahead_s if visit.promised_s is None else visit.known_s
    return replace(visit, known_s=known_s, promised_s=ready_s, arrives_s=ready_s - visit.check_in_s)


def services(day: Day, days: int, seed: int) -> Iterator[float]:
    """Yield when staff want a car, in the mornings; drawn apart from the customers, who stay the same."""
    draw = random.Random(f"{seed} service")  # noqa: S311
    for number in range(days):
        for _ in range(int(day.services) + (draw.random() < day.services % 1)):
            yield number * DAY_S + (OPENS_H + 4 * draw.random()) * HOUR_S


def moment(draw: random.Random, day: int) -> float:
    """Return an instant of a day, by the shares of its hours."""
    hour = draw.choices(range(len(HOURS)), HOURS)[0]
    return day * DAY_S + (OPENS_H + hour + draw.random()) * HOUR_S


def _slot(draw: random.Random, day: int, minutes: BayMinutes) -> float:
    """Return a quarter hour of a day in which a bay can be promised; where none is found, the last that was drawn."""
    for _ in range(50):
        at_s = moment(draw, day) // QUARTER_S * QUARTER_S
        if minutes.has_room(at_s, PICKUP_MINUTES):
            break
    return at_s


def _visit(draw: random.Random, day: Day, name: str, promised_s: float | None, arrives_s: float | None) -> Visit:
    begins_s = promised_s if promised_s is not None else arrives_s or 0.0
    back_day = int(begins_s // DAY_S) + LOAN_DAYS
    return Visit(
        name=name,
        known_s=begins_s - day.ahead_s if promised_s is not None else begins_s,
        promised_s=promised_s,
        arrives_s=arrives_s,
        choice=draw.random(),
        check_in_s=lognormal(draw, CHECK_IN_S, CHECK_IN_SPREAD, 300.0),
        take_s=lognormal(draw, TAKE_S, PEOPLE_SPREAD, LONGEST_TAKE_S),
        due_back_s=begins_s + day.loan_s if day.loan_s else moment(draw, back_day) // QUARTER_S * QUARTER_S,
        late_s=draw.gauss(0, PUNCTUAL_S),
        drive_in_s=lognormal(draw, DRIVE_IN_S, PEOPLE_SPREAD, LONGEST_DRIVE_IN_S),
        used=draw.uniform(0.2, 0.7),
        walk_up=promised_s is None,
    )
