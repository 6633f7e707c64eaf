"""HTTP of the kiosk: one page, its events, and the verbs of docs/contracts.md. Everything needs the kiosk's cookie."""

import asyncio
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vendrive.design.illustrations import draw_car
from vendrive.design.messages import LANGUAGES, Language, pick_language
from vendrive.design.templating import STATIC, environment
from vendrive.station.desk import Desk
from vendrive.station.faces import Faces
from vendrive.station.kiosk.state import explain, kiosk_state, refusal_json
from vendrive.station.link import Link
from vendrive.station.safety import Safety
from vendrive.wire.errors import ErrorCode, Refused

COOKIE = "vendrive_kiosk"
LANGUAGE_COOKIE = "vendrive_lang"
LARGEST_PICTURE = 3 * 1024 * 1024
LARGEST_JSON = 4096
EVENT_PERIOD_S = 0.25
KEEP_ALIVE_S = 10.0
HERE = Path(__file__).parent

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
        "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}

log = logging.getLogger(__name__)
B = TypeVar("B", bound="Body")


class Body(BaseModel):
    """A JSON body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PassBody(Body):
    """A QR text or a typed code."""

    text: str = Field(max_length=600)


class PinBody(Body):
    """A typed PIN."""

    pin: str = Field(max_length=12)


class DeclareBody(Body):
    """The borrower's word."""

    engine_off: bool
    key_in_box: bool
    nobody_inside: bool


class Kiosk:
    """The handlers over one desk."""

    def __init__(
        self, desk: Desk, safety: Safety, link: Link, faces: Faces, key: str, tower_id: str, scripts: Sequence[str] = ()
    ) -> None:
        self._desk = desk
        self._safety = safety
        self._link = link
        self._faces = faces
        self._key = key
        self._tower_id = tower_id
        self._scripts = tuple(scripts)
        self._ending = asyncio.Event()
        self._templates = environment(HERE / "templates", static_url=lambda path: f"/static/{path}")

    def end(self) -> None:
        """Let open event streams end, so that the server can."""
        self._ending.set()

    def application(self, extra_routes: Sequence[BaseRoute] = ()) -> ASGIApp:
        """Return the ASGI application, guarded."""
        routes: list[BaseRoute] = [
            Route("/", self._page),
            Route("/car.svg", self._car),
            Route("/events", self._events),
            self._verb("/collect/pass", self._collect_pass),
            self._verb("/collect/face", self._collect_face),
            self._verb("/collect/pin", self._collect_pin),
            self._verb("/return/pass", self._return_pass),
            self._verb("/return/declare", self._declare),
            self._verb("/cancel", self._cancel),
            self._verb("/frame", self._frame),
            self._verb("/stop", self._stop),
            self._verb("/help", self._help),
            Mount("/static/kiosk", StaticFiles(directory=HERE / "static")),
            Mount("/static", StaticFiles(directory=STATIC)),
            *extra_routes,
        ]
        return _Guard(Starlette(routes=routes), self._key)

    async def _page(self, request: Request) -> Response:
        chosen = request.query_params.get("lang")
        if chosen in LANGUAGES:
            answer = RedirectResponse("/", status_code=303)
            answer.set_cookie(LANGUAGE_COOKIE, chosen, httponly=True, samesite="strict")
            return answer
        template = self._templates.get_template("kiosk.html")
        return HTMLResponse(
            template.render(
                lang=_language(request),
                room="kiosk",
                tower_id=self._tower_id,
                bay=self._desk.side.name if len(self._desk.side.layout.bays) > 1 else "",
                scripts=self._scripts,
            )
        )

    async def _car(self, request: Request) -> Response:
        try:
            drawing = draw_car(request.query_params.get("model", ""), request.query_params.get("paint", ""))
        except (KeyError, ValueError):
            return Response(status_code=404)
        return Response(drawing, media_type="image/svg+xml")

    async def _events(self, request: Request) -> Response:
        return StreamingResponse(self._stream(_language(request)), media_type="text/event-stream")

    async def _stream(self, lang: Language) -> AsyncIterator[bytes]:
        shown, quiet_s = "", 0.0
        while not self._ending.is_set():
            state = json.dumps(kiosk_state(self._desk, self._link, lang).as_json(), ensure_ascii=False)
            if state != shown:
                shown, quiet_s = state, 0.0
                yield f"event: state\ndata: {state}\n\n".encode()
            elif quiet_s >= KEEP_ALIVE_S:
                quiet_s = 0.0
                yield b": still here\n\n"
            quiet_s += EVENT_PERIOD_S
            await self._pause(EVENT_PERIOD_S)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            pass

    async def _collect_pass(self, request: Request) -> dict[str, object]:
        body = await _json(request, PassBody)
        return {"method": self._desk.show_collect_pass(body.text).method}

    async def _collect_face(self, request: Request) -> dict[str, object]:
        await self._desk.show_face(await _picture(request))
        return {}

    async def _collect_pin(self, request: Request) -> dict[str, object]:
        await self._desk.type_pin((await _json(request, PinBody)).pin)
        return {}

    async def _return_pass(self, request: Request) -> dict[str, object]:
        self._desk.show_return_pass((await _json(request, PassBody)).text)
        return {}

    async def _declare(self, request: Request) -> dict[str, object]:
        body = await _json(request, DeclareBody)
        self._desk.declare(body.engine_off, body.key_in_box, body.nobody_inside)
        return {}

    async def _cancel(self, request: Request) -> dict[str, object]:
        self._desk.cancel()
        return {}

    async def _frame(self, request: Request) -> dict[str, object]:
        return {"text": await self._faces.code(await _picture(request))}

    async def _stop(self, request: Request) -> dict[str, object]:
        await self._safety.stop("kiosk")
        return {}

    async def _help(self, request: Request) -> dict[str, object]:
        await self._safety.call_help("kiosk")
        return {}

    def _verb(self, path: str, handle: Callable[[Request], Awaitable[dict[str, object]]]) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return JSONResponse(await handle(request))
            except Refused as refusal:
                return JSONResponse(refusal_json(refusal, _language(request)), status_code=409)

        return Route(path, endpoint, methods=["POST"])


class _Guard:
    """Asks every request for the kiosk's credential, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self._app = app
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        await self._answer(request)(scope, receive, send_guarded)

    def _answer(self, request: Request) -> ASGIApp:
        if self._is_key(request.cookies.get(COOKIE)):
            return self._app if _same_origin(request) else _refused(request, 403)
        if request.method == "GET" and request.url.path == "/" and self._is_key(request.query_params.get("key")):
            answer = RedirectResponse("/", status_code=303)
            answer.set_cookie(COOKIE, self._key, httponly=True, samesite="strict")
            return answer
        return _refused(request, 401)

    def _is_key(self, shown: str | None) -> bool:
        return shown is not None and hmac.compare_digest(shown.encode(), self._key.encode())


def _same_origin(request: Request) -> bool:
    """Whether a browser's own words (Sec-Fetch-Site, Origin) do not say that another site sent this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == f"{request.url.scheme}://{request.url.netloc}"


def _refused(request: Request, status: int) -> Response:
    shown = explain(ErrorCode.not_allowed, _language(request))
    return JSONResponse({"code": shown.code, "details": {}, "what": shown.what, "next": shown.next}, status)


def _language(request: Request) -> Language:
    return pick_language(request.headers.get("accept-language"), request.cookies.get(LANGUAGE_COOKIE))


async def _json(request: Request, kind: type[B]) -> B:
    try:
        return kind.model_validate_json(await _limited(request, LARGEST_JSON))
    except ValidationError:
        raise Refused(ErrorCode.request_invalid) from None


async def _picture(request: Request) -> bytes:
    body = await _limited(request, LARGEST_PICTURE)
    if not body:
        raise Refused(ErrorCode.picture_unreadable)
    return body


async def _limited(request: Request, most: int) -> bytes:
    """Return the body; refuses request_invalid before more than `most` bytes are taken."""
    taken = bytearray()
    async for chunk in request.stream():
        taken += chunk
        if len(taken) > most:
            raise Refused(ErrorCode.request_invalid)
    return bytes(taken)
