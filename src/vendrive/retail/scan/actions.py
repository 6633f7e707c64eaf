"""Writes of a customer's scan: searching by a photo, picking what it was, and letting us keep the photo or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from vendrive.retail.config import keys, ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.events.actions import record
from vendrive.retail.fleet.models import Vehicle
from vendrive.retail.scan.index import search_views
from vendrive.retail.scan.models import KeptPhoto, KnownCar, Outcome, PhotoConsent, Scan, ScanTry
from vendrive.retail.scan.photos import keepsake
from vendrive.retail.scan.policies import LOOKED_AT, Ranked, rank
from vendrive.retail.scan.queries import has_photo_consent, offered_cars
from vendrive.retail.scan.recognition import PROBLEMS, Seen, encoder, look_at, slot
from vendrive.retail.scan.window import read_window_code
from vendrive.vision.cars import CarProblem
from vendrive.wire.errors import ErrorCode, Refused

# Who scans is nobody in the audit trail: neither photo nor person.
SHOP = "shop"
CONSENT_VERSION = "photo-1"
WINDOW = timedelta(minutes=10)
TRIES_PER_ADDRESS = 60
TRIES_KEPT = timedelta(days=1)
PHOTOS_KEPT = timedelta(days=365)
SCANS_KEPT = timedelta(days=400)
MS_PER_S = 1000
# What is said of a photo in which nothing was found; with a find it is said beside it.
_EXPLAINS_NOTHING_FOUND = (CarProblem.too_dark, CarProblem.too_blurred, CarProblem.too_small)


@dataclass(frozen=True)
class Found:
    """What a photo led to: a scan with its cars, or at a tower the very vehicle whose window code was in it."""

    scan: Scan
    vehicle: Vehicle | None = None


def find_car(data: bytes, address: str, customer: Customer | None = None) -> Found:
    """Search by a photo and forget it, unless `customer` lets us keep theirs; `address` is the caller's.

    Raise Refused: what is wrong with the photo (nothing is kept then), too_many_tries, busy_try_again,
    scan_unavailable.
    """
    _count_try(address)
    started = ports().clock.monotonic()
    try:
        with slot():
            seen = look_at(data)
            vehicle = read_window_code(seen.photo)
            if vehicle is not None:
                return Found(_store(Outcome.window, started, shown=[]), vehicle)
            return Found(_search(seen, started, customer))
    except Refused as refused:
        if refused.code.startswith("photo_"):
            _store(Outcome.refused, started, problem=refused.code.value, shown=[])
        raise


def pick_car(scan_id: UUID, slug: str | None) -> Scan:
    """Say which car it was, or none of those shown; a later pick replaces an earlier one. Raise Refused."""
    with transaction.atomic():
        scan = Scan.objects.select_for_update().filter(pk=scan_id).first()
        shown = [name for name, _ in scan.shown] if scan else []
        if scan is None or (slug is not None and slug not in shown):
            raise Refused(ErrorCode.request_invalid, scan=scan_id)
        scan.picked = KnownCar.objects.filter(pk=slug).first() if slug else None
        scan.none_of_these = slug is None
        scan.save(update_fields=["picked", "none_of_these"])
        record(SHOP, "scan_picked", scan.id, car=slug, place=shown.index(slug) + 1 if slug else None)
    return scan


def give_photo_consent(customer: Customer) -> None:
    """Allow keeping photos to train on; giving it twice changes nothing."""
    with transaction.atomic():
        _, given = PhotoConsent.objects.get_or_create(
            customer=customer,
            revoked_at=None,
            defaults={"text_version": CONSENT_VERSION, "given_at": ports().clock.now()},
        )
        if given:
            record(f"customer:{customer.id}", "photo_consent_given", customer.id, text=CONSENT_VERSION)


def revoke_photo_consent(customer: Customer) -> None:
    """Take the consent back; every photo that was kept is gone."""
    with transaction.atomic():
        # A photo that is being kept at this moment takes turns with this: see `_keep`.
        _lock_consent(customer)
        PhotoConsent.objects.filter(customer=customer, revoked_at=None).update(revoked_at=ports().clock.now())
        count, _ = KeptPhoto.objects.filter(customer=customer).delete()
        record(f"customer:{customer.id}", "photo_consent_revoked", customer.id, photos=count)


def delete_photo(customer: Customer, photo_id: UUID) -> None:
    """Delete one kept photo of the customer; one that is gone already is no mistake."""
    with transaction.atomic():
        count, _ = KeptPhoto.objects.filter(customer=customer, pk=photo_id).delete()
        if count:
            record(f"customer:{customer.id}", "photo_deleted", photo_id)


def forget_old() -> int:
    """Delete tries, photos and scans that are older than we say; return how many rows went."""
    now = ports().clock.now()
    gone, _ = ScanTry.objects.filter(at__lt=now - TRIES_KEPT).delete()
    photos, _ = KeptPhoto.objects.filter(at__lt=now - PHOTOS_KEPT).delete()
    scans, _ = Scan.objects.filter(at__lt=now - SCANS_KEPT).delete()
    return gone + photos + scans


def _search(seen: Seen, started: float, customer: Customer | None) -> Scan:
    eye, sighting = encoder(), seen.sighting
    if sighting.likelihood < eye.card.thresholds.car:
        raise Refused(PROBLEMS[sighting.problem or CarProblem.not_a_car])
    matches = search_views(eye.name, sighting.vector, LOOKED_AT)
    if not matches:
        raise Refused(ErrorCode.scan_unavailable)
    known = matches[0].score >= eye.card.thresholds.known
    if not known and sighting.problem in _EXPLAINS_NOTHING_FOUND:
        raise Refused(PROBLEMS[sighting.problem])
    kept = keepsake(seen.photo, sighting.box) if customer and has_photo_consent(customer) else None
    with transaction.atomic():
        scan = _store(
            Outcome.found if known else Outcome.unknown,
            started,
            shown=rank(matches, offered_cars()),
            hints=[PROBLEMS[sighting.problem].value] if sighting.problem else [],
            paint=sighting.paint.name.value,
            encoder=eye.name,
        )
        if customer and kept:
            _keep(customer, scan, kept)
    return scan


def _store(outcome: Outcome, started: float, shown: Sequence[Ranked], **fields: object) -> Scan:
    took = ports().clock.monotonic() - started
    with transaction.atomic():
        scan = Scan.objects.create(
            at=ports().clock.now(),
            outcome=outcome,
            shown=[[one.slug, round(one.score, 4)] for one in shown],
            took_ms=round(took * MS_PER_S),
            **fields,
        )
        best = shown[0] if shown else None
        record(
            SHOP,
            "car_scanned",
            scan.id,
            outcome=outcome.value,
            problem=scan.problem,
            car=best.slug if best and outcome == Outcome.found else None,
            offered=bool(best and best.offered),
            paint=scan.paint,
        )
    return scan


def _keep(customer: Customer, scan: Scan, jpeg: bytes) -> None:
    if not _lock_consent(customer):
        return
    kept = KeptPhoto(customer=customer, scan=scan, at=scan.at)
    kept.photo = jpeg
    kept.save()
    record(f"customer:{customer.id}", "photo_kept", kept.id)


def _lock_consent(customer: Customer) -> bool:
    """Lock the open consent until the transaction ends; return whether there is one."""
    open_one = PhotoConsent.objects.select_for_update().filter(customer=customer, revoked_at=None)
    return open_one.first() is not None


def _count_try(address: str) -> None:
    """Count one try; raise Refused (too_many_tries). Counted first, so that tries side by side see each other."""
    hashed, now = keys().fingerprint("address", address), ports().clock.now()
    ScanTry.objects.create(address_hash=hashed, at=now)
    if ScanTry.objects.filter(address_hash=hashed, at__gt=now - WINDOW).count() > TRIES_PER_ADDRESS:
        raise Refused(ErrorCode.too_many_tries)
