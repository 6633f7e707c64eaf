"""What a machine's OPC UA server may not do to us, whatever it sends: asyncua's client believes its server too much.

It announces a largest message but keeps to none, lets the server's answer to Hello change its own limits, waits for a
frame of any announced length, and renews the channel as often as the server says.
"""

import logging
import math
from collections.abc import Callable

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_client import UASocketProtocol
from asyncua.common.connection import TransportLimits
from asyncua.ua.uaerrors import UaError

from vendrive.wire.opcua_bytes import CHUNK_BYTES, SMALLEST_BUFFER_BYTES, Frames, distrust_lengths

# An answer of the handshake holds two certificates; an error, one sentence of at most 4096 bytes.
_MOST_BYTES = {b"ACK": 64, b"ERR": 8192, b"OPN": 16384, b"MSG": CHUNK_BYTES}
_LONGEST_TIMEOUT_MS = 3_600_000.0
_SHORTEST_TIMEOUT_MS = 1_000.0
_SHORTEST_CHANNEL_MS = 10_000

log = logging.getLogger(__name__)


class _OwnLimits(TransportLimits):
    """Limits that a server can make narrower, down to what the standard allows, and never wider."""

    def update_client_limits(self, msg: ua.Acknowledge) -> None:
        if min(msg.ReceiveBufferSize, msg.SendBufferSize) < SMALLEST_BUFFER_BYTES:
            raise UaError("the server asks for smaller buffers than the standard allows")
        self.max_send_buffer = min(self.max_send_buffer, int(msg.ReceiveBufferSize))


def fence(client: Client, message_bytes: int) -> None:
    """Let `client` take messages of at most `message_bytes`, in frames that are refused before they are collected."""
    distrust_lengths()
    chunks = message_bytes // SMALLEST_BUFFER_BYTES + 1
    client.max_messagesize, client.max_chunkcount = message_bytes, chunks
    make: Callable[[], UASocketProtocol] = client.uaclient._make_protocol

    def make_fenced() -> UASocketProtocol:
        protocol = make()
        protocol._connection._limits = _OwnLimits(CHUNK_BYTES, CHUNK_BYTES, chunks, message_bytes)
        protocol.data_received = _framed(protocol)  # type: ignore[method-assign, assignment]
        return protocol

    client.uaclient._make_protocol = make_fenced  # type: ignore[method-assign]


def check_promises(client: Client) -> None:
    """Raise UaError where the server gave a session or a channel times that would keep us busy, or never end."""
    session_ms, channel_ms = float(client.session_timeout), client.secure_channel_timeout
    if not (math.isfinite(session_ms) and _SHORTEST_TIMEOUT_MS <= session_ms <= _LONGEST_TIMEOUT_MS):
        raise UaError(f"the server gives a session of {session_ms} ms")
    if channel_ms < _SHORTEST_CHANNEL_MS:
        raise UaError(f"the server gives a channel of {channel_ms} ms")


def drop(client: Client) -> None:
    """Close the socket and end asyncua's tasks, also where it was cancelled or believes somebody else is closing it."""
    protocol = client.uaclient.protocol
    client.disconnect_socket()
    # At once, not when what is written has been read: a peer that reads nothing would keep the socket open.
    if protocol is not None and protocol.transport is not None:
        protocol.transport.abort()
    for task in (client._renew_channel_task, client._supervisor_task, client._stale_watchdog_task):
        if task is not None:
            task.cancel()


def _framed(protocol: UASocketProtocol) -> Callable[[bytes], None]:
    frames, take = Frames(_MOST_BYTES), protocol.data_received

    def received(data: bytes) -> None:
        try:
            for frame in frames.cut(data):
                if protocol.transport is None or protocol.transport.is_closing():
                    return
                take(frame)
        except ValueError as error:
            log.warning("the machine sent %s", error)
            if protocol.transport is not None:
                protocol.transport.abort()

    return received
