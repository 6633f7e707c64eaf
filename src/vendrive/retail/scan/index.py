"""All reference views as one matrix in each process, read again when somebody changed the views."""

import threading
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from vendrive.ids import new_uuid
from vendrive.retail.scan.models import IndexVersion, ReferenceView
from vendrive.vision.views import Match, Vector, ViewIndex

_VECTOR = "<f2"
_lock = threading.Lock()


@dataclass(frozen=True)
class _Held:
    encoder: str
    mark: UUID | None
    index: ViewIndex


_held: list[_Held] = []


def search_views(encoder: str, query: Vector, top: int) -> list[Match]:
    """Return the `top` known cars by their most similar view, best first, among the views of that encoder."""
    return current_index(encoder, len(query)).search(query, top)


def current_index(encoder: str, dimensions: int) -> ViewIndex:
    """Return the index of the committed views; one process builds it once for each change."""
    # Read before the views: an index that is newer than its mark is only built once more.
    mark = IndexVersion.objects.filter(pk=1).values_list("mark", flat=True).first()
    with _lock:
        if not _held or (_held[0].encoder, _held[0].mark) != (encoder, mark):
            _held[:] = [_Held(encoder, mark, _build(encoder, dimensions))]
        return _held[0].index


def touch_index() -> None:
    """Say that views changed; to be called in the transaction of the change."""
    IndexVersion.objects.update_or_create(pk=1, defaults={"mark": new_uuid()})


def pack(vector: Vector) -> bytes:
    """Return a unit vector as it is stored: half precision, whose cosines are off by less than 0.001."""
    return vector.astype(_VECTOR).tobytes()


def _build(encoder: str, dimensions: int) -> ViewIndex:
    rows = ReferenceView.objects.filter(encoder=encoder).order_by("car_id", "id").values_list("car_id", "vector")
    cars: list[str] = []
    vectors = np.empty((len(rows), dimensions), np.float32)
    for number, (car, packed) in enumerate(rows):
        vectors[number] = np.frombuffer(bytes(packed), _VECTOR)
        cars.append(car)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return ViewIndex(vectors, cars)
