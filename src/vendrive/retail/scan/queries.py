"""Reads of the scan: what is known, what can be had, what was found, what a customer let us keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.customers.models import Customer
from vendrive.retail.fleet.models import Tower, Vehicle, VehicleState
from vendrive.retail.scan.models import KeptPhoto, KnownCar, PhotoConsent, Scan
from vendrive.retail.scan.policies import Kind, Ranked, guess_kind, nearest, nearest_paint
from vendrive.wire.errors import ErrorCode, Refused

LENT = (VehicleState.pool, VehicleState.out)


@dataclass(frozen=True)
class Candidate:
    """A car that a photo may show: where it can be had, and in which of its paints it looks most like the photo."""

    car: KnownCar
    towers: Sequence[Tower]
    paint: Paint | None

    @property
    def offered(self) -> bool:
        """Whether a tower has it."""
        return bool(self.towers)


@dataclass(frozen=True)
class Offer:
    """A model that a tower has, in the paint that looks most like the photo."""

    model: VehicleModel
    paint: Paint


@dataclass(frozen=True)
class Result:
    """A scan as its page shows it: candidates best first, and models that can be had where none of them can."""

    scan: Scan
    candidates: Sequence[Candidate]
    kind: Kind | None
    instead: Sequence[Offer]


def access_scan(scan_id: UUID, own: Sequence[str]) -> Scan:
    """Return a scan that this session made; raise Refused (address_unknown), also for one of another session."""
    found = Scan.objects.filter(pk=scan_id).first() if str(scan_id) in own else None
    if found is None:
        raise Refused(ErrorCode.address_unknown)
    return found


def get_result(scan: Scan) -> Result:
    """Return what a scan found, with what stands in for it."""
    cars = {car.slug: car for car in _cars().filter(pk__in=[slug for slug, _ in scan.shown])}
    towers = _towers_by_model()
    found = [_candidate(cars[slug], towers, scan.paint) for slug, _ in scan.shown if slug in cars]
    if not found:
        return Result(scan, [], None, [])
    kind = _kind_of(scan, cars)
    # Under the best match, what is most like it; the candidates themselves are shown already.
    shown = {item.car.model_id for item in found if scan.outcome == "found"}
    instead = [] if scan.outcome == "found" and found[0].offered else _offers(kind, towers, scan.paint, shown)
    return Result(scan, found, kind, instead)


def get_known_car(slug: str, paint: str = "") -> Candidate:
    """Return one known car; raise Refused (request_invalid)."""
    car = _cars().filter(pk=slug).first()
    if car is None:
        raise Refused(ErrorCode.request_invalid, car=slug)
    return _candidate(car, _towers_by_model(), paint)


def list_offers_like(car: KnownCar, paint: str = "") -> Sequence[Offer]:
    """Return the models that a tower has and that are most like `car`."""
    return _offers(Kind(car.make, car.body), _towers_by_model(), paint, {car.model_id})


def offered_cars() -> set[str]:
    """Return the slugs of known cars that a tower has."""
    lent = Vehicle.objects.filter(state__in=LENT).values("model_id")
    return set(KnownCar.objects.filter(model_id__in=lent).values_list("slug", flat=True))


def has_photo_consent(customer: Customer) -> bool:
    """Say whether the customer lets us keep photos."""
    return PhotoConsent.objects.filter(customer=customer, revoked_at=None).exists()


def list_photos(customer: Customer) -> Sequence[KeptPhoto]:
    """Return what the customer let us keep, newest first."""
    return list(KeptPhoto.objects.filter(customer=customer).select_related("scan__picked").order_by("-at"))


def access_photo(customer: Customer, photo_id: UUID) -> bytes:
    """Return one kept photo of this customer as JPEG; raise Refused (request_invalid)."""
    found = KeptPhoto.objects.filter(customer=customer, pk=photo_id).first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, photo=photo_id)
    return found.photo


def _candidate(car: KnownCar, towers: Mapping[str, Sequence[Tower]], paint: str) -> Candidate:
    if car.model is None:
        return Candidate(car, [], None)
    return Candidate(car, towers.get(car.model.pk, []), _paint_like(car.model, paint))


def _offers(kind: Kind, towers: Mapping[str, Sequence[Tower]], paint: str, without: set[str | None]) -> Sequence[Offer]:
    models = {
        model.slug: model
        for model in VehicleModel.objects.filter(pk__in=set(towers) - without)
        .select_related("brand")
        .prefetch_related("paints")
        .order_by("brand__position", "position")
    }
    kinds = {slug: Kind(model.brand.name, model.body) for slug, model in models.items()}
    chosen = [(models[slug], _paint_like(models[slug], paint)) for slug in nearest(kind, kinds)]
    return [Offer(model, found) for model, found in chosen if found]


def _paint_like(model: VehicleModel, seen: str) -> Paint | None:
    paints = {paint.slug: paint for paint in sorted(model.paints.all(), key=lambda paint: paint.position)}
    if not paints:
        return None
    found = nearest_paint(seen, [(paint.slug, paint.colour) for paint in paints.values()])
    return paints[found or next(iter(paints))]


def _kind_of(scan: Scan, cars: Mapping[str, KnownCar]) -> Kind:
    ranked = [Ranked(slug, score, False) for slug, score in scan.shown if slug in cars]
    kinds = {slug: Kind(car.make, car.body) for slug, car in cars.items()}
    return kinds[ranked[0].slug] if scan.outcome == "found" else guess_kind(ranked, kinds)


def _cars() -> "QuerySet[KnownCar]":
    return KnownCar.objects.select_related("model__brand").prefetch_related("model__paints")


def _towers_by_model() -> Mapping[str, Sequence[Tower]]:
    found: dict[str, list[Tower]] = {}
    lent = Vehicle.objects.filter(state__in=LENT).select_related("tower")
    for vehicle in lent.distinct("tower_id", "model_id").order_by("tower_id", "model_id"):
        found.setdefault(vehicle.model_id, []).append(vehicle.tower)
    return found
