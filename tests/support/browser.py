"""A real browser for tests: Debian's Chromium with a film for a camera, and a watch for what a page complains of."""

import io
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, Request, Response

from vendrive.demo.camera_file import make_camera

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FPS = 5
RESULTS = Path(__file__).parents[2] / "test-results"
WIDEST = 1600
GAP = 40
GROUND = (228, 224, 214)


@contextmanager
def chromium(playwright: Playwright, film: Path | None = None) -> Iterator[Browser]:
    """Run a browser of its own; `film` is what its camera sees, and nobody is asked whether it may."""
    seen = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    arguments = [*QUIET, *(seen if film else [])]
    browser = playwright.chromium.launch(executable_path=Path(CHROMIUM or ""), args=arguments)
    try:
        yield browser
    finally:
        browser.close()


def make_film(path: Path, *scenes: tuple[bytes, float]) -> Path:
    """Write what a camera sees: each picture file for its seconds, again and again."""
    pictures = [
        (np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"), np.uint8), seconds) for picture, seconds in scenes
    ]
    make_camera(path, pictures, FPS)
    return path


class Watch:
    """Collects what the pages of a context complain of: errors, broken policies, requests that failed."""

    def __init__(self, context: BrowserContext, forgiven: Sequence[str] = ()) -> None:
        """`forgiven` are ends of addresses whose refusal (409) belongs to the walk."""
        self.complaints: list[str] = []
        self._forgiven = tuple(forgiven)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("requestfailed", self._miss)
        context.on("response", self._read)

    def _hear(self, message: ConsoleMessage) -> None:
        # What was answered is judged by _read; Chromium repeats it as a message without its status as a number.
        answered = message.text.startswith("Failed to load resource: the server responded with a status of")
        if message.type in ("error", "warning") and not answered:
            self.complaints.append(f"{message.type}: {message.text} at {message.location}")

    def _miss(self, request: Request) -> None:
        # The browser gives up what a page still waits for when somebody leaves the page: not a failure of ours.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _read(self, response: Response) -> None:
        forgiven = response.status == 409 and response.url.endswith(self._forgiven)
        if response.status >= 400 and not forgiven:
            self.complaints.append(f"{response.request.method} {response.url}: {response.status}")


def keep(page: Page | Locator, name: str) -> Path:
    """Take a picture of what the window shows, into test-results/."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    page.screenshot(path=path)
    return path


def compose(pictures: Sequence[Path], path: Path) -> None:
    """Set pictures side by side at one height."""
    opened = [Image.open(picture).convert("RGB") for picture in pictures]
    room = WIDEST - GAP * (len(opened) + 1)
    height = int(room / sum(picture.width / picture.height for picture in opened))
    small = [
        picture.resize((picture.width * height // picture.height, height), Image.Resampling.LANCZOS)
        for picture in opened
    ]
    ground = Image.new("RGB", (WIDEST, height + 2 * GAP), GROUND)
    left = GAP
    for picture in small:
        ground.paste(picture, (left, GAP))
        left += picture.width + GAP
    ground.save(path, optimize=True)


def publish(pictures: dict[str, Path]) -> None:
    """Copy the pictures, and one of all, to the folder that VENDRIVE_SCREENSHOTS names, if it does."""
    folder = os.environ.get("VENDRIVE_SCREENSHOTS")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        shutil.copy(picture, Path(folder) / f"{name}.png")
    compose(list(pictures.values()), Path(folder) / "journey.png")
