"""People who collect and bring back cars, as they should and as they should not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from vendrive.passes.claims import PassClaims, issue_pass
from vendrive.passes.pins import hash_pin
from vendrive.passes.sealing import seal_for
from vendrive.plant.machine import Car
from vendrive.plant.world import STREET, WorldRefused
from vendrive.simulation.kiosk import Kiosk, KioskDead
from vendrive.wire.errors import ErrorCode, Refused
from vendrive.wire.orders import Check, FaceCheck, HandOver, Limits, PinCheck, Vehicle

if TYPE_CHECKING:
    from vendrive.simulation.world import World

WINDOW_H = (1.0, 3.0)
# People are promised a time a little after their window opens, as retail does; most are early.
PROMISED = timedelta(minutes=2)
PIN = "493027"
# The share of people who do not heed a screen that names another bay.
HEEDLESS = 0.2
# A refusal that no waiting mends.
FINAL = frozenset(
    {
        ErrorCode.pass_used,
        ErrorCode.pass_cancelled,
        ErrorCode.pass_expired,
        ErrorCode.pass_wrong_tower,
        ErrorCode.verification_missing,
        ErrorCode.face_locked,
        ErrorCode.pin_locked,
    }
)


@dataclass
class Visit:
    """One drive: who may collect which car, and how far they have come."""

    drive: str
    person: str
    tag: str
    text: str
    method: str
    not_before: datetime
    not_after: datetime
    order: HandOver
    drove_off: bool = False
    brought_back: bool = False
    refused_with: str = ""

    @property
    def opens(self) -> datetime:
        """When its window opens, to the second as its pass says."""
        return self.not_before.replace(microsecond=0)

    @property
    def settled(self) -> bool:
        """Whether the pick-up has ended, served or refused."""
        return self.drove_off or bool(self.refused_with)


def vehicle(car: Car) -> Vehicle:
    """Return a car as retail knows it."""
    return Vehicle(
        vehicle_id=f"vehicle-{car.tag}",
        tag=car.tag,
        model_slug="lumen-s",
        model_name="Model",
        paint_name="Red",
        paint="#aa2211",
        plate=car.tag,
        length_mm=car.length_mm,
        width_mm=car.width_mm,
        height_mm=car.height_mm,
        mass_kg=car.mass_kg,
    )


def book(world: "World", rng: Random, car: Car, number: int) -> Visit:
    """Book a drive: retail orders the hand-over, the person holds a pass. A walk-up comes at once, unannounced."""
    walks_up = rng.random() < world.plan.walk_ups
    start = world.calendar() + timedelta(minutes=0 if walks_up else rng.uniform(1, 6))
    end = start + timedelta(hours=rng.uniform(*WINDOW_H) + world.plan.night_hours)
    drive, person = f"drive-{car.tag}-{number}", f"person-{car.tag}-{number}"
    method = "pin" if rng.random() < 0.1 else "face"
    order = HandOver(
        drive_id=drive,
        revision=1,
        pass_id=f"pass-{car.tag}-{number}",
        person_id=person,
        greeting="Ms Li",
        short_code=f"{car.tag}{number}".replace("-", "")[-8:],
        vehicle=vehicle(car),
        not_before=start,
        not_after=end,
        due_at=end + timedelta(days=3),
        check=_check(world, rng, person, method),
        limits=Limits(),
        programme_revision=1,
        promised_at=None if walks_up else start + PROMISED,
    )
    visit = Visit(drive, person, car.tag, "", method, start, end, order)
    world.visits[drive] = visit
    world.retail.order(order)
    visit.text = _pass(world, order)
    return visit


def extend(world: "World", visit: Visit, hours: float) -> None:
    """Retail gives a visit that waits a later end of its window."""
    until = world.calendar() + timedelta(hours=hours)
    visit.order = visit.order.model_copy(update={"revision": visit.order.revision + 1, "not_after": until})
    visit.not_after = until
    visit.text = _pass(world, visit.order)
    world.retail.order(visit.order)


def _check(world: "World", rng: Random, person: str, method: str) -> Check:
    if method == "pin":
        made: PinCheck = hash_pin(PIN, rng.randbytes(16))
        return made
    public, context = world.computer.sealing.public_key(), f"{person}/{world.computer.tower_id}"
    return FaceCheck(
        engine="by-name",
        threshold=0.5,
        sealed_template=seal_for(public, person.encode(), context, rng.randbytes(32)),
    )


def _pass(world: "World", order: HandOver) -> str:
    claims = PassClaims(
        order.pass_id,
        order.drive_id,
        order.person_id,
        world.computer.tower_id,
        order.not_before.replace(microsecond=0),
        order.not_after.replace(microsecond=0),
    )
    return issue_pass(claims, world.retail.key)


def forged(text: str) -> str:
    """Return a pass with one sign of its signature changed, far from the end, whose last bits say nothing."""
    at = len(text) - 10
    return f"{text[:at]}{'A' if text[at] != 'A' else 'B'}{text[at + 1 :]}"


class Driver:
    """One person with one drive, from the kiosk to the street and back."""

    def __init__(self, world: "World", visit: Visit, rng: Random) -> None:
        self.world = world
        self.visit = visit
        self.rng = rng
        self.car = world.truth.cars[visit.tag]
        self._patience_s = 60.0

    async def collect(self) -> bool:
        """Come, show the pass, drive off; False where it ended with a refusal."""
        visit, bay = self.visit, self._any_bay()
        while not visit.settled:
            named = ""
            try:
                await self.be_verified(Kiosk(self.world, bay))
                if not await self.world.habits.walks_away(bay):
                    await self._take_car(bay)
            except KioskDead:
                await self._come_again()
            except Refused as refusal:
                named = await self._named_bay(refusal)
                if not named:
                    await self._refused(refusal.code)
            bay = named or self._any_bay()
        return visit.drove_off

    async def bring_back(self) -> None:
        """Come back with the car until the tower has it."""
        bay = self._any_bay()
        while not self.visit.brought_back:
            named = ""
            try:
                await Kiosk(self.world, bay).bring_back(self.visit.text)
            except KioskDead:
                await self._come_again()
            except Refused as refusal:
                named = await self._named_bay(refusal)
                if not named:
                    await self._come_again()
            else:
                if await self.drive_in(bay):
                    await self._hand_in(bay)
            bay = named or self._any_bay()

    def _any_bay(self) -> str:
        return self.rng.choice(self.world.layout.bays).name

    async def _named_bay(self, refusal: Refused) -> str:
        """Go to the bay that the screen names; an empty string where it names none, and for some who don't read it."""
        named = str(refusal.details.get("bay", ""))
        if not named or self.rng.random() < HEEDLESS:
            return ""
        await self._pause(20, 60)
        return named

    def kiosk(self, bay: str) -> Kiosk:
        """Return the kiosk of a bay."""
        return Kiosk(self.world, bay)

    def has_patience(self) -> None:
        """Begin anew with short waits."""
        self._patience_s = 60.0

    async def be_verified(self, kiosk: Kiosk) -> None:
        """Show the pass and one's face, or type the PIN."""
        await kiosk.collect(self.visit.text)
        await self._pause(2, 15)
        if self.visit.method == "pin":
            await kiosk.pin(PIN)
        else:
            await kiosk.face(self.visit.person)

    async def _take_car(self, bay: str) -> None:
        """Wait for the door, walk in, drive out."""
        truth, body = self.world.truth, self.world.truth.bays[bay]

        def there() -> bool:
            return body.street.open and truth.car_at(bay) is self.car

        if not await self.world.until(there, 1200):
            return
        await self._pause(3, 20)
        if not self._tries(lambda: truth.enter(bay), f"{self.visit.person} walks into {bay}"):
            return
        await self.world.habits.linger(self, bay)
        await self._pause(15, 90)
        if there():
            self.world.invariants.drove_out(self.visit.person, self.visit.drive, self.car.tag, bay)
            self.visit.drove_off = True
            self._tries(lambda: truth.drive_out(bay), f"{self.visit.person} drives {self.car.tag} out of {bay}")
            self.world.register.tally.hand_overs += 1
        else:
            self._tries(lambda: truth.leave(bay), f"{self.visit.person} leaves {bay}")

    async def drive_in(self, bay: str) -> bool:
        """Wait for the door and drive in; False where that is not possible."""
        truth, body = self.world.truth, self.world.truth.bays[bay]
        if not await self.world.until(lambda: body.street.open and not truth.taken(bay), 170):
            return False
        await self._pause(3, 15)
        if not body.street.open or truth.taken(bay) or body.beside:
            return False
        crooked, backwards = self.world.habits.parks(self)
        self._tries(
            lambda: truth.drive_in(bay, self.car.tag, crooked, backwards), f"{self.visit.person} drives into {bay}"
        )
        await self._pause(10, 60)
        return self.car.where == bay

    async def _hand_in(self, bay: str) -> None:
        """Get out, leave the key, give one's word; put right what is wrong, or drive out again."""
        truth = self.world.truth
        self.world.habits.gets_out(self, bay)
        self._tries(lambda: truth.park(bay), f"{self.visit.person} parks in {bay}")
        await self._pause(3, 20)
        self._tries(lambda: truth.key(bay, True), "the key is in the box")
        await self.world.habits.linger(self, bay)
        await self._pause(3, 30)
        self._tries(lambda: truth.leave(bay), f"{self.visit.person} leaves {bay}")
        for _ in range(40):
            if not await self._gives_word(bay):
                await self._drive_out_again(bay)
                return
            if await self._is_taken(bay):
                return

    async def _is_taken(self, bay: str) -> bool:
        """Wait until the tower has the car; False where the kiosk asks for one's word again, as after a restart."""
        truth = self.world.truth

        def told() -> bool:
            return self.visit.drive in self.world.invariants.returned

        if await self.world.until(lambda: told() or not truth.bays[bay].street.open, 60) and not told():
            await self.world.until(told, 3600)
        if told() or self.car.where not in (bay, STREET):
            self.visit.brought_back = True
            self.world.register.tally.returns += told()
        return self.visit.brought_back or self.car.where == STREET

    async def _gives_word(self, bay: str) -> bool:
        kiosk = Kiosk(self.world, bay)
        for _ in range(12):
            await self._pause(3, 20)
            if self.car.where != bay:
                return True
            try:
                await kiosk.declare()
            except KioskDead:
                await self._pause(30, 90)
            except Refused as refusal:
                if not await self.world.habits.puts_right(self, bay, refusal.code):
                    return False
            else:
                return True
        return False

    async def _drive_out_again(self, bay: str) -> None:
        """The car is not taken in: its borrower drives it away and comes again."""
        truth, body = self.world.truth, self.world.truth.bays[bay]
        while self.car.where == bay:
            await self.world.until(lambda: body.street.open or self.car.where != bay, 1800)
            if body.street.open and self._tries(lambda: truth.enter(bay), f"{self.visit.person} walks into {bay}"):
                await self._pause(5, 20)
                self._tries(lambda: truth.drive_out(bay), f"{self.visit.person} drives {self.car.tag} out again")
        if self.car.where != STREET:
            self.visit.brought_back = True
        await self._pause(60, 300)

    async def _refused(self, code: ErrorCode) -> None:
        over = self.world.calendar() >= self.visit.not_after
        if code in FINAL or over:
            self.visit.refused_with = code.value
        await self._come_again()

    async def _come_again(self) -> None:
        """Try again, later each time: nobody stands before a kiosk for hours."""
        await self._pause(self._patience_s / 2, self._patience_s)
        self._patience_s = min(self._patience_s * 1.4, 1800.0)

    def _tries(self, act: Callable[[], object], told: str) -> bool:
        """Do something with one's hands; False where the world does not let one."""
        try:
            self.world.do(act, told)
        except WorldRefused as refused:
            self.world.register.note(f"not possible: {told}: {refused}")
            return False
        return True

    async def _pause(self, least_s: float, most_s: float) -> None:
        await asyncio.sleep(self.rng.uniform(least_s, most_s))
