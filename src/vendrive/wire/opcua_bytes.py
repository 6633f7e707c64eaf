"""What asyncua takes on trust in bytes from outside, refused before it costs time or memory; for both ends of the wire.

Its decoder believes every count and every length. Nine bytes can ask for two thousand million empty values or for
strings of negative length, which it reads again and again; a message of any announced size is collected before its size
is looked at. Nothing in our address space is a matrix, an empty array without elements, or larger than a few chunks.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError

CHUNK_BYTES = 65535
# OPC 10000-6, 7.1.2.3: no peer may ask for smaller buffers; thousands of tiny chunks would be a flood of our own.
SMALLEST_BUFFER_BYTES = 8192
HEADER_BYTES = 8
LONGEST_RECORD = 300
# A value of ours is no array; those of the standard's own nodes are short.
MOST_ELEMENTS = 1000
# The first takes no bytes at all, so nothing would end it; the others hold arrays again.
_NO_ELEMENTS = (ua.VariantType.Null, ua.VariantType.Variant, ua.VariantType.DataValue)
# Who of asyncua writes down what a peer sent.
_LOGGERS = (
    "asyncua.client.client",
    "asyncua.client.ua_client.UASocketProtocol",
    "asyncua.client.ua_client.UaClient",
    "asyncua.server.address_space",
    "asyncua.server.binary_server_asyncio",
    "asyncua.server.internal_session",
    "asyncua.server.uaprocessor",
    "asyncua.uaprotocol",
)

_read, _skip, _unpack_array = Buffer.read, Buffer.skip, ua_binary.unpack_uatype_array


class Frames:
    """Cuts a stream into whole OPC UA TCP messages; ValueError for a kind or a length that nobody may send here."""

    def __init__(self, most_bytes: Mapping[bytes, int]) -> None:
        """`most_bytes` names each kind of message that may come, with its longest length."""
        self._most_bytes = most_bytes
        self._held = bytearray()

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Take in what came and give out each message that is whole."""
        self._held += data
        while len(self._held) >= HEADER_BYTES:
            kind, length = bytes(self._held[:3]), int.from_bytes(self._held[4:HEADER_BYTES], "little")
            if not HEADER_BYTES < length <= self._most_bytes.get(kind, 0):
                raise ValueError(f"a message {kind!r} of {length} bytes")
            if len(self._held) < length:
                return
            frame = bytes(self._held[:length])
            del self._held[:length]
            yield frame


def distrust_lengths() -> None:
    """Let asyncua's decoder refuse what no honest peer sends; to call before the first byte is decoded."""
    Buffer.read = _checked_read  # type: ignore[method-assign, assignment]
    Buffer.skip = _checked_skip  # type: ignore[method-assign, assignment]
    ua_binary.unpack_uatype_array = _checked_array  # type: ignore[assignment]
    ua_binary._reshape = _no_matrix  # type: ignore[assignment]
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_shorten)  # once, however often it is called


def _shorten(record: logging.LogRecord) -> bool:
    """Cut what asyncua logs: whole messages of a peer, with tracebacks, would fill the disk at the peer's pace."""
    error = f": {record.exc_info[1]!r}" if record.exc_info else ""
    record.msg, record.args = f"{record.getMessage()}{error}"[:LONGEST_RECORD], ()
    record.exc_info = record.exc_text = None
    return True


def _checked_read(buffer: Buffer, size: int) -> bytes:
    if size < 0:
        raise UaError(f"a length of {size} bytes")
    return _read(buffer, size)


def _checked_skip(buffer: Buffer, size: int) -> None:
    if size < 0:
        raise UaError(f"a length of {size} bytes")
    _skip(buffer, size)


def _checked_array(kind: ua.VariantType, data: Any) -> list[Any] | None:
    length = int.from_bytes(data.copy(4).read(4), "little", signed=True)
    if kind in _NO_ELEMENTS or length > MOST_ELEMENTS:
        raise UaError(f"an array of {length} times {kind.name}")
    return _unpack_array(kind, data)


def _no_matrix(flat: list[Any], dimensions: list[int]) -> list[Any]:
    raise UaError(f"a matrix of {len(dimensions)} dimensions")
