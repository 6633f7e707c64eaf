"""The kiosk of one bay as people meet it: what they do there and what it answers."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from vendrive.simulation.crash import Crash
from vendrive.station.desk import Desk
from vendrive.wire.errors import Refused

if TYPE_CHECKING:
    from vendrive.simulation.world import World


class KioskDead(Exception):
    """The kiosk shows nothing: the station's program does not run."""


class Kiosk:
    """The verbs of a desk, at one bay. Refused and KioskDead tell why something had no effect."""

    def __init__(self, world: "World", bay: str) -> None:
        self._world = world
        self.bay = bay

    async def collect(self, text: str) -> None:
        """Show a pass to collect a car."""

        async def ask(desk: Desk) -> None:
            desk.show_collect_pass(text)

        await self._ask("collect", ask)

    async def face(self, name: str) -> None:
        """Look into the camera."""
        await self._ask(f"face {name}", lambda desk: desk.show_face(name.encode()))

    async def pin(self, typed: str) -> None:
        """Type a PIN."""
        await self._ask("pin", lambda desk: desk.type_pin(typed))

    async def bring_back(self, text: str) -> None:
        """Show a pass to bring a car back."""

        async def ask(desk: Desk) -> None:
            desk.show_return_pass(text)

        await self._ask("return", ask)

    async def declare(self) -> None:
        """Give one's word that the car may go in."""

        async def ask(desk: Desk) -> None:
            desk.declare(engine_off=True, key_in_box=True, nobody_inside=True)

        await self._ask("declare", ask)

    async def cancel(self) -> None:
        """Give up."""

        async def ask(desk: Desk) -> None:
            desk.cancel()

        await self._ask("cancel", ask)

    async def _ask(self, what: str, ask: Callable[[Desk], Awaitable[object]]) -> None:
        world = self._world
        session = world.session
        if session is None:
            raise KioskDead
        session.refresh()
        try:
            await ask(session.desks[self.bay])
            world.register.note(f"kiosk {self.bay} {what}")
        except Refused as refusal:
            world.register.note(f"kiosk {self.bay} {what}: {refusal.code.value}")
            world.register.decided(refused=True)
            raise
        except Crash as crash:
            world.kill_station(f"crash {crash}")
            raise KioskDead from crash
        finally:
            world.stir()
