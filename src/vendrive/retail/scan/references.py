"""Writes of the catalogue's reference views: what an operator uploads, what was shipped, and a new encoder."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.config import ports
from vendrive.retail.events.actions import record
from vendrive.retail.scan.index import pack, touch_index
from vendrive.retail.scan.models import KnownCar, ReferenceView
from vendrive.retail.scan.photos import keepsake
from vendrive.retail.scan.recognition import PROBLEMS, encoder, look_at, open_photo, slot
from vendrive.wire.errors import ErrorCode, Refused

MOST_VIEWS = 30
SHIPPED = "shipped"
STEP = 20
"""Photos that one wake-up of the worker encodes anew."""


@dataclass(frozen=True)
class Added:
    """What became of one uploaded photo: `problem` is None where it is a view now."""

    file: str
    problem: ErrorCode | None


def know_model(model: VehicleModel) -> KnownCar:
    """Return the known car of a catalogue model, made where it is missing."""
    found = model.known_as.order_by("slug").first()
    if found is not None:
        return found
    made, _ = KnownCar.objects.get_or_create(
        slug=model.slug,
        defaults={
            "make": model.brand.name,
            "make_zh": model.brand.name_zh,
            "name": model.name,
            "name_zh": model.name_zh,
            "label": f"{model.brand.name} {model.name}",
            "body": model.body,
            "model": model,
        },
    )
    return made


def add_views(staff: str, car: KnownCar, files: Iterable[tuple[str, bytes]]) -> Sequence[Added]:
    """Make views of uploaded photos (name, bytes), each by itself: one that is refused does not stop the others."""
    added = []
    for name, data in files:
        with slot():
            added.append(Added(name, _add_view(staff, car, data)))
    return added


def remove_view(staff: str, car: KnownCar, view_id: UUID) -> None:
    """Remove a view; one that is gone already is no mistake."""
    with transaction.atomic():
        gone, _ = ReferenceView.objects.filter(car=car, pk=view_id).delete()
        if gone:
            touch_index()
            record(f"staff:{staff}", "reference_removed", view_id, car=car.slug)


def put_shipped_views(encoder_name: str, vectors: NDArray[np.float32], cars: Sequence[str]) -> None:
    """Store views that come as unit vectors alone (N x D, and each row's car); what was shipped before goes.

    Where the very same were stored already, nothing changes.
    """
    now = ports().clock.now()
    rows = [
        ReferenceView(
            car_id=car,
            encoder=encoder_name,
            vector=packed,
            digest=hashlib.sha256(packed).hexdigest(),
            added_at=now,
            added_by=SHIPPED,
        )
        for car, packed in zip(cars, map(pack, vectors), strict=True)
    ]
    with transaction.atomic():
        shipped = ReferenceView.objects.filter(added_by=SHIPPED)
        if set(shipped.values_list("car_id", "digest")) == {(row.car_id, row.digest) for row in rows}:
            return
        shipped.delete()
        ReferenceView.objects.bulk_create(rows, ignore_conflicts=True)
        touch_index()


def follow_encoder() -> int:
    """Encode some views anew whose photo is kept and whose vector is another encoder's; return how many."""
    eye = encoder()
    stale = ReferenceView.objects.exclude(encoder=eye.name).exclude(photo_box=None)[:STEP]
    made = [(view, eye.encode(open_photo(view.photo))) for view in stale]
    with transaction.atomic():
        for view, vector in made:
            ReferenceView.objects.filter(pk=view.pk).update(encoder=eye.name, vector=pack(vector))
        if made:
            touch_index()
    return len(made)


def _add_view(staff: str, car: KnownCar, data: bytes) -> ErrorCode | None:
    try:
        seen = look_at(data)
    except Refused as refused:
        return refused.code
    if seen.sighting.problem is not None:
        return PROBLEMS[seen.sighting.problem]
    eye, kept = encoder(), keepsake(seen.photo, seen.sighting.box)
    view = ReferenceView(car=car, encoder=eye.name, digest=hashlib.sha256(data).hexdigest(), added_by=staff)
    # The vector is that of the kept photo, so that a new encoder starts from the very same.
    view.vector, view.photo, view.added_at = pack(eye.encode(open_photo(kept))), kept, ports().clock.now()
    with transaction.atomic():
        KnownCar.objects.select_for_update().get(pk=car.pk)
        views = ReferenceView.objects.filter(car=car)
        if views.filter(digest=view.digest).exists():
            return ErrorCode.photo_known
        if views.exclude(added_by=SHIPPED).count() >= MOST_VIEWS:
            return ErrorCode.photos_enough
        view.save()
        touch_index()
        record(f"staff:{staff}", "reference_added", view.id, car=car.slug, encoder=eye.name)
    return None
