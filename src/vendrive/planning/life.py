"""Customers of a simulated tower: they book, come, take a car, bring it back; or they do not come."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from vendrive.planning.demand import DAY_S, LOAN_DAYS, Day, Visit, foreseen, services, visits
from vendrive.planning.record import Record
from vendrive.planning.world import WINDOW_S, Tower
from vendrive.tower.charging import NEEDED, ChargeNeed, charge_job
from vendrive.tower.jobs import SPARE, Job, JobKind
from vendrive.tower.layout import Layout
from vendrive.tower.planner import Policy, waits_in_street, waits_since_s
from vendrive.tower.promises import RETURN_MINUTES, BayMinutes, Storage, offer_return

# An 11 kW charger and a battery of 60 kWh.
CHARGER_KW, BATTERY_KWH = 11.0, 60.0
CHARGE_PER_S = CHARGER_KW / BATTERY_KWH / 3600
CHARGE_LOOK_S = 300.0
# Staff keep a car in a bay for so long.
SERVICE_S = 600.0
# Who waits for longer than this is not waiting any more, but forgotten.
FORGOTTEN_S = 3600.0


@dataclass(frozen=True)
class Setting:
    """What is simulated. `stored` cars stand in slots at first (0: as many as usual); `chargers` in how many slots.

    `foreseen`: the policy knows when everybody will be ready for their car, walk-ups too, and who will not come.
    `absent` are the names of visits that are left out.
    """

    layout: Layout
    policy: Policy
    seed: int
    days: int
    day: Day
    stored: int = 0
    chargers: int = 4
    noise_share: float = 1.0
    failed: frozenset[str] = frozenset()
    foreseen: bool = False
    absent: frozenset[str] = frozenset()


def cars_for(layout: Layout) -> int:
    """Return how many cars to begin with where nothing is said: two in three slots are taken."""
    return len(layout.slots) * 2 // 3


def day_for(layout: Layout) -> Day:
    """Return the reference day, scaled to a layout: its slots turn over in three days, as far as its bays allow."""
    return Day(hand_outs=min(len(layout.slots) / 3, 10.0 * len(layout.bays)))


class Life:
    """The people of one tower over some days."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        layout = setting.layout
        chargers = frozenset(slot.name for slot in layout.slots[: setting.chargers])
        self.tower = Tower(layout, setting.policy, setting.seed, setting.noise_share, setting.failed, chargers=chargers)
        self.tower.on_ready, self.tower.on_admitted = self._ready, self._admitted
        self.tower.on_stored = self._stored
        self.visits: dict[str, Visit] = {}
        self.at_kiosk: dict[str, float] = {}
        self.returning: dict[str, Visit] = {}
        self.in_service: set[str] = set()
        self.unserved: set[str] = set()
        self.minutes = BayMinutes(len(layout.bays))
        self._fill()

    @property
    def record(self) -> Record:
        """Return what has been measured."""
        return self.tower.record

    def run(self, show: Callable[[float], None] = lambda share: None) -> Record:
        """Let all days pass and return what was measured; `show` is told the share that is done."""
        end_s = self.setting.days * DAY_S
        events = self.tower.events
        for visit in visits(self.setting.day, self.setting.days, len(self.setting.layout.bays), self.setting.seed):
            known = foreseen(visit, self.setting.day.ahead_s) if self.setting.foreseen else visit
            if known and known.name not in self.setting.absent:
                events.at(known.known_s, partial(self._known, known))
        events.after(CHARGE_LOOK_S, self._charge)
        for at_s in services(self.setting.day, self.setting.days, self.setting.seed):
            events.at(at_s, self._fetch_for_service)
        for day in range(1, self.setting.days + 1):
            self.tower.run(day * DAY_S)
            show(day / self.setting.days)
        self.record.forgotten = self._forgotten()
        self.record.end(end_s)
        bodies = self.tower.machine.bodies.values()
        self.record.lift_share = sum(body.busy_s for body in bodies) / end_s / len(bodies)
        return self.record

    def _fill(self) -> None:
        """Put the first cars into the slots, the nearest first; the others are out and due back over the first days."""
        setting, tower = self.setting, self.tower
        stored = setting.stored or cars_for(setting.layout)
        usable = [slot for slot in setting.layout.slots if self._is_reachable(slot.name)]
        order = sorted(usable, key=lambda slot: (slot.storey, not slot.behind, slot.name))
        for number, slot in enumerate(order[:stored]):
            tower.places[f"c{number}"] = slot.name
            self.record.stood(0.0, slot.name)
            tower.charge[f"c{number}"] = 1.0
        if setting.day.loan_s:
            return
        earlier = visits(replace(setting.day, walk_ups=1.0), LOAN_DAYS, 1, setting.seed + 1_000_003)
        for number, visit in enumerate(earlier):
            car = f"o{number}"
            self._lend(replace(visit, due_back_s=visit.due_back_s - LOAN_DAYS * DAY_S), car)

    def _is_reachable(self, slot: str) -> bool:
        """Whether a slot is in service, and a lift that is serves it."""
        failed = self.setting.failed
        return slot not in failed and any(lift not in failed for lift in self.setting.layout.slot(slot).lifts)

    def _forgotten(self) -> int:
        """Return how many have waited for so long that somebody would have come to help: no policy may hide them."""
        now_s, jobs = self.tower.now_s, self.tower.jobs.values()
        waiting = [job for job in jobs if job.person_waits or waits_in_street(job, self.tower.state())]
        return sum(now_s - waits_since_s(job) > FORGOTTEN_S for job in waiting)

    def _known(self, visit: Visit) -> None:
        """A booking is made, or somebody without one stands at the kiosk."""
        tower = self.tower
        if visit.promised_s is None:
            tower.events.after(visit.check_in_s, lambda: self._walk_up(visit))
            return
        car = self._choose(visit)
        if not car:
            self._refuse(visit)
            return
        self.visits[car] = visit
        tower.pickups[car] = visit.promised_s
        tower.add(Job(visit.name, JobKind.stage, car, visit.promised_s, visit.promised_s))
        if visit.arrives_s is None:
            tower.events.at(visit.promised_s + WINDOW_S, lambda: self._no_show(visit, car))
        else:
            tower.events.at(visit.arrives_s + visit.check_in_s, lambda: self._verified(visit, car))

    def _choose(self, visit: Visit) -> str:
        """Return a free car that stands in a slot; a charged one where somebody takes it now."""
        tower = self.tower
        least = NEEDED if visit.promised_s is None else 0.0
        free = [
            car
            for car, place in tower.places.items()
            if tower.layout.is_slot(place) and car not in self.visits and tower.charge[car] >= least
            if self._is_reachable(place) and car not in self.in_service
        ]
        return sorted(free)[int(visit.choice * len(free))] if free else ""

    def _refuse(self, visit: Visit) -> None:
        """There is no car for somebody."""
        self.unserved.add(visit.name)
        self.record.unserved += 1

    def _walk_up(self, visit: Visit) -> None:
        car = self._choose(visit)
        if not car:
            self._refuse(visit)
            return
        self.visits[car] = visit
        self._verified(visit, car)

    def _verified(self, visit: Visit, car: str) -> None:
        """Somebody may have their car now."""
        now_s, tower = self.tower.now_s, self.tower
        self.at_kiosk[car] = now_s
        due_s = now_s if visit.promised_s is None else visit.promised_s
        tower.add(Job(visit.name, JobKind.retrieve, car, now_s, due_s))
        bay = tower.bays.get(tower.places[car])
        if bay and bay.ready and not bay.taken:
            self._ready(car, tower.places[car])

    def _no_show(self, visit: Visit, car: str) -> None:
        self.record.no_shows += 1
        tower = self.tower
        del self.visits[car]
        tower.pickups.pop(car, None)
        tower.drop(visit.name)
        if not tower.layout.is_slot(tower.places[car]):
            tower.add(Job(f"back {visit.name}", JobKind.store, car, tower.now_s, tower.now_s))

    def _ready(self, car: str, bay: str) -> None:
        """A car stands ready: whoever waits for it takes it."""
        if car in self.in_service:
            self._serve(car, bay)
        if car not in self.at_kiosk:
            return
        visit, tower = self.visits[car], self.tower
        verified_s = self.at_kiosk.pop(car)
        waits = self.record.walkup_waits_s if visit.walk_up else self.record.pickup_waits_s
        waits.append(max(0.0, tower.now_s - max(verified_s, visit.promised_s or 0.0)))
        self.record.charges.append(tower.charge[car])
        self.record.came("out", tower.now_s)
        tower.hand_out(car, bay)
        tower.drop(visit.name)
        tower.pickups.pop(car, None)
        doors_s = tower.noise.of(2 * tower.pace.door_s)
        tower.events.after(doors_s + visit.take_s, lambda: self._taken(visit, car, bay))

    def _taken(self, visit: Visit, car: str, bay: str) -> None:
        self.tower.moving.discard(car)
        self.tower.take_out(car, bay)
        self.visits.pop(car)
        self._lend(visit, car)

    def _lend(self, visit: Visit, car: str) -> None:
        """A car is out: it is promised a time to come back, at which a bay and a slot are free."""
        tower = self.tower
        tower.charge[car] = max(0.05, tower.charge.get(car, 1.0) - visit.used)
        tower.places.pop(car, None)
        due_s = offer_return(self._storage(), self.minutes, max(visit.due_back_s, tower.now_s)) or visit.due_back_s
        self.minutes = self.minutes.book(due_s, RETURN_MINUTES)
        tower.returns[car] = due_s
        self.returning[car] = visit
        tower.events.at(max(due_s + visit.late_s, tower.now_s), lambda: self._back(visit, car))

    def _storage(self) -> Storage:
        """Return what the rule of promises looks at; cars that find no slot are parked beside the tower by staff."""
        tower = self.tower
        return Storage(
            tower.now_s,
            stored=len(tower.places),
            slots=len(tower.layout.slots),
            overflow=len(tower.layout.slots) * 2,
            due_back=tuple(tower.returns.values()),
        )

    def _back(self, visit: Visit, car: str) -> None:
        now_s = self.tower.now_s
        self.tower.returns.pop(car)
        self.tower.add(Job(f"back {visit.name} {car}", JobKind.store, car, now_s, now_s))

    def _admitted(self, car: str, bay: str) -> None:
        """The street door opens to somebody who brings a car back."""
        tower, visit = self.tower, self.returning.pop(car)
        job = next(job for job in tower.jobs.values() if job.car == car)
        self.record.return_waits_s.append(tower.now_s - job.since_s)
        self.record.came("back", tower.now_s)
        doors_s = tower.noise.of(2 * tower.pace.door_s + tower.pace.checks_s)
        tower.events.after(doors_s + visit.drive_in_s, lambda: tower.bring_in(car, bay))

    def _stored(self, car: str, slot: str) -> None:
        """A car is in a slot; one that was being serviced can be lent again."""
        if self.tower.places.get(car) == slot:
            self.in_service.discard(car)

    def _fetch_for_service(self) -> None:
        """Staff want the car in a bay that was there longest and that nobody has booked."""
        tower = self.tower
        free = [car for car, place in tower.places.items() if self.record.since_s.get(place) is not None]
        free = [car for car in free if car not in self.visits and self._is_reachable(tower.places[car])]
        if not free:
            return
        car = min(free, key=lambda one: (self.record.since_s[tower.places[one]], one))
        self.in_service.add(car)
        tower.add(Job(f"service {car}", JobKind.service, car, tower.now_s, tower.now_s))

    def _serve(self, car: str, bay: str) -> None:
        """Staff look at a car in a bay, and it goes back."""
        tower, body = self.tower, self.tower.bays[bay]
        tower.drop(f"service {car}")
        tower.moving.add(car)
        body.taken, body.free_s = True, tower.now_s + SERVICE_S

        def done() -> None:
            tower.moving.discard(car)
            body.taken = False
            self.record.serviced += 1
            tower.add(Job(f"back from service {car}", JobKind.store, car, tower.now_s, tower.now_s))

        tower.events.after(SERVICE_S, done)

    def _charge(self) -> None:
        """Cars in slots with a charger are charged."""
        tower = self.tower
        for car, place in tower.places.items():
            if place in tower.chargers and tower.charge[car] < 1.0:
                tower.charge[car] = min(1.0, tower.charge[car] + CHARGE_PER_S * CHARGE_LOOK_S)
        busy = {job.car for job in tower.jobs.values() if job.kind != JobKind.stage} | tower.moving
        for job in list(tower.jobs.values()):
            if job.kind in SPARE and job.car not in tower.moving:
                tower.drop(job.name)
        need = ChargeNeed(tower.places, tower.charge, tower.pickups, frozenset(busy), tower.chargers)
        wanted = charge_job(tower.layout, need, tower.now_s)
        if wanted and wanted.name not in tower.jobs:
            tower.add(wanted)
        tower.events.after(CHARGE_LOOK_S, self._charge)
