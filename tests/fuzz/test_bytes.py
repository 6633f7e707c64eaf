"""Lengths and counts from outside are refused before they cost anything, on both ends of the wire."""

import logging
import tracemalloc

import pytest
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary
from asyncua.ua.uaerrors import UaError

from tests.fuzz.lies import count
from vendrive.wire.opcua_bytes import LONGEST_RECORD, Frames, distrust_lengths


@pytest.mark.parametrize(
    "data",
    [
        b"\x80" + count(100_000),  # an array of nothings
        b"\x8c" + count(100_000) + count(-4),  # strings of a length that leads back to itself
        b"\x0f" + count(-2),
        b"\xc1" + count(1) + b"\x01" + count(2) + count(900_000) + count(1),  # a matrix
    ],
)
def test_a_few_bytes_do_not_become_many(data: bytes) -> None:
    distrust_lengths()
    tracemalloc.start()
    with pytest.raises(UaError):
        ua_binary.variant_from_binary(Buffer(data))
    most_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes < 100_000


@pytest.mark.parametrize("length", [0, 7, 8, 65, 2**32 - 1])
def test_a_frame_of_another_length_is_refused_by_its_header_alone(length: int) -> None:
    with pytest.raises(ValueError, match=f"of {length} bytes"):
        list(Frames({b"ACK": 64}).cut(b"ACKF" + length.to_bytes(4, "little")))


def test_a_frame_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="MSG"):
        list(Frames({b"ACK": 64}).cut(b"MSGF" + count(20)))


def test_frames_come_out_whole_however_they_arrive() -> None:
    frames = [b"ACKF" + count(10) + b"ab", b"ACKF" + count(12) + b"abcd"]
    together = Frames({b"ACK": 64})
    assert list(together.cut(b"".join(frames))) == frames
    single = Frames({b"ACK": 64})
    assert [frame for byte in b"".join(frames) for frame in single.cut(bytes([byte]))] == frames


def test_what_a_peer_sent_is_not_written_down_at_length(caplog: pytest.LogCaptureFixture) -> None:
    distrust_lengths()
    for name in ("asyncua.uaprotocol", "asyncua.client.ua_client.UASocketProtocol", "asyncua.server.uaprocessor"):
        try:
            raise ValueError("y" * PLENTY_OF_TEXT)
        except ValueError:
            logging.getLogger(name).exception("refused %s", "x" * PLENTY_OF_TEXT)
    assert len(caplog.records) == 3
    assert all(len(record.getMessage()) <= LONGEST_RECORD and not record.exc_info for record in caplog.records)


PLENTY_OF_TEXT = 100_000
