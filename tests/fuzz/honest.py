"""An honest station beside the hostile clients: it reads and beats all the time, and measures how it is served."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.fuzz.hostile import Target
from tests.support.certificates import lay_certificate
from tests.support.plant import LAYOUT, TOWER, PlantProcess
from vendrive.clock import SystemClock
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.link import Link
from vendrive.station.machine import Machine
from vendrive.tower.layout import load_layout
from vendrive.wire.machine import Snapshot
from vendrive.wire.pki import trust

HOSTILE = "urn:vendrive:hostile"
STATION = f"urn:vendrive:station:{TOWER}"


class Honest:
    """The production client and link. `longest_s` is the longest time that the machine's heartbeat stood still."""

    def __init__(self, access: Access) -> None:
        self._clock = SystemClock()
        self._access = access
        self.link = Link(self.machine, self._clock)
        self.connected = 0
        self.longest_s = 0.0
        self._heartbeat = -1
        self._seen_s = 0.0

    def machine(self) -> OpcuaMachine:
        """Return another connection, not yet made."""
        return OpcuaMachine(self._access, load_layout(LAYOUT), self._clock)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the link until the block ends."""
        running = asyncio.create_task(self.link.run(self._connected, self._read))
        try:
            yield
        finally:
            self.link.end()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _connected(self, machine: Machine, snapshot: Snapshot) -> None:
        self.connected += 1

    async def _read(self, snapshot: Snapshot) -> None:
        if snapshot.plc.heartbeat != self._heartbeat:
            now = self._clock.monotonic()
            if self._seen_s:
                self.longest_s = max(self.longest_s, now - self._seen_s)
            self._heartbeat, self._seen_s = snapshot.plc.heartbeat, now


def met(plant: PlantProcess, folder: Path) -> tuple[Target, Honest]:
    """Pin an honest station and a hostile client at the plant, and return both."""
    station = lay_certificate(folder / "station" / "pki", STATION)
    hostile = lay_certificate(folder / "hostile" / "pki", HOSTILE)
    server = (plant.data / "pki" / "own.der").read_bytes()
    trust(folder / "station" / "pki", server)
    for own in (station, hostile):
        trust(plant.data / "pki", own.der)
    target = Target(plant.opcua, server, station.der, hostile, HOSTILE)
    return target, Honest(Access(plant.opcua, folder / "station" / "pki", STATION))
