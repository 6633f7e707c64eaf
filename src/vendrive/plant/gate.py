"""What stands before the OPC UA server, since asyncua's own answers to anybody who can reach its port.

It serves requests that came before any channel was opened, in plain text, and lets such a request take over the session
of another client by a number that is easy to guess. It collects frames of any announced length, goes on after bytes
that it could not read, keeps each session that a connection ever asked for, and does as much as one request asks.
So here: whole frames of a sane size; nothing outside an open channel; one session a connection, and no other's; the few
services that a machine offers, in small portions; and whoever breaks a rule is disconnected.
"""

import asyncio
import logging
from collections.abc import Sized
from typing import Any

from asyncua import ua
from asyncua.common.connection import TransportLimits
from asyncua.common.utils import ServiceError
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession, SessionState
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaError

from vendrive.wire.opcua_bytes import CHUNK_BYTES, SMALLEST_BUFFER_BYTES, Frames, distrust_lengths

# What the largest tower's station asks for in one request, and somewhat more.
MESSAGE_BYTES = 2 * CHUNK_BYTES
_MOST_READS = 6000
_MOST_ITEMS = 50
_MOST_STEPS = 10
_MOST_WAITING = 20
_CONNECTIONS = 20
_HANDSHAKE_S = 5.0
_SESSION_MS = 10_000

# A channel's opening holds one certificate, and costs an RSA operation for each 256 bytes.
_MOST_BYTES = {b"HEL": 4096 + 32, b"OPN": 4096, b"MSG": CHUNK_BYTES, b"CLO": 4096}
_SERVICES = {
    ua.NodeId(getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary")): name
    for name in (
        *("GetEndpoints", "CreateSession", "ActivateSession", "CloseSession", "CloseSecureChannel"),
        *("Read", "Write", "Call", "Browse", "TranslateBrowsePathsToNodeIds"),
    )
}

log = logging.getLogger(__name__)


class GatedServer(BinaryServer):
    """asyncua's listener, with a gate in front of each connection."""

    def __init__(self, internal_server: InternalServer, hostname: str, port: int) -> None:
        distrust_lengths()
        super().__init__(internal_server, hostname, port, _Limits(CHUNK_BYTES, CHUNK_BYTES, 32, MESSAGE_BYTES))
        internal_server.max_session_timeout_ms = _SESSION_MS
        internal_server.max_connections = _CONNECTIONS
        internal_server.max_pending_activation_seconds = _HANDSHAKE_S
        internal_server.max_pending_messages_per_connection = _MOST_WAITING
        internal_server.create_session = _session_maker(internal_server)  # type: ignore[method-assign]

    def _make_protocol(self) -> OPCUAProtocol:
        return _Connection(self.iserver, self._policies, self.clients, self.closing_tasks, self.limits)


class _Connection(OPCUAProtocol):
    """One connection: it ends with the first message that cannot be read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self.clients) >= self.iserver.max_connections:
            self._make_room()
        self._frames = Frames(_MOST_BYTES)
        super().connection_made(transport)
        if self.processor is not None:
            self.processor = _Processor(self.iserver, transport, self.limits)
            self.processor.set_policies(self.policies)  # type: ignore[no-untyped-call]

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._frames.cut(data):
                if self.transport is None or self.transport.is_closing():
                    return
                super().data_received(frame)
        except ValueError as error:
            self._refuse(str(error))

    async def _process_one_msg(self, header: Any, buf: Any) -> bool:
        await asyncio.sleep(0)  # the other connections' turn: asyncua would work off its queue in one go
        try:
            return await super()._process_one_msg(header, buf)
        except Exception as error:
            self._refuse(f"{type(error).__name__} {error}"[:200])
            return False

    def _refuse(self, reason: str) -> None:
        log.warning("a connection ends: %s", reason)
        if self.transport is not None:
            self.transport.abort()

    def _make_room(self) -> None:
        """Let the oldest connection without a session give way, so that parked ones lock nobody out."""
        for client in self.clients:
            session = client.processor.session if client.processor else None
            if session is None or not session.is_activated():
                self.clients.remove(client)
                if client.transport is not None:
                    client.transport.abort()
                return


class _Processor(UaProcessor):
    """Serves a connection's requests inside its own channel and its own session alone."""

    async def process(self, header: Any, body: Any) -> Any:
        secured = (ua.MessageType.SecureMessage, ua.MessageType.SecureClose)
        if header.MessageType in secured and not self._connection.is_open():
            raise UaError("a request outside a secure channel")
        return await super().process(header, body)  # type: ignore[no-untyped-call]

    async def _process_message(self, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        name = _SERVICES.get(typeid)
        if name is None:
            raise ServiceError(StatusCodes.BadServiceUnsupported)
        own = self.session if self.session and self.session.state is not SessionState.Closed else None
        if name == "CreateSession" and own:
            raise ServiceError(StatusCodes.BadTooManySessions)
        sessionless = name in ("GetEndpoints", "CreateSession", "CloseSecureChannel")
        if not sessionless and (own is None or requesthdr.AuthenticationToken != own.auth_token):
            raise ServiceError(StatusCodes.BadSessionIdInvalid)
        return await super()._process_message(typeid, requesthdr, seqhdr, body)  # type: ignore[no-untyped-call]


class _Limits(TransportLimits):
    """Limits that a client's Hello can make narrower, down to what the standard allows."""

    def create_acknowledge_and_set_limits(self, msg: ua.Hello) -> ua.Acknowledge:
        if min(msg.ReceiveBufferSize, msg.SendBufferSize) < SMALLEST_BUFFER_BYTES:
            raise UaError("a client asks for smaller buffers than the standard allows")
        return super().create_acknowledge_and_set_limits(msg)


class _Session(InternalSession):
    """A session whose requests are small."""

    async def read(self, params: ua.ReadParameters) -> list[ua.DataValue]:
        _at_most(_MOST_READS, params.NodesToRead)
        return await super().read(params)

    async def write(self, params: ua.WriteParameters) -> list[ua.StatusCode]:
        _at_most(_MOST_ITEMS, params.NodesToWrite)
        return await super().write(params)

    async def call(self, params: list[ua.CallMethodRequest]) -> list[ua.CallMethodResult]:
        _at_most(_MOST_ITEMS, params)
        return await super().call(params)

    async def browse(self, params: ua.BrowseParameters) -> list[ua.BrowseResult]:
        _at_most(_MOST_ITEMS, params.NodesToBrowse)
        return await super().browse(params)

    async def translate_browsepaths_to_nodeids(self, params: list[ua.BrowsePath]) -> list[ua.BrowsePathResult]:
        _at_most(_MOST_ITEMS, params)
        for path in params:
            _at_most(_MOST_STEPS, path.RelativePath.Elements)
        return await super().translate_browsepaths_to_nodeids(params)


def _at_most(most: int, asked: Sized) -> None:
    if len(asked) > most:
        raise ServiceError(StatusCodes.BadTooManyOperations)


def _session_maker(server: InternalServer) -> Any:
    def make(name: Any, user: Any = None, external: bool = False) -> InternalSession:
        return _Session(server, server.aspace, server.subscription_service, name, external=external)

    return make
