"""What a rogue server answers. Each lie is drawn from a seeded Random, so that a failure can be repeated.

`VALUES` are wrong answers to a read that leave the connection as it is; `FRAMES` break the connection; `HANDSHAKES`
change one step of connecting; `SLOW` take time, and are for the tests with real deadlines.
"""

# mypy: disable-error-code="arg-type, assignment, func-returns-value, no-untyped-call"
# asyncua names a type of its own for each number and text of the wire, and takes plain ones.

import math
import struct
from collections.abc import Callable
from copy import copy
from dataclasses import fields
from random import Random
from typing import Any, cast

from asyncua import ua
from asyncua.ua import ua_binary

from tests.fuzz.rogue import POLICY_URI, Exchange, Lie, endpoint
from tests.support.waiting import pause
from vendrive.wire.machine import Plc

Values = list[bytes]
# One lie about the answers of a read. Nothing in it is a valid value, so nothing of it may come out as a snapshot.
ValueLie = Callable[[Random, Values], Values]
FrameLie = Callable[[Random, Exchange], bytes]
HandshakeLie = Callable[[Random, Exchange], bytes | None]

PLENTY = 2**31 - 1
PLC_VALUES = len(fields(Plc))
HANDSHAKE = ("Hello", "OpenSecureChannel", "CreateSession", "ActivateSession")


def variant(value: Any, kind: ua.VariantType) -> bytes:
    """Return an encoded answer that holds this value."""
    return bytes(ua_binary.struct_to_binary(ua.DataValue(ua.Variant(value, kind))))


def raw(data: bytes) -> bytes:
    """Return an encoded answer that holds these bytes as its variant."""
    return b"\x01" + data


def count(number: int) -> bytes:
    """Return a length as the wire writes it."""
    return struct.pack("<i", number)


KIND = ua.VariantType
_WRONG: tuple[Callable[[Random], bytes], ...] = (
    lambda rng: variant(math.nan, KIND.Double),
    lambda rng: variant(rng.choice([math.inf, -math.inf]), KIND.Double),
    lambda rng: variant([True] * rng.randrange(1, 500), KIND.Boolean),
    lambda rng: variant([1] * rng.randrange(1, 400), KIND.Int64),
    lambda rng: variant(["a"] * rng.randrange(0, 300), KIND.String),
    lambda rng: variant(None, KIND.String),
    lambda rng: variant("x" * rng.randrange(1_001, 20_000), KIND.String),
    lambda rng: variant(b"bytes", KIND.ByteString),
    lambda rng: variant(ua.LocalizedText("open"), KIND.LocalizedText),
    lambda rng: variant(ua.NodeId(1), KIND.NodeId),
    lambda rng: variant(ua.StatusCode(0x80000000), KIND.StatusCode),
    lambda rng: raw(b"\x0c" + count(3) + b"\xff\xfe\xfd"),  # a string that is no UTF-8
    lambda rng: raw(b"\x0d" + rng.randbytes(8)),  # any date
    lambda rng: raw(b"\x18" * rng.choice([2, 50, 900, 20_000]) + b"\x0f" + count(0)),  # a variant in a variant in …
    lambda rng: raw(b"\x19" + b"\x40" * rng.choice([1, 100, 5_000]) + b"\x00"),  # diagnostics in diagnostics
    lambda rng: raw(b"\x80" + count(PLENTY)),  # two thousand million nothings
    lambda rng: raw(b"\x8c" + count(PLENTY) + count(-4)),  # as many strings of negative length
    lambda rng: raw(b"\x0f" + count(rng.choice([-2, -9, -PLENTY]))),
    lambda rng: raw(b"\xc1" + count(1) + b"\x01" + count(2) + count(1_000_000) + count(1)),  # a matrix
    lambda rng: raw(b"\xc1" + count(1) + b"\x01" + count(9_000) + count(PLENTY) * 9_000),
    lambda rng: raw(b"\xc6" + count(PLENTY)),
    lambda rng: raw(b"\x16\x01\x00\x4d\x01\x01" + count(-1)),  # a structure of unknown length
    lambda rng: raw(b"\x96" + count(300) + b"\x00\x00\x00" * 300),
    lambda rng: raw(b"\x97" + count(900) + b"\x00" * 900),
    lambda rng: raw(bytes([rng.randrange(26, 64)]) + count(0)),
    lambda rng: b"\x02" + struct.pack("<I", rng.choice([0x80000000, 0x80340000, 0x40000000, 0xFFFFFFFF])),
    lambda rng: b"\x03\x01\x01" + struct.pack("<I", 0x40920000),  # a good value, of uncertain quality
    lambda rng: b"\x00",
    lambda rng: b"\xff",
    lambda rng: rng.randbytes(rng.randrange(0, 40)),
)


def wrong_values(rng: Random) -> bytes:
    """Return one answer that is no value of any field of the machine."""
    return rng.choice(_WRONG)(rng)


def one_wrong(rng: Random, values: Values) -> Values:
    values[rng.randrange(len(values))] = wrong_values(rng)
    return values


def many_wrong(rng: Random, values: Values) -> Values:
    for _ in range(rng.randrange(2, 4)):
        one_wrong(rng, values)
    return values


def all_alike(rng: Random, values: Values) -> Values:
    return [rng.choice(values)] * len(values)


def reordered(rng: Random, values: Values) -> Values:
    turn = 1 + rng.randrange(max(1, len(values) - 1))  # of a single value there is one order
    return values[turn:] + values[:turn]


def too_few(rng: Random, values: Values) -> Values:
    return values[: rng.randrange(len(values))]


def too_many(rng: Random, values: Values) -> Values:
    return values + [rng.choice(values) for _ in range(rng.choice([1] * 60 + [2_000]))]


def flood(rng: Random, values: Values) -> Values:
    return [b"\x00"] * rng.choice([100] * 90 + [50_000])


VALUES: tuple[ValueLie, ...] = (one_wrong, many_wrong, all_alike, reordered, too_few, too_many, flood)


def flipped(rng: Random, exchange: Exchange) -> bytes:
    """Return the answer with some bytes changed before it was encrypted: what comes may even be valid."""
    body = bytearray(exchange.body())
    for _ in range(rng.choice([1, 1, 2, 8, 64])):
        body[rng.randrange(len(body))] = rng.randrange(256)
    return exchange.frames(bytes(body))


def shortened(rng: Random, exchange: Exchange) -> bytes:
    body = exchange.body()
    return exchange.frames(body[: rng.randrange(1, len(body))])


def lengthened(rng: Random, exchange: Exchange) -> bytes:
    body = exchange.body()
    where = rng.randrange(len(body))
    return exchange.frames(body[:where] + count(rng.choice([-1, -2, PLENTY, 70_000])) + body[where:])


def other_service(rng: Random, exchange: Exchange) -> bytes:
    name = rng.choice(["Write", "Call", "CreateSession", "ActivateSession", "CloseSession", "Publish", "Browse"])
    return exchange.frames(bytes(ua_binary.struct_to_binary(getattr(ua, f"{name}Response")())))


def fault(rng: Random, exchange: Exchange) -> bytes:
    refusal = ua.ServiceFault()
    refusal.ResponseHeader.ServiceResult = ua.StatusCode(rng.choice([0x80020000, 0x80250000, 0x807FFFFF, 0xFFFFFFFF]))
    refusal.ResponseHeader.StringTable = ["x" * 1_000] * rng.randrange(40)
    return exchange.frames(bytes(ua_binary.struct_to_binary(refusal)))


# These leave the connection alone: the body is wrong, its envelope is not.
BODIES: tuple[FrameLie, ...] = (flipped, shortened, lengthened, other_service, fault)


def wrong_number(rng: Random, exchange: Exchange) -> bytes:
    return exchange.frames(request_id=rng.choice([0, exchange.request_id + 1, 2**32 - 1]))


def twice(rng: Random, exchange: Exchange) -> bytes:
    return exchange.frames(b"\x00" * 30) + exchange.frames()


def spoiled(rng: Random, exchange: Exchange) -> bytes:
    """Return the answer with a byte changed after it was encrypted and signed."""
    frame = bytearray(exchange.frames())
    frame[rng.randrange(len(frame))] ^= rng.randrange(1, 256)
    # Where the length itself got longer, the rest never comes: that is a stall, and `SLOW` has those.
    frame[4:8] = len(frame).to_bytes(4, "little") if rng.random() < 0.9 else rng.randrange(24).to_bytes(4, "little")
    return bytes(frame)


def noise(rng: Random, exchange: Exchange) -> bytes:
    kind = rng.choice([b"MSG", b"OPN", b"ACK", b"ERR", b"HEL", b"CLO", rng.randbytes(3)])
    rest = rng.randbytes(rng.choice([0, 4, 12, 60, 400, 9_000]))
    length = rng.choice([8 + len(rest)] * 4 + [0, 7, 8, 11, 70_000, 2**32 - 1])
    return kind + rng.choice(b"FCA?").to_bytes(1, "little") + length.to_bytes(4, "little") + rest


def garbage(rng: Random, exchange: Exchange) -> bytes:
    return rng.randbytes(rng.randrange(8, 4_000))


def error(rng: Random, exchange: Exchange) -> bytes:
    reason = "because " * rng.choice([0, 1, 400, 20_000])
    code = ua.StatusCode(rng.choice([0x80000000, 0x807D0000, 0xFFFFFFFF]))
    return bytes(ua_binary.uatcp_to_binary(ua.MessageType.Error, ua.ErrorMessage(code, reason)))


def endless(rng: Random, exchange: Exchange) -> bytes:
    """Return chunk after chunk of one answer, which never ends."""
    return b"".join(exchange.line.piece(b"\x00" * 60_000, exchange.request_id) for _ in range(rng.choice([2, 40])))


def oversize(rng: Random, exchange: Exchange) -> bytes:
    """Return one honest answer of megabytes, in as many chunks as that takes."""
    # An opening is one chunk whatever its size, and the rogue itself would take a second to encrypt megabytes of it.
    most = 20_000 if exchange.service == "OpenSecureChannel" else rng.choice([300_000, 2_000_000])
    return exchange.frames(exchange.body() + b"\x00" * most)


FRAMES: tuple[FrameLie, ...] = (wrong_number, twice, spoiled, noise, garbage, error, endless, oversize)


def _acknowledged(rng: Random, answer: ua.Acknowledge) -> None:
    small = [0, 1, 100, 8_191]
    rng.choice(
        [
            lambda: setattr(answer, "ReceiveBufferSize", rng.choice(small)),
            lambda: setattr(answer, "SendBufferSize", rng.choice(small)),
        ]
    )()


def _opened(rng: Random, result: Any) -> None:
    result.SecurityToken = copy(result.SecurityToken)  # what the rogue itself goes by stays as it is
    rng.choice(
        [
            lambda: setattr(result, "ServerNonce", rng.choice([None, b"", b"short", b"x" * 3_000])),
            lambda: setattr(result.SecurityToken, "RevisedLifetime", rng.choice([0, 1, 500])),
            lambda: setattr(result.SecurityToken, "TokenId", 0xFFFFFFFF),
            lambda: setattr(result.SecurityToken, "ChannelId", 0),
        ]
    )()


def _chain(rng: Random, own: bytes) -> bytes:
    """Return certificates that never come to a root: ours again and again, or bytes that are none."""
    loop = own + own * rng.choice([1, 20])
    return rng.choice(
        [own[:-1], b"\x30\x82\xff\xff" + loop, b"\x30\x80" * rng.randrange(9_000), rng.randbytes(900), b""]
    )


def _session(rng: Random, result: Any) -> None:
    own = bytes(result.ServerCertificate)
    weak = "http://opcfoundation.org/UA/SecurityPolicy#None"
    rng.choice(
        [
            lambda: setattr(result, "RevisedSessionTimeout", rng.choice([math.nan, math.inf, -1.0, 0.0, 1.0, 1e300])),
            lambda: setattr(result, "ServerCertificate", _chain(rng, own)),
            lambda: setattr(result, "ServerEndpoints", []),
            lambda: setattr(result, "ServerEndpoints", None),
            lambda: setattr(result, "ServerEndpoints", [endpoint("opc.tcp://other", own, weak)] * rng.choice([1, 60])),
            lambda: setattr(result, "ServerEndpoints", [endpoint("http://other", own, POLICY_URI)]),
            lambda: setattr(result.ServerSignature, "Signature", rng.choice([None, b"", rng.randbytes(256)])),
            lambda: setattr(result, "ServerNonce", None) or setattr(result.ServerSignature, "Signature", b"no"),
        ]
    )()


def altered(rng: Random, exchange: Exchange) -> bytes | None:
    """Change one promise of the handshake so that no honest machine would make it."""
    match exchange.service:
        case "Hello":
            _acknowledged(rng, exchange.response)
            return None
        case "OpenSecureChannel":
            _opened(rng, exchange.response.Parameters)
            return None
        case "CreateSession":
            _session(rng, exchange.response.Parameters)
            return None
    exchange.response.ResponseHeader.ServiceResult = ua.StatusCode(0x801F0000)
    return None


def broken(rng: Random, exchange: Exchange) -> bytes:
    """Answer a step of the handshake with a frame that is wrong."""
    lies = (noise, garbage, error) if exchange.service == "Hello" else (*FRAMES, shortened, other_service, fault)
    return rng.choice(lies)(rng, exchange)


HANDSHAKES: tuple[HandshakeLie, ...] = (altered, broken)


async def stall(exchange: Exchange) -> bool:
    """Send nothing at all."""
    return True


async def announce(exchange: Exchange) -> bool:
    """Announce a long message, send half of it, and then nothing."""
    await exchange.line.send(b"MSGF" + (60_000).to_bytes(4, "little") + b"\x07\x00\x00\x00" + b"\x00" * 30_000)
    return True


async def drip(exchange: Exchange) -> bool:
    """Send an honest answer, one byte at a time and slower than anybody waits."""
    for byte in exchange.frames():
        await exchange.line.send(bytes([byte]))
        await pause(0.05)
    return True


async def pour(exchange: Exchange) -> bool:
    """Send intermediate chunks for as long as somebody takes them."""
    while True:
        await exchange.line.send(endless(Random(1), exchange))


async def hang_up(exchange: Exchange) -> bool:
    """Close the connection instead of answering."""
    exchange.line.writer.transport.abort()
    return True


def at_reads(lie: ValueLie | FrameLie, rng: Random, whole: bool = False) -> Lie:
    """Return what answers each read of the machine with this lie, or those of everything alone; all else is honest."""

    async def at(exchange: Exchange) -> bool:
        if exchange.service != "Read" or exchange.values is None:
            return False
        if whole and len(exchange.values) <= PLC_VALUES:
            return False
        if lie in VALUES:
            exchange.values = lie(rng, exchange.values)
            return False
        await exchange.line.send(cast(FrameLie, lie)(rng, exchange))
        return True

    return at


def at_step(lie: HandshakeLie, service: str, rng: Random) -> Lie:
    """Return what answers one step of the handshake with this lie, and all else honestly."""

    async def at(exchange: Exchange) -> bool:
        if exchange.service != service:
            return False
        sent = lie(rng, exchange)
        if sent is not None:
            await exchange.line.send(sent)
        return sent is not None

    return at


SLOW: tuple[Lie, ...] = (stall, announce, drip, pour, hang_up)
