"""The queue for cars: joining, leaving, one's place in it, and offers, which are holds that expire.

All places of a tower are served in one order, by priority and then by joining, over models, colours and times. What
somebody waits for is not free for others (`drives_car` in sql/reserve.sql).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from vendrive.retail.catalogue.queries import get_model, get_paint
from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import access_person
from vendrive.retail.drives.availability import DAY, get_availability
from vendrive.retail.drives.lifecycle import end_drive
from vendrive.retail.drives.models import QUEUED, Drive, DriveState, WaitPlace, WaitState
from vendrive.retail.drives.notices import tell, tell_of
from vendrive.retail.drives.queries import get_layers, rules_at, today
from vendrive.retail.drives.reserving import How, Wanted, reserve
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.queries import get_tower
from vendrive.wire.errors import ErrorCode, Refused

MOST_TRIES = 8
LONGEST_WAIT = timedelta(days=60)
# Refusals that pass with time: the place waits on. All others end it.
PASSING = frozenset(
    {
        ErrorCode.person_busy,
        ErrorCode.credit_unknown,
        ErrorCode.identity_unknown,
        ErrorCode.busy_try_again,
        ErrorCode.vehicle_taken,
        ErrorCode.pickup_time_taken,
        ErrorCode.return_time_taken,
        ErrorCode.return_not_storable,
        ErrorCode.tower_closed,
        ErrorCode.pickup_too_far,
        ErrorCode.pickup_in_past,
        ErrorCode.pickup_outside_hours,
    }
)


def join_queue(
    customer: Customer, model: str, paint: str, tower: str, from_at: datetime, until_at: datetime
) -> WaitPlace:
    """Wait for a model at a tower (`paint` empty: in any colour) with a pick-up in [from_at, until_at).

    One place in each queue: joining again is refused (already_waiting). Raise Refused: profile_incomplete,
    request_invalid.
    """
    person, now = access_person(customer), ports().clock.now()
    wanted, place = get_model(model), get_tower(tower)
    if not now < until_at <= now + LONGEST_WAIT or from_at >= until_at:
        raise Refused(ErrorCode.request_invalid, until_at=str(until_at))
    try:
        with transaction.atomic():
            found = WaitPlace.objects.create(
                customer=customer,
                person=person,
                model=wanted,
                paint=get_paint(model, paint) if paint else None,
                tower=place,
                from_at=max(from_at, now),
                until_at=until_at,
                joined_at=now,
            )
            record(f"customer:{customer.pk}", "queue_joined", found.pk, model=model, tower=tower)
            return found
    except IntegrityError as error:
        raise Refused(ErrorCode.already_waiting) from error


def leave_queue(customer: Customer, place_id: UUID | str) -> None:
    """Give a place up, and what is offered with it; raise Refused (not_in_queue)."""
    with transaction.atomic():
        found = WaitPlace.objects.select_for_update().filter(pk=place_id, customer=customer, state__in=QUEUED).first()
        if found is None:
            raise Refused(ErrorCode.not_in_queue)
        if found.offer_id is not None:
            offer = Drive.objects.select_for_update().get(pk=found.offer_id)
            if offer.state == DriveState.held:
                end_drive(offer, DriveState.cancelled, "by_customer")
        _end(found, WaitState.left, "by_customer")
        record(f"customer:{customer.pk}", "queue_left", found.pk)


def list_places(customer: Customer) -> list[tuple[WaitPlace, int]]:
    """Return the queues in which the customer stands, with the place in each: 1 is next."""
    mine = WaitPlace.objects.filter(customer=customer, state__in=QUEUED).order_by("joined_at")
    return [(place, place_of(place)) for place in mine.select_related("model__brand", "paint", "tower", "offer")]


def place_of(place: WaitPlace) -> int:
    """Return the place in the queue: who comes before could take the same car at the same time."""
    before = WaitPlace.objects.filter(
        state=WaitState.waiting,
        tower=place.tower_id,
        model=place.model_id,
        from_at__lt=place.until_at,
        until_at__gt=place.from_at,
    )
    if place.paint_id is not None:
        before = before.filter(Q(paint=None) | Q(paint=place.paint_id))
    ahead = Q(priority__gt=place.priority) | Q(priority=place.priority, joined_at__lt=place.joined_at)
    return before.filter(ahead).exclude(pk=place.pk).count() + 1


def make_offers() -> int:
    """Offer what is free to who waits for it, in the order of the queue; return how many offers were made."""
    now = ports().clock.now()
    waiting = WaitPlace.objects.filter(state=WaitState.waiting)
    for place in waiting.filter(until_at__lte=now):
        _expire(place)
    in_turn = waiting.filter(until_at__gt=now).order_by(F("priority").desc(), "joined_at")
    return sum(_offer(pk) for pk in list(in_turn.values_list("pk", flat=True)))


def _offer(place_id: UUID) -> int:
    with transaction.atomic():
        place = (
            WaitPlace.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("customer", "model", "paint", "tower")
            .filter(pk=place_id, state=WaitState.waiting)
            .first()
        )
        # An offer would replace what the person is about to confirm.
        if place is None or Drive.objects.filter(person_id=place.person_id, state=DriveState.held).exists():
            return 0
        now = ports().clock.now()
        minutes = rules_at(get_layers(), place.tower, now).offer_minutes
        how = How(
            hold_until=now + timedelta(minutes=minutes),
            language=place.customer.language,
            queued_at=place.joined_at,
            priority=place.priority,
        )
        for wanted in _wishes(place, now):
            refused = _try(place, wanted, how)
            if refused is None:
                tell_of(Drive.objects.get(wait_place=place), "offer", minutes=minutes)
                return 1
            if refused not in PASSING:
                _end(place, WaitState.ended, refused)
                return 0
            if refused in (ErrorCode.person_busy, ErrorCode.busy_try_again):
                return 0
    return 0


def _try(place: WaitPlace, wanted: Wanted, how: How) -> ErrorCode | None:
    try:
        with transaction.atomic():
            taken = reserve(place.customer, wanted, how)
    except Refused as refused:
        return refused.code
    place.state, place.offer_id = WaitState.offered, taken.drive_id
    place.save(update_fields=["state", "offer"])
    record("retail", "queue_offered", place.pk, drive=str(taken.drive_id))
    return None


def _wishes(place: WaitPlace, now: datetime) -> list[Wanted]:
    """Return what could be offered, earliest first, a few times of each colour: taking it decides."""
    layers, tower = get_layers(), place.tower
    first, last = today(tower, max(now, place.from_at)), today(tower, place.until_at)
    horizon = today(tower, now + timedelta(days=rules_at(layers, tower, now).horizon_days))
    days = [first + DAY * n for n in range((min(last, horizon) - first).days + 1)]
    found: list[Wanted] = []
    if not days:
        return []
    for paint in [place.paint] if place.paint else place.model.paints.order_by("position"):
        slots = get_availability(layers, place.model, paint, tower, days, now, count_waiting=False).slots()
        free = [slot.at for slot in slots if slot.why is None and place.from_at <= slot.at < place.until_at]
        found += [Wanted(place.model_id, paint.slug, tower.slug, at) for at in free[:MOST_TRIES]]
    return sorted(found, key=lambda wanted: wanted.pickup_at)


def _expire(place: WaitPlace) -> None:
    with transaction.atomic():
        if WaitPlace.objects.filter(pk=place.pk, state=WaitState.waiting).update(
            state=WaitState.ended, ended_because="time_passed"
        ):
            customer = Customer.objects.get(pk=place.customer_id)
            model = get_model(place.model_id)
            tell(customer, "queue_ended", car=model.name_zh if customer.language == "zh" else model.name)
            record("retail", "queue_ended", place.pk, because="time_passed")


def _end(place: WaitPlace, state: WaitState, because: str) -> None:
    place.state, place.ended_because = state, because
    place.save(update_fields=["state", "ended_because"])
    if state == WaitState.ended:
        record("retail", "queue_ended", place.pk, because=because)
