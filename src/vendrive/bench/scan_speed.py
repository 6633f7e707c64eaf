"""How long a photo takes on one core, from the bytes of a phone's file to ranked models."""

import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from vendrive.bench.figures import Figure, Target
from vendrive.bench.progress import Bar
from vendrive.clock import SystemClock
from vendrive.vision.cars import CarEncoder
from vendrive.vision.photos import read_photo
from vendrive.vision.training.others import picture
from vendrive.vision.views import Vectors, ViewIndex

PHONE = (4032, 3024)
CATALOGUE, VIEWS = 168, 10
MANY, MANY_MODELS = 100_000, 10_000
P95 = 0.95
MS = 1000


def speeds(quick: bool, bar: Bar) -> Iterator[Figure]:
    """The three rows of time. OpenCV and ONNX Runtime are held to one thread."""
    cv2.setNumThreads(1)
    eye = CarEncoder()
    index = _index(CATALOGUE * VIEWS, CATALOGUE, eye.dimensions)

    def answerer(data: bytes) -> Callable[[], object]:
        return lambda: index.search(eye.see(read_photo(data)).vector, 5)

    for share, kind, limit, written, count in (
        (0.9, "jpeg", 150, ("JPEG", 90), 5 if quick else 40),
        (0.94, "heic", 900, ("HEIF", 60), 2 if quick else 15),
    ):
        bar.show(share, f"a photo of a phone, {kind}")
        data = _phone_photo(*written)
        size = f"one file of {len(data) / 1e6:.1f} MB, {PHONE[0]} x {PHONE[1]}"
        yield _timed(f"photo_{kind}_p95_ms", limit, answerer(data), count, quick, size)
    bar.show(0.98, "search")
    large = _index(MANY, MANY_MODELS, eye.dimensions)
    queries = iter(_units(200, eye.dimensions))
    note = f"{MANY} views of {MANY_MODELS} models, {eye.dimensions} numbers each"
    yield _timed("search_p95_ms", 20, lambda: large.search(next(queries), 10), 40 if quick else 150, quick, note)


def _timed(name: str, limit: float, work: Callable[[], object], count: int, quick: bool, note: str) -> Figure:
    clock = SystemClock()
    work()
    walls, cores = [], []
    for _ in range(count):
        wall, core = clock.monotonic(), time.process_time()
        work()
        walls.append((clock.monotonic() - wall) * MS)
        cores.append((time.process_time() - core) * MS)
    # A busy machine lengthens the time on the wall, not the processor's.
    said = f"{'quick: fewer; ' * quick}{note}; median {np.median(walls):.1f}; processor time p95 {_p95(cores):.1f}"
    return Figure(name, round(_p95(walls), 1), Target("<=", limit), count, said)


def _p95(values: Sequence[float]) -> float:
    return float(np.quantile(values, P95))


def _index(views: int, models: int, dimensions: int) -> ViewIndex:
    return ViewIndex(_units(views, dimensions), [f"model {row % models}" for row in range(views)])


def _units(count: int, dimensions: int) -> Vectors:
    vectors = np.random.default_rng(count).standard_normal((count, dimensions), dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _phone_photo(form: str, quality: int) -> bytes:
    """A drawn street with something like a car, and the grain of a camera: as heavy to decode as a photo."""
    image = picture("street", 1, 1008).resize(PHONE, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((1200, 1700, 3000, 2300), 250, fill=(140, 20, 30))
    pen.rounded_rectangle((1600, 1350, 2600, 1800), 250, fill=(60, 70, 80))
    for x in (1600, 2600):
        pen.ellipse((x - 190, 2150, x + 190, 2530), fill=(20, 20, 22))
    grain = np.random.default_rng(1).normal(0, 8, (PHONE[1] // 2, PHONE[0] // 2, 1)).repeat(2, 0).repeat(2, 1)
    pixels = np.clip(np.asarray(image.filter(ImageFilter.GaussianBlur(1.5)), dtype=np.float32) + grain, 0, 255)
    out = BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(out, form, quality=quality)
    return out.getvalue()
