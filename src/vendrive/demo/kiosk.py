"""What the demo adds to a kiosk: a photo file in place of the camera, and buttons for what hands do on the street.

The station itself has none of this: these routes and the script are given to it by the demo's entry point.
"""

from collections.abc import Sequence
from pathlib import Path

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from vendrive.design.messages import pick_language, say

SCRIPTS = ("/demo/static/panel.js",)
ACTS = ("enter", "drive_out", "drive_in", "park", "key", "leave", "reset")
WORDS = ("panel", "photo", *ACTS)
LARGEST_BODY = 4096
_HERE = Path(__file__).parent / "kiosk_static"


def street_routes(world: str, language_cookie: str) -> Sequence[BaseRoute]:
    """Return the routes; `world` is the address of the plant's street."""
    street = httpx.AsyncClient(base_url=world, timeout=10)

    async def act(request: Request) -> Response:
        name, body = request.path_params["name"], await request.body()
        if name not in ACTS or len(body) > LARGEST_BODY:
            return JSONResponse({"error": "there is no such act"}, 404)
        answer = await street.post(f"/world/{name}", content=body)
        return JSONResponse(answer.json(), answer.status_code)

    async def look(request: Request) -> Response:
        answer = await street.get("/world")
        return JSONResponse(answer.json(), answer.status_code)

    async def words(request: Request) -> Response:
        lang = pick_language(request.headers.get("accept-language"), request.cookies.get(language_cookie))
        return JSONResponse({name: say(lang, f"demo.{name}") for name in WORDS})

    return (
        Route("/demo/words", words),
        Route("/demo/street", look),
        Route("/demo/street/{name}", act, methods=["POST"]),
        Mount("/demo/static", StaticFiles(directory=_HERE)),
    )
