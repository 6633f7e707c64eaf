"""The OPC UA server before the controller: who may connect, what can be read, the few things that can be called.

Only one security policy, Aes256_Sha256_RsaPss with SignAndEncrypt. A certificate must be on the pinned list twice over:
to open a secure channel, and as the user's identity. A certificate that is taken off the list keeps an open session
until it ends.
"""

import gc
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.common.methods import uamethod
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.security_policies import SecurityPolicy, SecurityPolicyFactory, SecurityPolicyNone
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import BadUserAccessDenied

from vendrive.plant.gate import GatedServer
from vendrive.plant.plc import Controller
from vendrive.wire.machine import NAMESPACE, Part, Plc, nodes_of
from vendrive.wire.pki import OwnCertificate, trusted_certificates

log = logging.getLogger(__name__)

_TYPES: dict[type, ua.VariantType] = {
    bool: ua.VariantType.Boolean,
    int: ua.VariantType.Int64,
    float: ua.VariantType.Double,
    str: ua.VariantType.String,
}


class _PinnedPolicy(SecurityPolicyFactory):
    """Opens a secure channel for a pinned certificate alone; the list is read anew for each channel."""

    def __init__(self, inner: SecurityPolicyFactory, pki: Path) -> None:
        cls, mode = inner.cls, inner.mode
        super().__init__(cls, mode, inner.certificate, inner.private_key, inner.permission_ruleset)  # type: ignore[no-untyped-call]
        self._pki = pki

    def create(self, peer_certificate: bytes | None) -> SecurityPolicy:
        if peer_certificate not in trusted_certificates(self._pki):
            log.warning("a channel was refused: its certificate is not on the pinned list")
            raise BadUserAccessDenied  # asyncua closes the connection upon this one
        policy: SecurityPolicy = super().create(peer_certificate)  # type: ignore[no-untyped-call]
        return policy


class _NoPlainChannel(SecurityPolicyFactory):
    """Refuses a channel without security, which asyncua would open for discovery even where no endpoint has it."""

    def __init__(self) -> None:
        super().__init__(SecurityPolicyNone, ua.MessageSecurityMode.None_)  # type: ignore[no-untyped-call]

    def create(self, peer_certificate: bytes | None) -> SecurityPolicy:
        log.warning("a channel without security was refused")
        raise BadUserAccessDenied  # asyncua closes the connection upon this one


class _PinnedUsers:
    """The client certificate is the user: no anonymous one, no password."""

    def __init__(self, pki: Path) -> None:
        self._pki = pki

    def get_user(
        self,
        iserver: InternalServer,
        username: str | None = None,
        password: str | None = None,
        certificate: bytes | None = None,
    ) -> User | None:
        return User(role=UserRole.User, name="station") if certificate in trusted_certificates(self._pki) else None


class _PinnedServer(Server):
    """A server whose channels are pinned, behind a gate."""

    def __init__(self, pki: Path) -> None:
        super().__init__(user_manager=_PinnedUsers(pki))  # type: ignore[arg-type]
        self._pki = pki

    async def _setup_server_nodes(self) -> None:
        # asyncua has no public hook before the channel is open; the tests of trust watch over this one.
        await super()._setup_server_nodes()
        self._policies = [_NoPlainChannel(), *(_PinnedPolicy(policy, self._pki) for policy in self._policies)]

    async def start(self) -> None:
        # As asyncua's own, but for the gate: it has no hook for another listener.
        await self._setup_server_nodes()
        await self.iserver.start()
        self.bserver = GatedServer(self.iserver, self.endpoint.hostname or "", self.endpoint.port or 0)
        self.bserver.set_policies(self._policies)
        try:
            await self.bserver.start()
        except OSError:
            await self.iserver.stop()
            raise


class MachineServer:
    """Shows one controller on OPC UA. `publish` writes what changed; calls reach the controller at once."""

    def __init__(self, controller: Controller, called: Callable[[], None]) -> None:
        self._controller = controller
        self._called = called
        self._server: _PinnedServer | None = None
        self._shown: dict[str, object] = {}
        self._parts: dict[str, Part] = {}
        self._namespace = 0

    async def start(self, own: OwnCertificate, application_uri: str, port: int) -> str:
        """Listen on loopback and return the address."""
        server = _PinnedServer(own.certificate.parent)
        self._server = server
        with _garbage_kept():
            await server.init()
        server.disable_clock()
        server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/")
        server.set_server_name("Vendrive simulated tower")
        await server.set_application_uri(application_uri)
        # As bytes: a path would be read in a thread.
        await server.load_certificate(own.der)
        await server.load_private_key(own.private_key.read_bytes(), format="pem")
        server.set_security_policy([ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt])
        server.set_identity_tokens([ua.X509IdentityToken])
        self._namespace = await server.register_namespace(NAMESPACE)
        await self._add_nodes(server)
        await server.start()
        assert server.bserver is not None
        return f"opc.tcp://127.0.0.1:{server.bserver.port}/"

    async def stop(self) -> None:
        """Close all connections."""
        if self._server is not None:
            await self._server.stop()

    async def publish(self) -> None:
        """Write each value that changed since the last time; a part that is the same object has not changed.

        The controller's own part comes last: a value can be read before the revision that announces it, not after.
        """
        assert self._server is not None
        plc, *others = self._controller.parts()
        for part in (*others, plc):
            known = "" if isinstance(part, Plc) else part.name
            if self._parts.get(known) is part:
                continue
            self._parts[known] = part
            names = nodes_of(type(part), known)
            for name, value in _values(part).items():
                node = names[name]
                if node not in _LIVE and self._shown.get(node) != value:
                    self._shown[node] = value
                    await self._server.write_attribute_value(self._id(node), _data(value))

    async def _add_nodes(self, server: Server) -> None:
        objects: dict[str, Node] = {}
        for part in self._controller.parts():
            kind = type(part).__name__
            name = kind if isinstance(part, Plc) else f"{kind}.{part.name}"
            objects[name] = await server.nodes.objects.add_object(self._id(name), self._browse(name))
            for field, node in nodes_of(type(part), "" if isinstance(part, Plc) else part.name).items():
                value = getattr(part, field)
                self._shown[node] = value
                kind_of = _type_of(value)
                await objects[name].add_variable(self._id(node), self._browse(field), _plain(value), kind_of)
        await self._add_methods(objects["Plc"])
        await server.get_node(self._id("Plc.station_heartbeat")).set_writable()
        server.set_attribute_value_setter(self._id("Plc.station_heartbeat"), self._heartbeat_written)
        # The counter is read live, so that an order's expiry counts from the moment of reading.
        server.set_attribute_value_callback(self._id("Plc.clock_ms"), lambda node, attribute: self._clock())

    async def _add_methods(self, plc: Node) -> None:
        integer, text, boolean = ua.VariantType.Int64, ua.VariantType.String, ua.VariantType.Boolean
        answer = [boolean, text]
        await self._add_method(plc, "take_control", self._take_control, [integer], answer)
        await self._add_method(plc, "execute", self._execute, [integer, integer, text, text, integer], answer)
        await self._add_method(plc, "stop", self._stop, [text], [])
        await self._add_method(plc, "call_help", self._call_help, [], [])
        await self._add_method(plc, "end_help", self._end_help, [], [])

    async def _add_method(
        self,
        plc: Node,
        name: str,
        method: Callable[..., Coroutine[Any, Any, object]],
        takes: list[ua.VariantType],
        gives: list[ua.VariantType],
    ) -> None:
        await plc.add_method(self._id(f"Plc.{name}"), self._browse(name), _checked(method, takes), takes, gives)

    async def _take_control(self, parent: ua.NodeId, epoch: int) -> tuple[bool, str]:
        answer = self._controller.take_control(epoch)
        await self._after_call()
        return answer

    async def _execute(
        self, parent: ua.NodeId, epoch: int, seq: int, operation: str, arguments: str, valid_until_ms: int
    ) -> tuple[bool, str]:
        answer = self._controller.execute(epoch, seq, operation, arguments, valid_until_ms)
        await self._after_call()
        return answer

    async def _stop(self, parent: ua.NodeId, reason: str) -> None:
        # Without a reason, or with one that is no text, it is a stop all the same.
        self._controller.stop((reason or "")[:200].encode(errors="replace").decode())
        await self._after_call()

    async def _call_help(self, parent: ua.NodeId) -> None:
        self._controller.help(called=True)
        await self._after_call()

    async def _end_help(self, parent: ua.NodeId) -> None:
        self._controller.help(called=False)
        await self._after_call()

    async def _after_call(self) -> None:
        """Show the effect before the answer goes out: a client that reads next sees it."""
        await self.publish()
        self._called()

    def _heartbeat_written(self, node: Any, attribute: Any, value: ua.DataValue) -> None:
        node.attributes[attribute].value = value
        beat = value.Value.Value if value.Value is not None else None
        if isinstance(beat, int) and "Plc.station_heartbeat" in self._shown:
            self._shown["Plc.station_heartbeat"] = beat
            self._controller.heard(beat)

    def _clock(self) -> ua.DataValue:
        if not self._controller.silent:
            self._shown["Plc.clock_ms"] = self._controller.clock_ms()
        return _data(self._shown["Plc.clock_ms"])

    def _id(self, name: str) -> ua.NodeId:
        return ua.NodeId.from_string(f"ns={self._namespace};s={name}")

    def _browse(self, name: str) -> ua.QualifiedName:
        return ua.QualifiedName(name, self._namespace)


# Read from the controller at the moment of the request, or written by the station.
_LIVE = {"Plc.clock_ms", "Plc.station_heartbeat"}


def _checked(
    method: Callable[..., Coroutine[Any, Any, object]], takes: list[ua.VariantType]
) -> Callable[..., Coroutine[Any, Any, object]]:
    """Return the method as asyncua wants it, answering BadInvalidArgument where types do not fit."""
    wrapped = uamethod(method)

    async def call(parent: ua.NodeId, *arguments: ua.Variant) -> object:
        if [argument.VariantType for argument in arguments] != takes:
            return ua.StatusCode(ua.UInt32(StatusCodes.BadInvalidArgument))
        return await wrapped(parent, *arguments)

    return call


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Put off the collection of garbage: asyncua makes 6,000 nodes that all stay, and looking among them for garbage
    again and again takes longer than making them.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _plain(value: object) -> object:
    """Return an enumeration's member as the string that it is."""
    return str(value) if isinstance(value, str) else value


def _type_of(value: object) -> ua.VariantType:
    return _TYPES[next(kind for kind in _TYPES if isinstance(value, kind))]


def _data(value: object) -> ua.DataValue:
    return ua.DataValue(ua.Variant(_plain(value), _type_of(value)))


def _values(part: Part) -> dict[str, object]:
    return {item.name: getattr(part, item.name) for item in fields(part)}
