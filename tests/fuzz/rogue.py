"""An OPC UA server of our own at the level of bytes: it completes the real, pinned handshake, and then it lies.

It is no copy of the plant: it reads and writes frames itself, and borrows asyncua's cryptography and structures alone.
A lie sees each answer before it goes out, may change it, replace it by frames of its own, or send nothing.
"""

# mypy: disable-error-code="arg-type, assignment, comparison-overlap, func-returns-value, no-untyped-call"
# asyncua names a type of its own for each number and text of the wire, and takes plain ones.

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Any

from asyncua import ua
from asyncua.common.connection import MessageChunk, SecureConnection, TransportLimits
from asyncua.common.utils import Buffer, create_nonce
from asyncua.crypto.security_policies import (
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyFactory,
    SecurityPolicyNone,
)
from asyncua.ua import ua_binary
from asyncua.ua.object_ids import ObjectIds
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from vendrive.clock import SystemClock
from vendrive.tower.layout import Layout
from vendrive.wire.machine import NAMESPACE, Bay, Lift, Plc, Slot, nodes_of
from vendrive.wire.pki import OwnCertificate

SERVICES = ("CreateSession", "ActivateSession", "CloseSession", "Read", "Write", "Call")
POLICY_URI = SecurityPolicyAes256Sha256RsaPss.URI
_TYPE_IDS = {getattr(ObjectIds, f"{name}Request_Encoding_DefaultBinary"): name for name in SERVICES}
_LONGEST_REQUEST_BYTES = 1 << 20
_KINDS = {
    bool: ua.VariantType.Boolean,
    int: ua.VariantType.Int64,
    float: ua.VariantType.Double,
    str: ua.VariantType.String,
}


@dataclass
class Exchange:
    """One answer that is about to go out. `values` are the encoded answers of a read, None for other services."""

    service: str
    line: "Line"
    response: Any
    request_id: int = 0
    values: list[bytes] | None = None

    def body(self) -> bytes:
        """Return the answer's bytes, before encryption."""
        if self.values is None:
            return bytes(ua_binary.struct_to_binary(self.response))
        head = ua_binary.nodeid_to_binary(self.response.TypeId) + ua_binary.struct_to_binary(
            self.response.ResponseHeader
        )
        count = len(self.values).to_bytes(4, "little")
        return bytes(head + count + b"".join(self.values) + b"\xff\xff\xff\xff")

    def frames(self, body: bytes | None = None, request_id: int | None = None) -> bytes:
        """Return the answer as it goes over the wire."""
        kind = ua.MessageType.SecureOpen if self.service == "OpenSecureChannel" else ua.MessageType.SecureMessage
        known = self.request_id if request_id is None else request_id
        return self.line.secure.message_to_binary(self.body() if body is None else body, kind, known)


Lie = Callable[[Exchange], Awaitable[bool]]


async def honest(exchange: Exchange) -> bool:
    """Change nothing. A lie returns whether it has sent all there is to send."""
    return False


@dataclass
class Heard:
    """What the client sent."""

    requests: Counter[str] = field(default_factory=Counter)
    executes_s: list[float] = field(default_factory=list)


class Rogue:
    """The listener, and what it pretends to be: a machine whose values are the defaults of the wire."""

    def __init__(self, own: OwnCertificate, layout: Layout) -> None:
        self.lie: Lie = honest
        self.heard = Heard()
        self.beats = 0
        self.frozen = False
        self.certificate = x509.load_der_x509_certificate(own.der)
        self.key = load_pem_private_key(own.private_key.read_bytes(), None)
        self.url = ""
        self.lines: set[Line] = set()
        self.failures: list[Exception] = []  # of the rogue itself: a lie that could not be told
        self._values = _defaults(layout)
        self._asked: dict[bytes, list[str]] = {}

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Serve until the block ends."""
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0, limit=_LONGEST_REQUEST_BYTES)
        port = server.sockets[0].getsockname()[1]
        self.url = f"opc.tcp://127.0.0.1:{port}/"
        try:
            yield self.url
        finally:
            server.close()
            tasks = [line.task for line in self.lines if line.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def answers(self, body: Buffer) -> list[bytes]:
        """Return the encoded answer to each node of a ReadRequest."""
        tail = body.read(len(body))
        if tail not in self._asked:
            parameters = ua_binary.struct_from_binary(ua.ReadParameters, Buffer(tail))
            self._asked[tail] = [str(node.NodeId.Identifier) for node in parameters.NodesToRead]
        self.beats += not self.frozen
        for counter in ("Plc.heartbeat", "Plc.clock_ms", "Plc.revision"):
            if counter in self._values:
                self._values[counter] = encoded(self.beats)
        return [self._values.get(name, self._values["namespaces"]) for name in self._asked[tail]]

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(self, reader, writer)
        line.task = asyncio.current_task()
        self.lines.add(line)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await line.serve()
        except Exception as error:
            self.failures.append(error)
        finally:
            self.lines.discard(line)
            writer.transport.abort()


class Line:
    """One connection of a client."""

    def __init__(self, rogue: Rogue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.rogue = rogue
        self.reader = reader
        self.writer = writer
        self.task: asyncio.Task[None] | None = None
        self.secure = SecureConnection(SecurityPolicyNone(), TransportLimits())
        mode = ua.MessageSecurityMode.SignAndEncrypt
        policy = SecurityPolicyFactory(SecurityPolicyAes256Sha256RsaPss, mode, rogue.certificate, rogue.key)
        self.secure.set_policy_factories([policy])
        self._channels = 7

    def get_new_channel_id(self) -> int:
        """Return the number of this connection's channel; asyncua asks its server for it."""
        return self._channels

    async def send(self, data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    def piece(self, body: bytes, request_id: int) -> bytes:
        """Return one chunk of an answer, with others to follow."""
        token, limit = self.secure.security_token, 65535
        policy, kind = self.secure.security_policy, ua.MessageType.SecureMessage
        (chunk,) = MessageChunk.message_to_chunks(policy, body, limit, kind, token.ChannelId, request_id, token.TokenId)
        chunk.MessageHeader.ChunkType = ua.ChunkType.Intermediate
        self.secure._sequence_number += 1
        chunk.SequenceHeader.SequenceNumber = self.secure._sequence_number
        return chunk.to_binary()

    async def serve(self) -> None:
        """Answer whatever comes, until the client goes."""
        while True:
            head = await self.reader.readexactly(8)
            rest = await self.reader.readexactly(int.from_bytes(head[4:], "little") - 8)
            try:
                exchange = self._exchange(head + rest)
            except Exception:
                return  # after a lie about the channel, what the client says cannot be read
            if exchange is None:
                return
            if not await self.rogue.lie(exchange):
                sent = exchange.frames() if exchange.service != "Hello" else acknowledge(exchange.response)
                await self.send(sent)

    def _exchange(self, frame: bytes) -> Exchange | None:
        buffer = Buffer(frame)
        header = ua_binary.header_from_binary(buffer)
        if header.MessageType == ua.MessageType.Hello:
            return Exchange("Hello", self, ua.Acknowledge(0, 65535, 65535, 0, 0))
        message = self.secure.receive_from_header_and_body(header, buffer)
        if header.MessageType == ua.MessageType.SecureClose or not isinstance(message, ua.Message):
            return None
        number = message.request_id()
        body = message.body()
        if header.MessageType == ua.MessageType.SecureOpen:
            request = ua_binary.struct_from_binary(ua.OpenSecureChannelRequest, body)
            response = ua.OpenSecureChannelResponse()
            response.Parameters = self.secure.open(request.Parameters, self)
            return Exchange("OpenSecureChannel", self, response, number)
        service = _TYPE_IDS[ua_binary.nodeid_from_binary(body).Identifier]
        ua_binary.struct_from_binary(ua.RequestHeader, body)
        self.rogue.heard.requests[service] += 1
        return self._answer(service, body, number)

    def _answer(self, service: str, body: Buffer, number: int) -> Exchange:
        response = getattr(ua, f"{service}Response")()
        values = None
        match service:
            case "CreateSession":
                self._create_session(
                    response.Parameters, ua_binary.struct_from_binary(ua.CreateSessionParameters, body)
                )
            case "ActivateSession":
                response.Parameters.ServerNonce = create_nonce(32)
            case "Read":
                values = self.rogue.answers(body)
            case "Write":
                response.Results = [ua.StatusCode()]
            case "Call":
                called = ua_binary.struct_from_binary(ua.CallParameters, body).MethodsToCall[0]
                if called.MethodId.Identifier == "Plc.execute":
                    self.rogue.heard.executes_s.append(SystemClock().monotonic())
                outputs = [ua.Variant(True), ua.Variant("", ua.VariantType.String)]
                response.Results = [ua.CallMethodResult(OutputArguments=outputs)]
        return Exchange(service, self, response, number, values)

    def _create_session(self, result: Any, asked: ua.CreateSessionParameters) -> None:
        policy = self.secure.security_policy
        result.SessionId, result.AuthenticationToken = ua.NodeId(77), ua.NodeId(78)
        result.RevisedSessionTimeout = 10_000.0
        result.ServerNonce = create_nonce(32)
        result.ServerCertificate = policy.host_certificate
        result.ServerEndpoints = [endpoint(self.rogue.url, policy.host_certificate)]
        signed = (policy.peer_certificate or b"") + (asked.ClientNonce or b"")
        result.ServerSignature.Signature = policy.asymmetric_cryptography.signature(signed)
        result.ServerSignature.Algorithm = policy.AsymmetricSignatureURI


def endpoint(url: str, certificate: bytes, policy: str = POLICY_URI) -> ua.EndpointDescription:
    """Return an endpoint as an honest server describes it."""
    token = ua.UserTokenPolicy(PolicyId="certificate", TokenType=ua.UserTokenType.Certificate)
    return ua.EndpointDescription(
        EndpointUrl=url,
        Server=ua.ApplicationDescription(ApplicationUri="urn:rogue"),
        ServerCertificate=certificate,
        SecurityMode=ua.MessageSecurityMode.SignAndEncrypt,
        SecurityPolicyUri=policy,
        UserIdentityTokens=[token],
    )


def acknowledge(answer: ua.Acknowledge) -> bytes:
    """Return the answer to Hello."""
    return bytes(ua_binary.uatcp_to_binary(ua.MessageType.Acknowledge, answer))


def encoded(value: object) -> bytes:
    """Return a value as an honest answer to a read."""
    kind = _KINDS[next(kind for kind in _KINDS if isinstance(value, kind))]
    plain = str(value) if isinstance(value, str) else value
    return bytes(ua_binary.struct_to_binary(ua.DataValue(ua.Variant(plain, kind))))


def _defaults(layout: Layout) -> dict[str, bytes]:
    parts: list[Plc | Lift | Slot | Bay] = [Plc(tower_id="rogue", layout=layout.name, simulator=True, plc_epoch=1)]
    parts += [Lift(name=lift.name) for lift in layout.lifts]
    parts += [Slot(name=slot.name) for slot in layout.slots]
    parts += [Bay(name=bay.name) for bay in layout.bays]
    values: dict[str, bytes] = {}
    for part in parts:
        names = nodes_of(type(part), getattr(part, "name", ""))
        values |= {names[each.name]: encoded(getattr(part, each.name)) for each in fields(part)}
    spaces = ua.Variant(["http://opcfoundation.org/UA/", "urn:rogue", NAMESPACE], ua.VariantType.String)
    values["namespaces"] = bytes(ua_binary.struct_to_binary(ua.DataValue(spaces)))
    return values
