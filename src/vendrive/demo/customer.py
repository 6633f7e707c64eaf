"""A synthetic customer: a phone that speaks to retail, hands and a face at the kiosk, feet on the street."""

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

import httpx
import segno
from PIL import Image

from vendrive.clock import Clock
from vendrive.demo.people import DemoPerson
from vendrive.demo.running import TowerAddresses
from vendrive.demo.standins import ShownNotices
from vendrive.ids import new_uuid

FRAME = (640, 480)
POLL_S = 0.1
T = TypeVar("T")


class NotServed(Exception):
    """The customer could not go on; the message says what was asked and what was answered."""


class TooLate(NotServed):
    """Something did not happen in time."""


def wait_for(clock: Clock, condition: Callable[[], T | None], what: str, timeout_s: float) -> T:
    """Return the first true value of `condition`; raise TooLate, saying `what` did not happen."""
    deadline, pause = clock.monotonic() + timeout_s, Event()
    while True:
        value = condition()
        if value:
            return value
        if clock.monotonic() > deadline:
            raise TooLate(f"not within {timeout_s:.0f} s: {what}")
        pause.wait(POLL_S)


@dataclass
class Identity:
    """What the customer says of themselves; a demo person's, unless a test changes it."""

    name: str
    document_kind: str
    document: str
    licence_class: str
    licence_expiry: str
    birth_date: str | None = None

    @classmethod
    def of(cls, person: DemoPerson) -> "Identity":
        return cls(
            person.name_en,
            "identity_card",
            person.identity_number,
            person.licence_class,
            person.licence_expires.isoformat(),
        )


class Phone:
    """The phone: retail's customer API over HTTP, with a session cookie and the CSRF token."""

    def __init__(self, web: str, notices: ShownNotices) -> None:
        self._http = httpx.Client(base_url=web, timeout=30)
        self._notices = notices
        self._csrf = ""

    def sign_in(self, number: str, clock: Clock) -> None:
        """Ask for a one-time code, read it where the demo shows it, and sign in."""
        known = len(self._notices.read())
        self._csrf = self.get("/api/v1/session")["csrf"]
        self.send("POST", "/api/v1/session/code", {"phone": number})
        text = wait_for(clock, lambda: self._code(known, number), "a one-time code", 15)
        code = "".join(ch for ch in text if ch.isdigit())[:6]
        self._csrf = self.send("POST", "/api/v1/session", {"phone": number, "code": code})["csrf"]

    def get(self, path: str, **query: str) -> Any:
        """Return the JSON answer; raise NotServed where it is a refusal."""
        return self._answer(self._http.get(path, params=query))

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Send JSON; each call is a write of its own."""
        return self._answer(self._http.request(method, path, json=body, headers=self._headers()))

    def send_picture(self, path: str, jpeg: bytes) -> Any:
        """Send one JPEG as the body."""
        headers = self._headers() | {"Content-Type": "image/jpeg"}
        return self._answer(self._http.put(path, content=jpeg, headers=headers))

    def close(self) -> None:
        """Put the phone away."""
        self._http.close()

    def _code(self, known: int, number: str) -> str | None:
        fresh = [notice.text for notice in self._notices.read()[known:] if notice.to == number]
        return fresh[-1] if fresh else None

    def _headers(self) -> dict[str, str]:
        key = str(new_uuid())
        return {"X-CSRFToken": self._csrf, "Referer": str(self._http.base_url), "Idempotency-Key": key}

    def _answer(self, response: httpx.Response) -> Any:
        return _told(response, "retail")


class Visitor:
    """Somebody at a tower: the kiosk's touch screen and camera, and what people do with cars."""

    def __init__(self, tower: TowerAddresses) -> None:
        self._kiosk = httpx.Client(base_url=tower.kiosk, timeout=30, follow_redirects=True)
        self._street = httpx.Client(base_url=tower.world, timeout=30)
        self._kiosk.get("/", params={"key": tower.kiosk_key}).raise_for_status()

    def show_qr(self, text: str) -> str:
        """Hold a QR code before the camera and return what the station read."""
        read = self._kiosk.post("/frame", content=frame_of_qr(text), headers={"Content-Type": "image/jpeg"})
        return str(_told(read, "kiosk").get("text") or "")

    def show_face(self, photo: bytes) -> None:
        """Look into the camera."""
        jpeg = frame_of(Image.open(io.BytesIO(photo)))
        _told(self._kiosk.post("/collect/face", content=jpeg, headers={"Content-Type": "image/jpeg"}), "kiosk")

    def touch(self, path: str, **body: object) -> Any:
        """Press something on the kiosk's screen."""
        return _told(self._kiosk.post(path, json=body), "kiosk")

    def screen(self) -> dict[str, Any]:
        """Return what the kiosk shows now."""
        with self._kiosk.stream("GET", "/events") as events:
            for line in events.iter_lines():
                if line.startswith("data: "):
                    state: dict[str, Any] = json.loads(line.removeprefix("data: "))
                    return state
        raise NotServed("kiosk: the screen says nothing")

    def act(self, what: str, **body: object) -> dict[str, Any]:
        """Do something on the street or in the bay."""
        truth: dict[str, Any] = _told(self._street.post(f"/world/{what}", json=body), "street")
        return truth

    def look(self) -> dict[str, Any]:
        """Return what is true at the tower."""
        truth: dict[str, Any] = _told(self._street.get("/world"), "street")
        return truth

    def close(self) -> None:
        """Go away."""
        self._kiosk.close()
        self._street.close()


def frame_of_qr(text: str) -> bytes:
    """Return a camera frame (JPEG, 640 x 480) of a phone that shows `text` as a QR code."""
    png = io.BytesIO()
    segno.make(text, error="m", micro=False).save(png, kind="png", scale=6, border=4)
    return frame_of(Image.open(png))


def frame_of(picture: Image.Image) -> bytes:
    """Return a camera frame (JPEG, 640 x 480) with a picture in its middle."""
    frame = Image.new("RGB", FRAME, (208, 210, 212))
    scale = min((FRAME[0] - 40) / picture.width, (FRAME[1] - 20) / picture.height)
    shown = picture.convert("RGB").resize((int(picture.width * scale), int(picture.height * scale)))
    frame.paste(shown, ((FRAME[0] - shown.width) // 2, (FRAME[1] - shown.height) // 2))
    jpeg = io.BytesIO()
    frame.save(jpeg, "JPEG", quality=92)
    return jpeg.getvalue()


def _told(response: httpx.Response, who: str) -> Any:
    told = response.json() if response.content else None
    if response.is_success:
        return told
    said = told.get("what") or told.get("error") or told if isinstance(told, dict) else response.text[:200]
    code = f" [{told['code']}]" if isinstance(told, dict) and "code" in told else ""
    raise NotServed(f"{who} answered {response.status_code}{code}: {said}")
