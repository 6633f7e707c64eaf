"""How far the face before the kiosk is from the template of a drive."""

import asyncio
from typing import Protocol

from vendrive.vision.faces import FaceEngine, FaceRefused, decode_template
from vendrive.vision.images import Unreadable, read_image, read_qr
from vendrive.wire.errors import ErrorCode, Refused


class Faces(Protocol):
    """What a station needs of pictures. Refusals: picture_unreadable, no_face, two_faces, face_too_small, too_dark."""

    @property
    def engine(self) -> str:
        """The engine's name; templates of another one do not compare."""
        ...

    async def distance(self, picture: bytes, template: bytes) -> float:
        """Return the distance of the only face in the picture to the template, in the engine's own unit."""
        ...

    async def code(self, picture: bytes) -> str | None:
        """Return the text of the QR code in the picture."""
        ...


class DlibFaces:
    """The engine of `vendrive.vision`, off the loop and one picture at a time; its models load at the first face."""

    engine = FaceEngine.name

    def __init__(self) -> None:
        self._loaded: FaceEngine | None = None
        self._one_at_a_time = asyncio.Lock()

    async def distance(self, picture: bytes, template: bytes) -> float:
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._distance, picture, template)

    async def code(self, picture: bytes) -> str | None:
        async with self._one_at_a_time:
            return await asyncio.to_thread(_code, picture)

    def _distance(self, picture: bytes, template: bytes) -> float:
        self._loaded = self._loaded or FaceEngine()
        try:
            _, wanted = decode_template(template)
            return self._loaded.distance(self._loaded.find_one(read_image(picture)).embedding, wanted)
        except FaceRefused as error:
            raise Refused(error.code) from error
        except Unreadable as error:
            raise Refused(ErrorCode.picture_unreadable) from error
        except ValueError as error:
            raise Refused(ErrorCode.verification_missing) from error


def _code(picture: bytes) -> str | None:
    try:
        return read_qr(read_image(picture))
    except Unreadable as error:
        raise Refused(ErrorCode.picture_unreadable) from error
