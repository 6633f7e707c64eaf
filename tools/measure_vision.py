"""Latency of finding a face, and which QR codes a camera reads: `python tools/measure_vision.py`.

Needs nothing but the synthetic people. The codes hold random text, as a phone shows it: error level L or M,
tilted by up to 6 degrees and a little in depth, unsharp (0.7 px) and noisy (4 grey levels).
"""

import argparse
import io
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import cv2
import numpy as np
import segno
from PIL import Image

from vendrive.demo.people import load_people
from vendrive.vision.faces import FaceEngine, FaceRefused
from vendrive.vision.images import Picture, read_image, read_qr

SIZES = ((640, 480), (1280, 720))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
EXAMPLE = """example:
  python tools/measure_vision.py --repeat 20
"""


@dataclass(frozen=True)
class CodeCase:
    """One kind of code: text length, error level, and the share of the frame's height it fills."""

    length: int
    level: str
    share: float


CASES = [CodeCase(length, level, share) for length in (300, 360, 420) for level in "lm" for share in (0.45, 0.6, 0.75)]


def on_frame(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture as high as the frame, on grey."""
    width, height = size
    frame = np.full((height, width, 3), 150, dtype=np.uint8)
    left = (width - height) // 2
    frame[:, left : left + height] = cv2.resize(picture, (height, height))
    return frame


def median_ms(action: Callable[[], object], repeat: int) -> float:
    """Median time of one call after one that does not count."""
    action()
    times = []
    for _ in range(repeat):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return statistics.median(times) * 1000


def attempt(engine: FaceEngine, frame: Picture) -> None:
    """One frame as the kiosk handles it: a face or a reason."""
    try:
        engine.find_one(frame)
    except FaceRefused:
        return


def code_frame(case: CodeCase, size: tuple[int, int], generator: np.random.Generator) -> tuple[str, Picture]:
    """The text, and the frame in which a phone shows its code."""
    text = "".join(generator.choice(list(LETTERS), case.length))
    out = io.BytesIO()
    segno.make(text, error=case.level, micro=False, boost_error=False).save(out, kind="png", scale=8, border=4)
    width, height = size
    side = int(height * case.share)
    code = Image.open(io.BytesIO(out.getvalue())).convert("L").resize((side, side), Image.Resampling.BOX)
    grey = np.full((height, width), 90, dtype=np.uint8)
    top, left = (height - side) // 2, (width - side) // 2
    grey[top : top + side, left : left + side] = np.asarray(code)
    turned = np.eye(3)
    turned[:2] = cv2.getRotationMatrix2D((width / 2, height / 2), generator.uniform(-6, 6), 1)
    # Depth around the middle of the frame, so that the code stays in view.
    depth, centre = np.eye(3), np.eye(3)
    depth[2, :2] = generator.uniform(-1e-4, 1e-4, 2) * 640 / width
    centre[:2, 2] = (-width / 2, -height / 2)
    matrix = np.linalg.inv(centre) @ depth @ centre @ turned
    seen = cv2.warpPerspective(grey, matrix, (width, height), borderValue=90)
    noisy = cv2.GaussianBlur(seen, (0, 0), 0.7) + generator.normal(0, 4, seen.shape)
    return text, np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)


def print_latency(repeat: int) -> None:
    """One row for a frame with a face, one without."""
    engine = FaceEngine()
    person = read_image(load_people()[0].photo(1))
    print("latency, median ms            face   no face   no QR code")
    for size in SIZES:
        empty = np.full((size[1], size[0], 3), 150, dtype=np.uint8)
        frames = (on_frame(person, size), empty)
        face, none = (median_ms(lambda f=frame: attempt(engine, f), repeat) for frame in frames)  # type: ignore[misc]
        code = median_ms(lambda f=frames[0]: read_qr(f), repeat)  # type: ignore[misc]
        print(f"{size[0]}x{size[1]:<22} {face:8.1f} {none:9.1f} {code:12.1f}")


def print_codes(repeat: int) -> None:
    """One row per kind of code: how many of `repeat` were read, and their size."""
    generator = np.random.default_rng(0)
    print("\nframe      characters level  of height  px per module   read   wrong")
    for size in SIZES:
        for case in CASES:
            text, read, wrong = "", 0, 0
            for _ in range(repeat):
                text, frame = code_frame(case, size, generator)
                got = read_qr(frame)
                read += got == text
                wrong += got not in (None, text)
            modules = segno.make(text, error=case.level, boost_error=False).symbol_size(border=4)[0]
            print(
                f"{size[0]}x{size[1]:<6} {case.length:9} {case.level.upper():>5} {case.share:11.2f} "
                f"{size[1] * case.share / modules:13.1f} {read:4}/{repeat} {wrong:6}"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints two tables; some two minutes for 20 repeats."""
    parser = argparse.ArgumentParser(
        description="Measure the latency of finding a face and which QR codes are read.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--repeat", type=int, default=20, help="how often each is measured")
    options = parser.parse_args(arguments)
    print_latency(options.repeat)
    print_codes(options.repeat)
    return 0


if __name__ == "__main__":
    sys.exit(main())
