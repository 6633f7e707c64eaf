"""An OPC UA server with a machine's address space and nothing behind it, in virtual time: a test sets its values."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.server.server import Server

from tests.support.certificates import lay_certificate
from vendrive.clock import Clock
from vendrive.simulation.library_time import library_reads
from vendrive.station.adapters.opcua.machine import Access, OpcuaMachine
from vendrive.tower.layout import Layout
from vendrive.wire.machine import NAMESPACE, Bay, Lift, Part, Plc, Slot, nodes_of
from vendrive.wire.pki import trust

URL = "opc.tcp://127.0.0.1:4840/"
TYPES = {
    bool: ua.VariantType.Boolean,
    int: ua.VariantType.Int64,
    float: ua.VariantType.Double,
    str: ua.VariantType.String,
}


@dataclass
class StandingMachine:
    """The server, what was read of it, and how to reach it."""

    server: Server
    namespace: int
    access: Access
    layout: Layout
    clock: Clock
    # How often a client has read everything: how often it asked for this lift's position.
    whole_reads: int = 0

    def client(self) -> OpcuaMachine:
        """Return a client that has not connected yet."""
        return OpcuaMachine(self.access, self.layout, self.clock)

    async def set(self, node: str, value: object) -> None:
        """Let the machine report this."""
        await self.server.write_attribute_value(self.id(node), ua.DataValue(_variant(value)))

    def id(self, node: str) -> ua.NodeId:
        return ua.NodeId.from_string(f"ns={self.namespace};s={node}")

    def count_reads_of(self, node: str) -> None:
        """Count each reading of a node in `whole_reads`."""

        def read(identifier: object, attribute: object) -> ua.DataValue:
            self.whole_reads += 1
            return ua.DataValue(_variant(0.0))

        self.server.set_attribute_value_callback(self.id(node), read)


@asynccontextmanager
async def standing_machine(folder: Path, layout: Layout, clock: Clock) -> AsyncIterator[StandingMachine]:
    """Serve the nodes of a layout until the block ends."""
    own = lay_certificate(folder / "plant" / "pki", "urn:vendrive:plant:test")
    station = lay_certificate(folder / "station" / "pki", "urn:vendrive:station:test")
    trust(folder / "station" / "pki", own.der)
    with library_reads(clock):
        server = Server()
        await server.init()
        server.disable_clock()
        server.set_endpoint(URL)
        await server.set_application_uri("urn:vendrive:plant:test")
        await server.load_certificate(own.der)
        await server.load_private_key(own.private_key.read_bytes(), format="pem")
        server.set_security_policy([ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt])
        server.set_identity_tokens([ua.X509IdentityToken])
        access = Access(URL, station.certificate.parent, "urn:vendrive:station:test")
        machine = StandingMachine(server, await server.register_namespace(NAMESPACE), access, layout, clock)
        await _add_nodes(machine)
        machine.count_reads_of(f"Lift.{layout.lifts[0].name}.position_mm")
        async with server:
            yield machine


async def _add_nodes(machine: StandingMachine) -> None:
    layout = machine.layout
    parts: list[Part] = [Plc(tower_id="test", layout=layout.name)]
    parts += [Lift(name=plan.name) for plan in layout.lifts]
    parts += [Slot(name=plan.name) for plan in layout.slots]
    parts += [Bay(name=plan.name) for plan in layout.bays]
    objects = machine.server.nodes.objects
    for part in parts:
        for field, node in nodes_of(type(part), "" if isinstance(part, Plc) else part.name).items():
            await objects.add_variable(machine.id(node), field, _variant(getattr(part, field)))


def _variant(value: object) -> ua.Variant:
    kind = next(kind for kind in TYPES if isinstance(value, kind))
    return ua.Variant(kind(value), TYPES[kind])
