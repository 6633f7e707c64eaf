"""One synthetic customer walks the whole journey, step by step, and each step is timed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from vendrive.demo.customer import Identity, NotServed, Phone, Visitor, wait_for
from vendrive.demo.people import DemoPerson
from vendrive.demo.running import Demo
from vendrive.demo.standins import NOTICES, ShownNotices
from vendrive.ids import read_code
from vendrive.wire.errors import ErrorCode

BAY = "B1"
MOTION_WITHIN_S = 400.0
# Whoever comes so early sees the machine work: later the car waits in its bay.
EARLY = timedelta(minutes=12)
LOAN_LEFT = timedelta(hours=2)
TIME_TO_DECIDE = timedelta(minutes=2)


@dataclass(frozen=True)
class Wish:
    """What the customer wants; the first paint of the model where none is said."""

    model: str = "polestar-2"
    tower: str = "shanghai"


class StepFailed(Exception):
    """A step of the journey failed; `step` names it."""

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(f"step {step!r} failed: {reason}")
        self.step = step
        self.reason = reason


@dataclass(frozen=True)
class Timed:
    """A step that was done: what happened, and how many seconds it took."""

    step: str
    told: str
    took_s: float


@dataclass
class Journey:
    """The customer's state on the way. Tests change it between steps to plant a fault."""

    demo: Demo
    person: DemoPerson
    machine_speed: float = 1.0
    patience_s: float = 15.0
    wish: Wish = Wish()
    number: str = ""
    identity: Identity = field(init=False)
    selfie: bytes = field(init=False)
    face_at_kiosk: bytes = field(init=False)
    model: dict[str, Any] = field(default_factory=dict)
    paint: str = ""
    pickup_at: str = ""
    drive: dict[str, Any] = field(default_factory=dict)
    car: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.number = self.number or self.person.phone
        self.identity = Identity.of(self.person)
        self.selfie, self.face_at_kiosk = self.person.photo(1), self.person.photo(3)
        self.phone = Phone(self.demo.web, ShownNotices(self.demo.folder.root / NOTICES))
        self.visitor = Visitor(self.demo.towers[self.wish.tower])

    @property
    def steps(self) -> Mapping[str, Callable[[], str]]:
        """Return the steps in order; each answers what happened."""
        return {
            "sign in": self._sign_in,
            "choose": self._choose,
            "introduce": self._introduce,
            "eligible": self._eligible,
            "book": self._book,
            "ready at the tower": self._ready,
            "verify": self._verify,
            "deliver": self._deliver,
            "drive off": self._drive_off,
            "three days": self._three_days,
            "bring back": self._bring_back,
            "store": self._store,
            "buy": self._buy,
        }

    def walk(self, before: Mapping[str, Callable[["Journey"], None]] | None = None) -> Iterator[Timed]:
        """Do each step and yield it; `before` runs ahead of a step. Raise StepFailed."""
        clock = self.demo.calendar
        for name, step in self.steps.items():
            started = clock.monotonic()
            try:
                if before and name in before:
                    before[name](self)
                told = step()
            except (NotServed, httpx.HTTPError, KeyError, IndexError) as error:
                raise StepFailed(name, f"{type(error).__name__}: {error}") from error
            yield Timed(name, told, clock.monotonic() - started)

    def close(self) -> None:
        """End the connections."""
        self.phone.close()
        self.visitor.close()

    def _sign_in(self) -> str:
        self.phone.sign_in(self.number, self.demo.calendar)
        return f"{self.number} with a one-time code"

    def _choose(self) -> str:
        models = {model["slug"]: model for model in self.phone.get("/api/v1/catalogue")["models"]}
        nearest = self.phone.get("/api/v1/towers", city=self.wish.tower)[0]["slug"]
        self.model = models[self.wish.model]
        self.paint, self.pickup_at = self._first_free(nearest)
        return f"{self.model['name']} in {self.paint} at {nearest}, {self.pickup_at}"

    def _introduce(self) -> str:
        self.phone.send("PUT", "/api/v1/me", vars(self.identity))
        self.phone.send("POST", "/api/v1/me/face-consent")
        proof = self.phone.send_picture("/api/v1/me/face", self.selfie)["proof"]
        if proof != "yes":
            raise NotServed(f"the proof of identity answered {proof}")
        return "identity number, licence, consent and selfie: the face holds the document"

    def _eligible(self) -> str:
        answer = self.phone.get(
            "/api/v1/eligibility", model=self.wish.model, tower=self.wish.tower, pickup_at=self.pickup_at
        )
        if not answer["eligible"]:
            raise NotServed(", ".join(reason["code"] for reason in answer["reasons"]))
        return "member, credit at least 700, licence, quota"

    def _book(self) -> str:
        body = {
            "model": self.wish.model,
            "paint": self.paint,
            "tower": self.wish.tower,
            "pickup_at": self.pickup_at,
        }
        booked = self.phone.send("POST", "/api/v1/drives", body)
        self.drive = self._drive(booked["drive_id"])
        return f"drive {self.drive['drive_id']}, code {self.drive['short_code']}"

    def _ready(self) -> str:
        self._wait_for_state("ready", self.patience_s)
        self.demo.calendar.advance_to(datetime.fromisoformat(self.pickup_at) - EARLY)
        return "the station holds the pass"

    def _verify(self) -> str:
        text = self.visitor.show_qr(self.drive["pass_text"])
        self._show_pass("/collect/pass", text)
        self.visitor.show_face(self.face_at_kiosk)
        return "QR code and face, by the station alone"

    def _deliver(self) -> str:
        before = self.visitor.look()["commands"]
        self._wait_for_screen("presented", self._motion_s)
        bay = self.visitor.look()["bays"][BAY]
        self.car = self.visitor.look()["cars"][bay["vehicle"]]
        return f"car {self.car['tag']} in {BAY} after {self.visitor.look()['commands'] - before} moves, door open"

    def _drive_off(self) -> str:
        self.visitor.act("enter", bay=BAY)
        self.visitor.act("drive_out", bay=BAY)
        self._wait_for_state("out", self._motion_s)
        return f"due back {self.drive['due_at']}"

    def _three_days(self) -> str:
        due = datetime.fromisoformat(self.drive["due_at"])
        return f"the demo calendar says {self.demo.calendar.advance_to(due - LOAN_LEFT):%Y-%m-%d %H:%M} UTC"

    def _bring_back(self) -> str:
        self._show_pass("/return/pass", read_code(self.drive["short_code"]))
        self._wait_for_screen("drive_in", self._motion_s)
        self._wait_for_door("open")
        self.visitor.act("drive_in", bay=BAY, tag=self.car["tag"])
        self.visitor.act("park", bay=BAY)
        self.visitor.act("key", bay=BAY, in_box=True)
        self.visitor.act("leave", bay=BAY)
        self._wait_for_screen("declare", self._motion_s)
        return "tag, sizes, mass, engine, key and cabin are right"

    def _store(self) -> str:
        self.visitor.touch("/return/declare", engine_off=True, key_in_box=True, nobody_inside=True)
        self._wait_for_state("returned", self._motion_s)
        return f"in slot {self.visitor.look()['cars'][self.car['tag']]['where']}"

    def _buy(self) -> str:
        self.order = self.phone.send("POST", f"/api/v1/drives/{self.drive['drive_id']}/buy")
        if self.order["state"] != "placed":
            raise NotServed(f"the order is {self.order['state']}")
        down = self.order["down_payment_minor"] / 100
        return f"{down:,.2f} {self.order['currency']} down (demo price), the car leaves the pool"

    def _show_pass(self, path: str, text: str) -> None:
        """Show the pass, waiting for the customer before to be gone."""

        def taken() -> bool:
            try:
                self.visitor.touch(path, text=text)
            except NotServed as refusal:
                if ErrorCode.kiosk_busy not in str(refusal):
                    raise
                return False
            return True

        wait_for(self.demo.calendar, taken, "the kiosk is free", self._motion_s)

    @property
    def _motion_s(self) -> float:
        return self.patience_s + MOTION_WITHIN_S / self.machine_speed

    def _first_free(self, tower: str) -> tuple[str, str]:
        """Return the paint and the first pick-up time at which the wished model is free."""
        soon = self.demo.calendar.now() + TIME_TO_DECIDE
        today = soon.date()
        for days in range(4):
            for paint in self.model["paints"]:
                times = self.phone.get(
                    "/api/v1/pickup-times",
                    model=self.wish.model,
                    tower=tower,
                    day=(today + timedelta(days=days)).isoformat(),
                    paint=paint["slug"],
                )
                free = [t["at"] for t in times if t["left"] > 0 and datetime.fromisoformat(t["at"]) > soon]
                if free:
                    return str(paint["slug"]), str(free[0])
        raise NotServed("no pick-up time is free")

    def _drive(self, drive_id: str) -> dict[str, Any]:
        drive: dict[str, Any] = self.phone.get(f"/api/v1/drives/{drive_id}")
        return drive

    def _wait_for_state(self, state: str, timeout_s: float) -> None:
        def reached() -> bool:
            self.drive = self._drive(self.drive["drive_id"]) | {"pass_text": self.drive["pass_text"]}
            return bool(self.drive["state"] == state)

        wait_for(self.demo.calendar, reached, f"the drive is {state} (it is {self.drive['state']})", timeout_s)

    def _wait_for_screen(self, screen: str, timeout_s: float) -> None:
        def shown() -> bool:
            now = self.visitor.screen()
            if now["screen"] in ("refused", "stopped"):
                raise NotServed(f"the kiosk shows {now['screen']}: {(now['error'] or {}).get('what', '')}")
            return bool(now["screen"] == screen)

        wait_for(self.demo.calendar, shown, f"the kiosk shows {screen}", timeout_s)

    def _wait_for_door(self, state: str) -> None:
        def reached() -> bool:
            return bool(self.visitor.look()["bays"][BAY]["street_door"] == state)

        wait_for(self.demo.calendar, reached, f"the street door of {BAY} is {state}", self._motion_s)
