"""Where, when, and the last look before booking."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from vendrive.retail.catalogue.models import Paint
from vendrive.retail.catalogue.queries import get_model, get_paint
from vendrive.retail.config import ports
from vendrive.retail.customers.actions import ask_standing
from vendrive.retail.customers.models import Customer
from vendrive.retail.customers.queries import get_person
from vendrive.retail.drives.actions import book_drive, confirm_drive, hold_drive
from vendrive.retail.drives.availability import Day
from vendrive.retail.drives.models import Drive
from vendrive.retail.drives.policies import Answer
from vendrive.retail.drives.queries import Periods, get_answer, get_calendar, get_hold, get_rules
from vendrive.retail.drives.terms import terms_of
from vendrive.retail.fleet.models import Tower
from vendrive.retail.fleet.queries import (
    TowerNear,
    get_tower,
    list_towers,
    list_towers_from_city,
    vehicles_in_pool,
)
from vendrive.retail.shop.choice import Choice, forget_choice, get_choice, keep_choice, read_moment
from vendrive.retail.shop.forms import Problem, read_day, read_number
from vendrive.retail.shop.pages import language_of, show, signed_in, status_of
from vendrive.retail.shop.times import list_parts
from vendrive.wire.errors import ErrorCode, Refused


@dataclass(frozen=True)
class Place:
    """A tower on the page, how far it is, and which colours of the wished model belong to it."""

    near: TowerNear
    paints: frozenset[str]

    @property
    def tower(self) -> Tower:
        """Return the tower."""
        return self.near.tower


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def book(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Choose the tower, the day and the quarter hour."""
    if request.method == "POST":
        return _choose_time(request, customer)
    choice = _choice_of(request)
    if not choice.model:
        return redirect("shop:home")
    paint = _paint(choice)
    places = _places(request, paint)
    tower = _tower(choice, paint, places)
    choice = replace(choice, paint=paint.slug, tower=tower.slug)
    keep_choice(request, choice)
    return show(request, "book", **_times(request, choice, paint, tower), places=places)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def confirm(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Show the terms and what is still missing, and book."""
    choice, refused = get_choice(request), None
    if not choice.complete:
        return redirect("shop:book")
    if request.method == "POST":
        try:
            drive = _book(request, customer, choice)
        except Refused as error:
            refused = error
        else:
            forget_choice(request)
            return redirect("shop:drive", drive_id=drive.id)
    return show(request, "confirm", status_of(refused), **_terms(customer, choice), problem=Problem(refused))


def answer_for(customer: Customer, choice: Choice) -> Answer:
    """Say what speaks against the customer, for the chosen drive where there is one, and until when."""
    tower = get_tower(choice.tower) if choice.tower else None
    rules = get_rules(tower, choice.pickup_at)
    if get_person(customer) is not None:
        ask_standing(customer, rules.least_credit)
    if not choice.complete:
        return get_answer(customer)
    return get_answer(customer, get_model(choice.model), tower, choice.pickup_at)


def _choose_time(request: HttpRequest, customer: Customer) -> HttpResponse:
    """Keep what was chosen in mind, and the car itself for some minutes where the customer may have it."""
    chosen, at = get_choice(request), read_moment(request.POST.get("pickup_at", ""))
    if at is None:
        raise Refused(ErrorCode.request_invalid)
    choice = chosen.at(at)
    keep_choice(request, choice)
    if choice.complete:
        try:
            hold_drive(customer, choice.model, choice.paint, choice.tower, at, choice.key, language_of(request))
        except Refused:
            pass  # the next page says everything that stands against it
    return redirect("shop:confirm")


def _book(request: HttpRequest, customer: Customer, choice: Choice) -> Drive:
    pickup_at = choice.pickup_at
    if pickup_at is None:
        raise Refused(ErrorCode.request_invalid)
    held, lang = get_hold(customer, choice.model, choice.tower, pickup_at), language_of(request)
    if held is not None:
        return confirm_drive(customer, held.pk, request.POST.get("terms", held.terms_id), lang)
    return book_drive(customer, choice.model, choice.paint, choice.tower, pickup_at, choice.key, lang)


def _choice_of(request: HttpRequest) -> Choice:
    """Return the session's choice with what the address adds; another model is another choice."""
    held = get_choice(request)
    if request.GET.get("model", held.model) != held.model:
        held = Choice()
    added = {name: request.GET.get(name, "") for name in ("model", "paint", "tower")}
    return replace(held, **{name: slug for name, slug in added.items() if slug and slug.isprintable()})


def _paint(choice: Choice) -> Paint:
    if choice.paint:
        return get_paint(choice.model, choice.paint)
    return get_model(choice.model).paints.order_by("position")[0]


def _places(request: HttpRequest, paint: Paint) -> Sequence[Place]:
    city = request.GET.get("city", "")
    here = read_number(request.GET.get("latitude"), 90), read_number(request.GET.get("longitude"), 180)
    near = list_towers(*here) if None not in here or not city else list_towers_from_city(city)
    return [Place(item, _paints_at(paint, item.tower)) for item in near]


def _paints_at(paint: Paint, tower: Tower) -> frozenset[str]:
    return frozenset(vehicle.paint.slug for vehicle in vehicles_in_pool(paint.model, None, tower))


def _tower(choice: Choice, paint: Paint, places: Sequence[Place]) -> Tower:
    """Return the chosen tower, else the first on the page that has the car, else the first."""
    if choice.tower:
        return get_tower(choice.tower)
    having = [place.tower for place in places if paint.slug in place.paints]
    return (having or [places[0].tower])[0]


def _times(request: HttpRequest, choice: Choice, paint: Paint, tower: Tower) -> dict[str, Any]:
    model = get_model(choice.model)
    calendar = get_calendar(model, paint, tower)
    days = calendar.days()
    day = _day(request, choice, days)
    return {
        "model": model,
        "paint": paint,
        "paints": list(model.paints.order_by("position")),
        "tower": tower,
        "days": days,
        "day_now": day,
        "parts": list_parts(calendar.slots(day.day), tower),
        "chosen": choice.pickup_at,
        "rules": get_rules(tower, day.moment),
        "query": {name: request.GET[name] for name in ("latitude", "longitude", "city") if request.GET.get(name)},
    }


def _day(request: HttpRequest, choice: Choice, days: Sequence[Day]) -> Day:
    """Return the asked day, else that of the chosen time, else the first with a free time, else today."""
    wanted = read_day(request.GET.get("day"))
    found = [item for item in days if item.day == wanted]
    found += [item for item in days if wanted is None and _holds(item, choice.pickup_at)]
    return (found or [item for item in days if item.free] or [days[0]])[0]


def _holds(day: Day, moment: datetime | None) -> bool:
    return moment is not None and 0 <= (moment - day.moment).total_seconds() < 24 * 3600


def _terms(customer: Customer, choice: Choice) -> dict[str, Any]:
    pickup_at, tower = choice.pickup_at, get_tower(choice.tower)
    assert pickup_at is not None
    rules = get_rules(tower, pickup_at)
    held, answer = get_hold(customer, choice.model, choice.tower, pickup_at), answer_for(customer, choice)
    return {
        "paint": get_paint(choice.model, choice.paint),
        "model": get_model(choice.model),
        "tower": tower,
        "pickup_at": pickup_at,
        "periods": Periods.of(rules, pickup_at),
        "programme": rules,
        "terms": terms_of(rules),
        "held": held,
        "now": ports().clock.now(),
        "reasons": answer.reasons,
        "yes_from": answer.yes_from,
    }
