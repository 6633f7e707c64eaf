"""The machine over OPC UA: one secured session, whole snapshots, calls with a deadline. No automatic reconnect.

A connection lives once: after any failure the caller closes it and makes another (docs/decisions/0007). Everything is
read once at first, and again when the PLC says that something changed (docs/decisions/0010).
"""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyAes256Sha256RsaPss
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from vendrive.clock import Clock
from vendrive.station.adapters.opcua.fence import check_promises, drop, fence
from vendrive.station.machine import Accepted, Answer, MachineLost, NotAccepted
from vendrive.tower.layout import Layout
from vendrive.wire.machine import NAMESPACE, Bay, Command, Lift, Part, Plc, Slot, Snapshot, nodes_of
from vendrive.wire.pki import OwnCertificate, make_certificate, trusted_certificates

REQUEST_TIMEOUT_S = 2.0
CONNECT_TIMEOUT_S = 5.0
SESSION_MS = 10_000
# How often everything is read although nothing is said to have changed: a machine whose revision lies is found out.
DISTRUST_PERIOD_S = 10.0
# What an honest answer takes, with room to spare: the time that a bad one takes to refuse grows with its length.
MESSAGE_BYTES = 64 * 1024
NODE_BYTES = 96
LONGEST_TEXT = 1000
LONGEST_ERROR = 200
VALUE_ATTRIBUTE = 13  # OPC 10000-6, A.1

log = logging.getLogger(__name__)
_PLC_NODES = tuple(nodes_of(Plc).values())
P = TypeVar("P", Plc, Lift, Slot, Bay)


@dataclass(frozen=True)
class Access:
    """How to reach one machine: its address, and the folder with our certificate and the pinned one of the machine."""

    url: str
    pki: Path
    application_uri: str

    def own(self, clock: Clock) -> OwnCertificate:
        """Return our certificate, made at first run."""
        return make_certificate(self.pki, self.application_uri, clock.now())


class OpcuaMachine:
    """A Machine behind an OPC UA server with the address space of `vendrive.wire.machine`."""

    def __init__(self, access: Access, layout: Layout, clock: Clock) -> None:
        self._access = access
        self._layout = layout
        self._clock = clock
        self._nodes = _nodes_of_all(layout)
        self._client: Client | None = None
        self._namespace = 0
        self._requests: dict[tuple[str, ...], ua.ReadParameters] = {}
        self._known: Snapshot | None = None
        self._distrust_at_s = 0.0

    async def connect(self) -> None:
        """Try each pinned certificate; there is one, except while a machine's certificate is being replaced."""
        pinned = await asyncio.to_thread(trusted_certificates, self._access.pki)
        if not pinned:
            raise MachineLost(f"no certificate of the machine in {self._access.pki / 'trusted'}")
        self._known, self._requests = None, {}
        failures: list[str] = []
        for der in sorted(pinned):
            try:
                self._client = await self._connected(der)
            except (MachineLost, OSError, ValueError) as error:
                failures.append(str(error))
                continue
            async with _in_time(CONNECT_TIMEOUT_S):
                self._namespace = await self._client.get_namespace_index(NAMESPACE)
            return
        raise MachineLost("; ".join(failures))

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await _quietly_closed(client)

    async def read(self) -> Snapshot:
        async with _in_time(REQUEST_TIMEOUT_S):
            known, started = self._known, self._clock.monotonic()
            if known is not None and started < self._distrust_at_s:
                plc = _part(Plc, "", await self._values(_PLC_NODES))
                if _revision(plc) == _revision(known.plc):
                    # Only counters have moved since all was read: all is as it was at the start of this request.
                    return replace(known, plc=plc, read_at_s=started)
            return await self._read_all()

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def beat(self, count: int) -> None:
        async with _in_time(REQUEST_TIMEOUT_S):
            node = self._connection().get_node(self._id("Plc.station_heartbeat"))
            await node.write_value(ua.Variant(count, ua.VariantType.Int64))

    async def take_control(self, control_epoch: int) -> Answer:
        return _answer(await self._call("take_control", _integer(control_epoch)))

    async def execute(self, command: Command) -> Answer:
        arguments = json.dumps(dict(command.arguments))
        return _answer(
            await self._call(
                "execute",
                _integer(command.control_epoch),
                _integer(command.seq),
                _text(command.operation.value),
                _text(arguments),
                _integer(command.valid_until_ms),
            )
        )

    async def stop(self, reason: str) -> None:
        await self._call("stop", _text(reason))

    async def call_help(self) -> None:
        await self._call("call_help")

    async def end_help(self) -> None:
        await self._call("end_help")

    async def _read_all(self) -> Snapshot:
        # The start of the request, not its end: data is never taken for younger than it is.
        started = self._clock.monotonic()
        snapshot = _snapshot(await self._values(self._nodes), self._layout, started)
        known, self._known = self._known, snapshot
        self._distrust_at_s = started + DISTRUST_PERIOD_S
        if known and _revision(known.plc) == _revision(snapshot.plc) and _parts(known) != _parts(snapshot):
            raise MachineLost(f"values changed and the revision stayed {snapshot.plc.revision}: not this protocol")
        return snapshot

    async def _values(self, names: tuple[str, ...]) -> dict[str, object]:
        client = self._connection()
        if names not in self._requests:
            self._requests[names] = _request([self._id(name) for name in names])
        answers = await client.uaclient.read(self._requests[names])
        return {name: _good(name, answer) for name, answer in zip(names, answers, strict=True)}

    async def _connected(self, server_certificate: bytes) -> Client:
        client = self._client_of(server_certificate)
        async with _in_time(CONNECT_TIMEOUT_S):
            try:
                await client.connect()
                check_promises(client)
            except BaseException:
                drop(client)  # asyncua leaves it open where it is cancelled, so at each time-out
                raise
        return client

    def _client_of(self, server_certificate: bytes) -> Client:
        own = self._access.own(self._clock)
        certificate, key = x509.load_der_x509_certificate(own.der), _private_key(own.private_key.read_bytes())
        client = Client(self._access.url, timeout=REQUEST_TIMEOUT_S, auto_reconnect=False)
        client.application_uri = self._access.application_uri
        client.session_timeout = SESSION_MS
        fence(client, MESSAGE_BYTES + NODE_BYTES * len(self._nodes))
        client.certificate_validator = _pinned(server_certificate)
        machine, mode = x509.load_der_x509_certificate(server_certificate), ua.MessageSecurityMode.SignAndEncrypt
        policy = SecurityPolicyAes256Sha256RsaPss(machine, certificate, key, mode)  # type: ignore[no-untyped-call]
        client.security_policy = policy  # type: ignore[assignment] # declared as what it is at first
        client.uaclient.set_security(policy)
        # The application's certificate is the user too: no name, no password, nobody anonymous.
        client.user_certificate, client.user_private_key = certificate, key
        return client

    async def _call(self, method: str, *arguments: ua.Variant) -> list[object]:
        async with _in_time(REQUEST_TIMEOUT_S):
            plc = self._connection().get_node(self._id("Plc"))
            result = await plc.call_method(self._id(f"Plc.{method}"), *arguments)
        return list(result) if isinstance(result, list | tuple) else [result]

    def _connection(self) -> Client:
        if self._client is None:
            raise MachineLost("not connected")
        return self._client

    def _id(self, name: str) -> ua.NodeId:
        return ua.NodeId.from_string(f"ns={self._namespace};s={name}")


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    """Turn every way in which a request can fail into MachineLost: each leaves its outcome unknown."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except MachineLost:
        raise
    except Exception as error:
        # Not a list of types: what asyncua trips over in a bad answer can be anything, an AssertionError too.
        raise MachineLost(f"{type(error).__name__} {error}".strip()[:LONGEST_ERROR]) from error


async def _quietly_closed(client: Client) -> None:
    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            await client.disconnect()
    except Exception as error:
        log.info("the machine's connection ended roughly: %s", str(error)[:LONGEST_ERROR])
    finally:
        drop(client)


@lru_cache(maxsize=1)
def _private_key(pem: bytes) -> PrivateKeyTypes:
    """Return our key. Checking it takes longer than the rest of a connection, and each attempt needs it."""
    return load_pem_private_key(pem, None)


def _pinned(der: bytes):  # type: ignore[no-untyped-def] # asyncua names the type in its own module only
    async def validate(certificate: x509.Certificate, description: ua.ApplicationDescription) -> None:
        if certificate.public_bytes(Encoding.DER) != der:
            raise MachineLost("the machine shows another certificate than the pinned one")

    return validate


def _request(nodes: Iterable[ua.NodeId]) -> ua.ReadParameters:
    parameters = ua.ReadParameters()
    parameters.TimestampsToReturn = ua.TimestampsToReturn.Neither
    parameters.NodesToRead = [ua.ReadValueId(NodeId=node, AttributeId=VALUE_ATTRIBUTE) for node in nodes]
    return parameters


def _good(name: str, answer: ua.DataValue) -> object:
    if answer.StatusCode is not None and not answer.StatusCode.is_good():
        raise MachineLost(f"{name}: {answer.StatusCode.name}")
    if answer.Value is None:
        raise MachineLost(f"{name}: no value")
    return answer.Value.Value


def _snapshot(values: dict[str, object], layout: Layout, read_at_s: float) -> Snapshot:
    return Snapshot(
        read_at_s=read_at_s,
        plc=_part(Plc, "", values),
        lifts=tuple(_part(Lift, name, values) for name in _names_of(layout.lifts)),
        slots=tuple(_part(Slot, name, values) for name in _names_of(layout.slots)),
        bays=tuple(_part(Bay, name, values) for name in _names_of(layout.bays)),
    )


def _nodes_of_all(layout: Layout) -> tuple[str, ...]:
    """Return every node, those of the Plc first: a value may be newer than the revision it comes with, not older."""
    parts: list[tuple[type[Part], str]] = [(Plc, "")]
    parts += [(Lift, lift.name) for lift in layout.lifts]
    parts += [(Slot, slot.name) for slot in layout.slots]
    parts += [(Bay, bay.name) for bay in layout.bays]
    return tuple(node for part, name in parts for node in nodes_of(part, name).values())


def _revision(plc: Plc) -> tuple[int, int]:
    return plc.plc_epoch, plc.revision


def _parts(snapshot: Snapshot) -> tuple[object, ...]:
    return snapshot.lifts, snapshot.slots, snapshot.bays


def _names_of(plans: Iterable[object]) -> list[str]:
    return [str(getattr(plan, "name")) for plan in plans]  # noqa: B009 - three plan types share this one field


def _part(kind: type[P], name: str, values: dict[str, object]) -> P:
    """Return the part; MachineLost where a value is no value of its field: a wrong machine."""
    nodes = nodes_of(kind, name)
    read: dict[str, Any] = {field.name: values[nodes[field.name]] for field in fields(kind)}
    for field in fields(kind):
        if not _fits(read[field.name], field.default):
            shown = repr(read[field.name])[:LONGEST_ERROR]
            raise MachineLost(f"{nodes[field.name]}: {shown} is no {type(field.default).__name__}")
    if name and read["name"] != name:
        raise MachineLost(f"{nodes['name']}: it calls itself {read['name'][:LONGEST_ERROR]!r}")
    return kind(**read)


def _fits(value: object, default: object) -> bool:
    """Whether the value has exactly the type of the default: a boolean is no number here, and nan is none either."""
    match value:
        case str():
            known = not isinstance(default, StrEnum) or value in set(type(default))
            # What is no text in UTF-8 could be neither written to the journal nor shown.
            text = len(value) <= LONGEST_TEXT and value.encode(errors="ignore").decode() == value
            return isinstance(default, str) and known and text
        case float():
            return type(default) is float and math.isfinite(value)
    return type(value) is type(default)


def _answer(result: list[object]) -> Answer:
    match result:
        case [True, str()]:
            return Accepted()
        case [False, str(reason)]:
            return NotAccepted(reason[:LONGEST_ERROR])
    raise MachineLost(f"the machine answered {result!r}"[:LONGEST_ERROR])


def _integer(value: int) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.Int64)


def _text(value: str) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.String)
