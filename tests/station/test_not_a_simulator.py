"""Until liveness exists, a station takes no control of a machine that does not say that it is a simulator."""

from dataclasses import replace

from tests.station.conftest import TOWER, NamedFaces, World
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.station.machine import Machine
from vendrive.station.program import Station, build_station
from vendrive.tower.layout import load_layout
from vendrive.wire.errors import ErrorCode
from vendrive.wire.journal import Alarm, Started
from vendrive.wire.machine import Snapshot


class RealMachine(OpcuaMachine):
    """The plant over OPC UA, but for one node: it does not say that it is a simulator."""

    async def read(self) -> Snapshot:
        snapshot = await super().read()
        return replace(snapshot, plc=replace(snapshot.plc, simulator=False))


def station_before_a_real_machine(world: World) -> Station:
    access = Access(world.settings.machine_url, world.settings.pki, f"urn:vendrive:station:{TOWER}")
    layout = load_layout(world.settings.layout)

    def machine() -> Machine:
        return RealMachine(access, layout, world.clock)

    return build_station(world.settings, world.clock, faces=NamedFaces(), make_machine=machine)


def is_refused(station: Station) -> bool:
    events = [entry.event for entry in station.journal.entries()]
    return any(isinstance(event, Alarm) and event.name == ErrorCode.not_a_simulator for event in events)


def starts(station: Station) -> int:
    return sum(isinstance(entry.event, Started) for entry in station.journal.entries())


async def test_no_control_is_taken_of_a_machine_that_is_no_simulator(world: World) -> None:
    before = starts(world.station)
    await world.end()
    station = station_before_a_real_machine(world)
    async with station.running():
        await world.until(lambda: is_refused(station), "the station refuses the machine")
        assert starts(station) == before
        assert station.link.fresh is None
    assert world.plant.commands() == 0
