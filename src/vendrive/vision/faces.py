"""One face in a picture to 128 numbers, and whether two of them are one person.

Detector, 5-point landmarks and ResNet are dlib's (https://dlib.net); the models lie in the package
`face_recognition_models` (CC0). Its 68-point model is not used: its licence excludes commercial use.
Thresholds and their error rates: docs/vision.md.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import dlib
import numpy as np
from numpy.typing import NDArray

from vendrive.vision.images import Picture
from vendrive.wire.errors import ErrorCode

Embedding = NDArray[np.float64]
"""128 numbers; the distance of two of them is Euclidean."""

ENGINE_NAME = "dlib-resnet-1"
DIMENSIONS = 128
LANDMARKS = 5
THRESHOLD = 0.52
MIN_FACE_PX = 70
MIN_BRIGHTNESS = 30.0

_MODELS = "face_recognition_models"
_LANDMARK_MODEL = "shape_predictor_5_face_landmarks.dat"
_RESNET_MODEL = "dlib_face_recognition_resnet_model_v1.dat"

_dlib: Any = dlib  # the wheel brings no type stubs

_HEADER = struct.Struct("<4sB")
_MAGIC = b"VFT1"


class Rectangle(Protocol):
    """dlib's rectangle, in px; it may reach outside the picture."""

    def left(self) -> int: ...
    def top(self) -> int: ...
    def width(self) -> int: ...
    def height(self) -> int: ...


class FaceProblem(StrEnum):
    """Why a picture does not show one usable face; each is also an `ErrorCode`."""

    no_face = "no_face"
    two_faces = "two_faces"
    face_too_small = "face_too_small"
    too_dark = "too_dark"


class FaceRefused(Exception):
    """The picture does not show exactly one usable face."""

    def __init__(self, problem: FaceProblem) -> None:
        super().__init__(problem.value)
        self.problem = problem

    @property
    def code(self) -> ErrorCode:
        """The code that the message catalogue explains to the person."""
        return ErrorCode(self.problem.value)


class ModelsMissing(RuntimeError):
    """The package with the model files is not installed."""


@dataclass(frozen=True)
class Face:
    """One face: its 128 numbers, and in px of the picture given its box (left, top, width, height)
    and five points: outer and inner corner of one eye, of the other eye, and the base of the nose."""

    embedding: Embedding
    box: tuple[int, int, int, int]
    points: tuple[tuple[int, int], ...]


class FaceEngine:
    """Finds one face and compares two. Loads its models once, in about half a second."""

    name: str = ENGINE_NAME
    threshold: float = THRESHOLD

    def __init__(self) -> None:
        folder = _models_folder()
        self._detector = _dlib.get_frontal_face_detector()
        self._landmarks = _dlib.shape_predictor(str(folder / _LANDMARK_MODEL))
        self._resnet = _dlib.face_recognition_model_v1(str(folder / _RESNET_MODEL))

    def find_one(self, image: Picture) -> Face:
        """The only face of the picture. Raises `FaceRefused`."""
        pixels = np.ascontiguousarray(image)
        rectangle = self._only_rectangle(pixels)
        if rectangle.width() < MIN_FACE_PX:
            raise FaceRefused(FaceProblem.face_too_small)
        if _brightness(pixels, rectangle) < MIN_BRIGHTNESS:
            raise FaceRefused(FaceProblem.too_dark)
        return self._describe(pixels, rectangle)

    def find_all(self, image: Picture) -> list[Face]:
        """Every face of some 40 px or more, largest first: for tools that prepare pictures."""
        pixels = np.ascontiguousarray(image)
        faces = [self._describe(pixels, rectangle) for rectangle in self._detector(pixels, 1)]
        return sorted(faces, key=lambda face: -face.box[2])

    def _describe(self, pixels: Picture, rectangle: Rectangle) -> Face:
        shape = self._landmarks(pixels, rectangle)
        embedding = np.asarray(self._resnet.compute_face_descriptor(pixels, shape), dtype=np.float64)
        box = (rectangle.left(), rectangle.top(), rectangle.width(), rectangle.height())
        points = tuple((shape.part(index).x, shape.part(index).y) for index in range(LANDMARKS))
        return Face(embedding, box, points)

    def _only_rectangle(self, pixels: Picture) -> Rectangle:
        # The detector finds faces from 73 px; a doubled picture, at four times the cost, is only looked at
        # to tell a small face from none.
        found: Sequence[Rectangle] = self._detector(pixels, 0) or self._detector(pixels, 1)
        if len(found) > 1:
            raise FaceRefused(FaceProblem.two_faces)
        if not found:
            dark = float(pixels.mean()) < MIN_BRIGHTNESS
            raise FaceRefused(FaceProblem.too_dark if dark else FaceProblem.no_face)
        return found[0]

    def distance(self, a: Embedding, b: Embedding) -> float:
        """Euclidean distance, 0 for the same picture, about 0.75 for two strangers."""
        return float(np.linalg.norm(a - b))

    def same_person(self, a: Embedding, b: Embedding) -> bool:
        """Whether the two are close enough for a false match rate of at most 1 in 1000 strangers."""
        return self.distance(a, b) <= self.threshold


def encode_template(embedding: Embedding, engine_name: str = ENGINE_NAME) -> bytes:
    """Version, engine and 128 float32 (error of a distance below 1e-6): 530 bytes for this engine."""
    _check(embedding)
    name = engine_name.encode("ascii")
    return _HEADER.pack(_MAGIC, len(name)) + name + embedding.astype("<f4").tobytes()


def decode_template(data: bytes, engine_name: str = ENGINE_NAME) -> tuple[str, Embedding]:
    """The engine and the embedding of `encode_template`.

    Raises ValueError for another format or engine (numbers of two engines do not compare), a wrong
    length, or numbers that are not finite.
    """
    prefix = _HEADER.pack(_MAGIC, len(engine_name)) + engine_name.encode("ascii")
    if not data.startswith(prefix):
        raise ValueError(f"not a face template of {engine_name}")
    body = data[len(prefix) :]
    if len(body) != DIMENSIONS * 4:
        raise ValueError(f"a face template of {len(body)} bytes, not of {DIMENSIONS * 4}")
    embedding = np.frombuffer(body, dtype="<f4").astype(np.float64)
    _check(embedding)
    return engine_name, embedding


def _check(embedding: Embedding) -> None:
    if embedding.shape != (DIMENSIONS,):
        raise ValueError(f"an embedding of shape {embedding.shape}, not of ({DIMENSIONS},)")
    if not np.isfinite(embedding).all():
        raise ValueError("an embedding with numbers that are not finite")


def _brightness(pixels: Picture, rectangle: Rectangle) -> float:
    """Mean of the face's pixels, 0 to 255."""
    top, left = rectangle.top(), rectangle.left()
    rows = slice(max(0, top), max(1, top + rectangle.height()))
    columns = slice(max(0, left), max(1, left + rectangle.width()))
    return float(pixels[rows, columns].mean())


def _models_folder() -> Path:
    # Importing the package fails on today's setuptools (it wants pkg_resources), so it is only looked up.
    spec = find_spec(_MODELS)
    if spec is None or spec.origin is None:
        raise ModelsMissing(f"the package {_MODELS} is not installed")
    return Path(spec.origin).parent / "models"
