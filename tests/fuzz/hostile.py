"""Clients that mean harm: some without a certificate, some with a pinned one. Each attack is drawn from a Random.

An attack ends by itself. What it is answered does not matter to it; what matters is how the server serves others.
"""

# mypy: disable-error-code="arg-type, assignment, func-returns-value, no-untyped-call"
# asyncua names a type of its own for each number and text of the wire, and takes plain ones.

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random
from typing import Any

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.connection import MessageChunk, SecureConnection, TransportLimits
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss, SecurityPolicyNone
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError
from cryptography import x509

from tests.fuzz.lies import PLENTY, count
from tests.support.waiting import pause
from vendrive.wire.machine import NAMESPACE
from vendrive.wire.pki import OwnCertificate

REFUSED = (OSError, UaError, TimeoutError, EOFError, ValueError)
MARK = b"a place for other bytes"
PLC = "Plc"
LONGEST_ATTACK_S = 25


@dataclass(frozen=True)
class Target:
    """The server; what everybody can know of it and of its honest station; and a pinned certificate of our own."""

    url: str
    server: bytes
    station: bytes
    pinned: OwnCertificate
    application_uri: str

    @property
    def port(self) -> int:
        return int(self.url.rstrip("/").rsplit(":", 1)[1])


Attack = Callable[[Target, Random], Awaitable[None]]


@asynccontextmanager
async def wire(target: Target) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect a bare socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def tell(target: Target, *pieces: bytes, wait_s: float = 0.3) -> bytes:
    """Send bytes over a connection of their own and return what comes back."""
    with contextlib.suppress(*REFUSED):
        async with wire(target) as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            async with asyncio.timeout(wait_s):
                return await reader.read(1 << 16)
    return b""


def hello(received: int = 65535, sent: int = 65535, url: str = "opc.tcp://tower/") -> bytes:
    """Return a Hello with these buffers."""
    message = ua.Hello()
    message.ReceiveBufferSize, message.SendBufferSize, message.EndpointUrl = ua.UInt32(received), ua.UInt32(sent), url
    return bytes(ua_binary.uatcp_to_binary(ua.MessageType.Hello, message))


def framed(kind: bytes, rest: bytes, length: int | None = None) -> bytes:
    """Return a frame, whose length may be a lie."""
    return kind + (8 + len(rest) if length is None else length).to_bytes(4, "little") + rest


# --- without a certificate ---


async def random_bytes(target: Target, rng: Random) -> None:
    for _ in range(20):
        await tell(target, rng.randbytes(rng.randrange(1, 5_000)), wait_s=0.05)


async def strange_frames(target: Target, rng: Random) -> None:
    for _ in range(40):
        kind = rng.choice([b"HELF", b"OPNF", b"MSGF", b"MSGC", b"CLOF", b"ACKF", b"ERRF", b"XYZF"])
        rest = rng.randbytes(rng.choice([0, 4, 24, 900]))
        length = rng.choice([None, None, 0, 7, 8, 9, 12, PLENTY, 2**32 - 1])
        await tell(target, rng.choice([b"", hello()]), framed(kind, rest, length), wait_s=0.05)


async def endless_frame(target: Target, rng: Random) -> None:
    """Announce four thousand million bytes, and send some of them."""
    for kind in (b"HELF", b"OPNF", b"MSGF"):
        await tell(target, framed(kind, b"", 2**32 - 1), *[b"\x00" * 1_000_000] * 60)


async def parked(target: Target, rng: Random) -> None:
    """Hold more connections than the server takes, half of them after Hello, one byte now and then."""
    async with contextlib.AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(wire(target)) for _ in range(30)]
        with contextlib.suppress(*REFUSED):
            for round_ in range(30):
                for number, (_, writer) in enumerate(lines):
                    greeting = hello() if number % 2 else framed(b"OPNF", b"\x00" * 200)
                    writer.write(greeting[round_ : round_ + 1])
                await pause(0.05)


async def connection_flood(target: Target, rng: Random) -> None:
    await asyncio.gather(*(tell(target, hello(), wait_s=0.2) for _ in range(120)))


async def hello_flood(target: Target, rng: Random) -> None:
    await tell(target, *[hello()] * 3_000)
    for size in (0, 1, 64, 8_191, 2**32 - 1):
        await tell(target, hello(size, size))
    await tell(target, hello(url="opc.tcp://" + "x" * 60_000))


async def plain_text(target: Target, rng: Random) -> None:
    """Ask without any channel, in the sessions that others may have: their numbers are easy to guess."""
    line = SecureConnection(SecurityPolicyNone(), TransportLimits())
    for token in range(1_000, 1_040):
        activate, call = ua.ActivateSessionRequest(), ua.CallRequest()
        activate.RequestHeader.AuthenticationToken = call.RequestHeader.AuthenticationToken = ua.NodeId(token)
        call.Parameters.MethodsToCall = [method(rng.choice([2, 3]), "stop", ua.Variant("taken over"))]
        created = ua.CreateSessionRequest()
        bodies = [bytes(ua_binary.struct_to_binary(each)) for each in (created, activate, call)]
        pieces = [line.message_to_binary(body, request_id=token) for body in bodies[rng.randrange(2) :]]
        line = SecureConnection(SecurityPolicyNone(), TransportLimits())
        await tell(target, hello(), *pieces, wait_s=0.05)


async def chunk_flood(target: Target, rng: Random) -> None:
    """Send chunk after chunk of a request that never ends, with no channel."""
    line = SecureConnection(SecurityPolicyNone(), TransportLimits())
    chunk = bytearray(line.message_to_binary(b"\x00" * 60_000, request_id=1))
    chunk[3:4] = b"C"
    await tell(target, hello(), *[bytes(chunk)] * 100)


def opening(certificate: bytes | None, policy: str, body: bytes) -> bytes:
    """Return the frame that opens a channel."""
    head = ua.AsymmetricAlgorithmHeader()
    head.SecurityPolicyURI, head.SenderCertificate = policy, certificate
    return framed(b"OPNF", b"\x00" * 4 + ua_binary.struct_to_binary(head) + body)


async def strange_openings(target: Target, rng: Random) -> None:
    """Open channels with certificates that are none, that go round in circles, or that belong to another."""
    policy, station = SecurityPolicyAes256Sha256RsaPss.URI, target.station
    key = x509.load_der_x509_certificate(target.server).public_key()
    seal = SecurityPolicyAes256Sha256RsaPss.encrypt_asymmetric
    sealed = b"".join(seal(key, rng.randbytes(190)) for _ in range(10))
    certificates = [
        station,
        station * 2,
        station + target.server + station,
        b"\x30\x80" * 1_500,
        station[:-1],
        b"",
        None,
    ]
    for _ in range(30):
        body = rng.choice([rng.randbytes(512), sealed, b""])
        uri = rng.choice([policy, policy, policy, SecurityPolicyNone.URI, "x" * 300])
        await tell(target, hello(), opening(rng.choice(certificates), uri, body), wait_s=0.1)
    await tell(target, hello(), *[opening(station, policy, sealed)] * 40)


# --- with a pinned certificate ---


@asynccontextmanager
async def inside(target: Target) -> AsyncIterator[tuple[Client, int]]:
    """Connect as the pinned client that turned hostile; the namespace of the machine comes with it."""
    client = Client(target.url, timeout=2)
    client.application_uri, client.session_timeout = target.application_uri, 10_000
    own = target.pinned
    policy = SecurityPolicyAes256Sha256RsaPss
    await client.set_security(policy, own.certificate, own.private_key, server_certificate=target.server)
    await client.load_client_certificate(str(own.certificate))
    await client.load_private_key(own.private_key)
    await client.connect()
    try:
        yield client, await client.get_namespace_index(NAMESPACE)
    finally:
        # Gone without a word, as a crash would be.
        if client.uaclient.protocol is not None and client.uaclient.protocol.transport is not None:
            client.uaclient.protocol.transport.abort()
        with contextlib.suppress(Exception):
            await client.disconnect()


async def ask(client: Client, body: bytes) -> None:
    """Send a body as it is, encrypted and signed, and wait for any answer."""
    protocol = client.uaclient.protocol
    if protocol is None or protocol.transport is None:
        raise ConnectionError("the server hung up")
    protocol._request_id += 1
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    protocol._callbackmap[protocol._request_id] = answer
    protocol.transport.write(protocol._connection.message_to_binary(body, request_id=protocol._request_id))
    await asyncio.wait_for(answer, 1)


def request(client: Client, name: str, **parameters: Any) -> bytes:
    """Return a request of this session, ready to be spoiled."""
    made = getattr(ua, f"{name}Request")()
    made.RequestHeader.AuthenticationToken = client.uaclient.session.authentication_token
    for key, value in parameters.items():
        setattr(made.Parameters, key, value)
    return bytes(ua_binary.struct_to_binary(made))


def method(namespace: int, name: str, *arguments: ua.Variant) -> ua.CallMethodRequest:
    """Return a call of the machine."""
    called = ua.CallMethodRequest()
    called.ObjectId = ua.NodeId.from_string(f"ns={namespace};s={PLC}")
    called.MethodId = ua.NodeId.from_string(f"ns={namespace};s={PLC}.{name}")
    called.InputArguments = list(arguments)
    return called


def write_of(namespace: int, name: str, value: ua.Variant, attribute: int = 13) -> ua.WriteValue:
    """Return a write to the machine."""
    written = ua.WriteValue()
    written.NodeId, written.AttributeId = ua.NodeId.from_string(f"ns={namespace};s={name}"), ua.IntegerId(attribute)
    written.Value = ua.DataValue(value)
    return written


async def _each_survives(target: Target, bodies: Callable[[Client, int], list[bytes]]) -> None:
    """Send each body, over a new connection where the server hung up, and again where it takes no more connections."""
    waiting: list[bytes] | None = None
    made_in = b""
    while waiting is None or waiting:
        with contextlib.suppress(*REFUSED):
            async with inside(target) as (client, namespace):
                session = bytes(ua_binary.nodeid_to_binary(client.uaclient.session.authentication_token))
                if waiting is None:
                    waiting, made_in = bodies(client, namespace), session
                while waiting:
                    await ask(client, waiting.pop().replace(made_in, session, 1))


async def mutated_requests(target: Target, rng: Random) -> None:
    def bodies(client: Client, namespace: int) -> list[bytes]:
        node = ua.ReadValueId(NodeId=ua.NodeId.from_string(f"ns={namespace};s=Plc.heartbeat"), AttributeId=13)
        valid = [
            request(client, "Read", NodesToRead=[node] * 5),
            request(client, "Write", NodesToWrite=[write_of(namespace, "Plc.heartbeat", ua.Variant(1))]),
            request(client, "Browse", NodesToBrowse=[ua.BrowseDescription(NodeId=ua.NodeId(85))]),
            request(client, "Call", MethodsToCall=[method(namespace, "take_control", ua.Variant("a"))]),
        ]
        return [_mutated(rng, rng.choice(valid)) for _ in range(120)]

    await _each_survives(target, bodies)


def _mutated(rng: Random, body: bytes) -> bytes:
    spoiled = bytearray(body)
    for _ in range(rng.choice([1, 2, 8])):
        spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
    where = rng.randrange(len(spoiled))
    inserted = rng.choice([b"", b"", count(-1), count(-5), count(PLENTY), b"\x18" * 3_000])
    return bytes(spoiled[:where] + inserted + spoiled[where:])


async def strange_variants(target: Target, rng: Random) -> None:
    """Write and pass values that cost more than they weigh."""
    costly = [
        b"\x80" + count(PLENTY),
        b"\x8c" + count(PLENTY) + count(-4),
        b"\x18" * 50_000 + b"\x01\x01",
        b"\x19" + b"\x40" * 50_000 + b"\x00",
        b"\xc1" + count(1) + b"\x01" + count(2) + count(1_000_000) + count(1),
        b"\xc1" + count(1) + b"\x01" + count(15_000) + count(PLENTY) * 15_000,
        b"\x97" + count(50_000) + b"\x00" * 50_000,
        b"\x0c" + count(200_000) + b"\xff" * 200_000,
        b"\x0c" + count(-1),
    ]

    def bodies(client: Client, namespace: int) -> list[bytes]:
        marked = ua.Variant(MARK)
        place = bytes(ua_binary.variant_to_binary(marked))
        valid = [
            request(client, "Write", NodesToWrite=[write_of(namespace, "Plc.station_heartbeat", marked)]),
            request(client, "Call", MethodsToCall=[method(namespace, "take_control", marked)]),
            request(client, "Call", MethodsToCall=[method(namespace, "execute", *[marked] * 5)]),
        ]
        return [body.replace(place, value) for body in valid for value in costly]

    await _each_survives(target, bodies)


async def services_of_others(target: Target, rng: Random) -> None:
    """Ask for what a machine does not offer: subscriptions, history, discovery, new nodes."""
    names = (
        *("CreateSubscription", "CreateMonitoredItems", "Publish", "Republish", "TransferSubscriptions"),
        *("HistoryRead", "AddNodes", "DeleteNodes", "AddReferences", "RegisterNodes", "BrowseNext", "RegisterServer2"),
        *("SetPublishingMode", "ModifySubscription", "DeleteSubscriptions", "SetMonitoringMode", "FindServers"),
    )
    await _each_survives(target, lambda client, namespace: [request(client, name) for name in names] * 20)


async def wrong_arguments(target: Target, rng: Random) -> None:
    """Call each method with what it does not take, and write what is read-only."""
    values: list[Any] = [None, True, -1, 2**63 - 1, 1.5, "", "{}", "[" * 900, b"x", [1, 2], ua.NodeId(1)]

    def bodies(client: Client, namespace: int) -> list[bytes]:
        made = []
        for _ in range(150):
            name = rng.choice(["take_control", "execute", "call_help_not", "execute", "execute"])
            arguments = [ua.Variant(rng.choice(values)) for _ in range(rng.choice([0, 1, 5, 5, 5, 40]))]
            if [argument.VariantType for argument in arguments] != [ua.VariantType.Int64]:
                made.append(request(client, "Call", MethodsToCall=[method(namespace, name, *arguments)]))
            node = rng.choice(["Plc.mode", "Plc.emergency_stop", "Bay.B1.scanner", "Plc.execute", "Plc", "Nobody.none"])
            written = write_of(namespace, node, ua.Variant(rng.choice(values)), rng.choice([13, 1, 17, 22, 999]))
            made.append(request(client, "Write", NodesToWrite=[written]))
        return made

    await _each_survives(target, bodies)


async def much_at_once(target: Target, rng: Random) -> None:
    """Ask for as much as one request can hold."""

    def bodies(client: Client, namespace: int) -> list[bytes]:
        every = ua.ReadValueId(NodeId=ua.NodeId(2255), AttributeId=13)
        down = ua.BrowseDescription(NodeId=ua.NodeId(24), ReferenceTypeId=ua.NodeId(31), IncludeSubtypes=True)
        call = method(namespace, "nothing")
        return [
            request(client, "Read", NodesToRead=[every] * 12_000),
            request(client, "Read", NodesToRead=[every] * 5_000),
            request(client, "Browse", NodesToBrowse=[down] * 6_000),
            request(client, "Browse", NodesToBrowse=[down] * 40),
            request(client, "Call", MethodsToCall=[call] * 5_000),
            request(client, "Read", NodesToRead=[every] * 60_000),
        ]

    await _each_survives(target, bodies)


async def many_sessions(target: Target, rng: Random) -> None:
    """Ask for session after session over one connection, then hold as many connections as there are."""

    async def stay() -> None:
        with contextlib.suppress(*REFUSED):
            async with inside(target) as (client, namespace):
                for _ in range(5):
                    await client.get_node(f"ns={namespace};s=Plc.heartbeat").read_value()
                    await pause(0.2)

    await _each_survives(target, lambda client, namespace: [request(client, "CreateSession")] * 300)
    await asyncio.gather(*(stay() for _ in range(8)))


async def session_of_another(target: Target, rng: Random) -> None:
    """Ask in the sessions that others may have."""
    async with inside(target) as (client, _):
        for token in range(1_000, 1_060):
            client.uaclient.session.authentication_token = ua.NodeId(token)
            with contextlib.suppress(*REFUSED):
                await ask(client, request(client, "CloseSession"))


async def endless_chunks(target: Target, rng: Random) -> None:
    """Send chunks of one request without an end, and one that is too long."""
    for pieces in (3, 60):
        async with inside(target) as (client, _):
            protocol = client.uaclient.protocol
            assert protocol is not None
            line = protocol._connection
            policy, kind, token = line.security_policy, ua.MessageType.SecureMessage, line.security_token
            body = b"\x00" * 60_000 * pieces
            made = MessageChunk.message_to_chunks(policy, body, 65535, kind, token.ChannelId, 999, token.TokenId)
            for chunk in made:
                chunk.MessageHeader.ChunkType = ua.ChunkType.Intermediate
                line._sequence_number += 1
                chunk.SequenceHeader.SequenceNumber = line._sequence_number
                if protocol.transport is not None:
                    protocol.transport.write(chunk.to_binary())
            await pause(0.3)


STRANGERS: tuple[Attack, ...] = (
    *(random_bytes, strange_frames, endless_frame, parked, connection_flood, hello_flood, plain_text, chunk_flood),
    strange_openings,
)
INSIDERS: tuple[Attack, ...] = (
    *(mutated_requests, strange_variants, services_of_others, wrong_arguments, much_at_once, many_sessions),
    *(session_of_another, endless_chunks),
)


async def attacked(target: Target, attacks: tuple[Attack, ...], seed: int) -> set[str]:
    """Run all attacks side by side; return the names of those that came to their end."""
    ended: set[str] = set()

    async def one(attack: Attack) -> None:
        with contextlib.suppress(*REFUSED):
            async with asyncio.timeout(LONGEST_ATTACK_S):
                await attack(target, Random(f"{seed}/{attack.__name__}"))
                ended.add(attack.__name__)

    await asyncio.gather(*(one(attack) for attack in attacks))
    return ended
