"""Streams in virtual time behave as TCP does: nothing lost, nothing out of order, late after a cut, and rough ends."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from vendrive.simulation.loop import VirtualClock, run_virtual
from vendrive.simulation.network import HIGH_WATER_BYTES, SimulatedNetwork

HOST, PORT = "127.0.0.1", 4840
Scene = Callable[[SimulatedNetwork, VirtualClock], Awaitable[None]]


class Recorder(asyncio.Protocol):
    """Keeps what happens at one end."""

    def __init__(self) -> None:
        self.received = b""
        self.portions = 0
        self.lost: list[Exception | None] = []
        self.paused = 0
        self.resumed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        self.portions += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.append(exc)

    def pause_writing(self) -> None:
        self.paused += 1

    def resume_writing(self) -> None:
        self.resumed += 1


def play(scene: Scene, seed: int = 1) -> None:
    network = SimulatedNetwork(Random(seed))

    async def program(clock: VirtualClock, rng: Random) -> None:
        await scene(network, clock)

    run_virtual(program, network=network)


async def pair() -> tuple[Recorder, Recorder]:
    """Return the protocols of a client and of its server, connected."""
    loop, servers = asyncio.get_running_loop(), list[Recorder]()

    def serve() -> Recorder:
        servers.append(Recorder())
        return servers[-1]

    listener = await loop.create_server(serve, HOST, PORT)
    _, client = await loop.create_connection(Recorder, HOST, PORT)
    listener.close()
    return client, servers[-1]


def test_bytes_arrive_whole_and_in_order_but_not_in_the_portions_in_which_they_were_written() -> None:
    sent = [bytes([number % 256]) * (number + 1) for number in range(400)]

    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        started = clock.monotonic()
        for data in sent:
            client.transport.write(data)
        assert server.received == b""
        await asyncio.sleep(1)
        assert server.received == b"".join(sent)
        assert server.portions > len(sent)
        assert clock.monotonic() > started

    play(scene)


def test_what_was_written_in_a_cut_arrives_after_it() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        network.cut()
        client.transport.write(b"late")
        server.transport.write(b"answer")
        await asyncio.sleep(3600)
        assert (server.received, client.received) == (b"", b"")
        network.heal()
        await asyncio.sleep(121)
        assert (server.received, client.received) == (b"late", b"answer")
        assert client.lost == server.lost == []

    play(scene)


def test_a_cut_in_one_direction_lets_the_other_pass() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        network.cut(there=False, back=True)
        client.transport.write(b"question")
        server.transport.write(b"answer")
        await asyncio.sleep(10)
        assert (server.received, client.received) == (b"question", b"")

    play(scene)


def test_a_stall_delays_and_loses_nothing() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        network.stall(5)
        client.transport.write(b"patience")
        await asyncio.sleep(4.9)
        assert server.received == b""
        await asyncio.sleep(0.2)
        assert server.received == b"patience"

    play(scene)


def test_a_reset_ends_both_ends_and_drops_what_was_under_way() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        client.transport.write(b"gone")
        network.reset()
        await asyncio.sleep(1)
        assert server.received == b""
        assert [type(error) for error in client.lost + server.lost] == [ConnectionResetError] * 2

    play(scene)


def test_after_a_power_cut_a_client_learns_it_when_it_sends() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        network.lose_servers()
        await asyncio.sleep(3600)
        assert len(server.lost) == 1
        assert client.lost == []
        client.transport.write(b"anybody there?")
        await asyncio.sleep(1)
        assert [type(error) for error in client.lost] == [ConnectionResetError]

    play(scene)


def test_the_answer_of_a_dead_server_waits_for_the_end_of_a_cut() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, _ = await pair()
        network.lose_servers()
        network.cut(there=False, back=True)
        client.transport.write(b"anybody there?")
        await asyncio.sleep(60)
        assert client.lost == []
        network.heal()
        await asyncio.sleep(121)
        assert [type(error) for error in client.lost] == [ConnectionResetError]

    play(scene)


def test_an_orderly_end_delivers_what_was_written_before() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        client.transport.write(b"farewell")
        client.transport.close()
        client.transport.write(b"too late")
        await asyncio.sleep(1)
        assert server.received == b"farewell"
        assert client.lost == server.lost == [None]

    play(scene)


def test_a_rough_end_delivers_nothing_more() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        client.transport.write(b"farewell")
        client.transport.abort()
        await asyncio.sleep(1)
        assert server.received == b""
        assert [type(error) for error in server.lost] == [ConnectionResetError]

    play(scene)


def test_a_sender_is_asked_to_pause_where_nobody_reads_and_to_go_on_then() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, server = await pair()
        server.transport.pause_reading()
        for _ in range(3):
            client.transport.write(bytes(HIGH_WATER_BYTES // 2))
        await asyncio.sleep(1)
        assert (client.paused, client.resumed, server.received) == (1, 0, b"")
        server.transport.resume_reading()
        await asyncio.sleep(1)
        assert (client.paused, client.resumed) == (1, 1)
        assert len(server.received) == 3 * (HIGH_WATER_BYTES // 2)

    play(scene)


def test_nobody_listens() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        client, _ = await pair()
        with pytest.raises(ConnectionRefusedError, match=r"nobody listens at 127\.0\.0\.1:4840"):
            await asyncio.get_running_loop().create_connection(Recorder, HOST, PORT)
        client.transport.write(b"the open stream goes on")

    play(scene)


def test_an_address_is_taken_once() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(Recorder, HOST, PORT)
        with pytest.raises(OSError, match="already"):
            await loop.create_server(Recorder, HOST, PORT)

    play(scene)


def test_a_connection_is_tried_until_the_way_is_open_and_then_given_up() -> None:
    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_server(Recorder, HOST, PORT)
        network.cut()
        loop.call_later(5, network.heal)
        await loop.create_connection(Recorder, HOST, PORT)
        assert 5 < clock.monotonic() < 10
        network.cut()
        with pytest.raises(TimeoutError):
            await loop.create_connection(Recorder, HOST, PORT)
        assert 100 < clock.monotonic() < 200

    play(scene)


def test_the_streams_of_the_standard_library_work() -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line.upper())
            await writer.drain()
        writer.close()

    async def scene(network: SimulatedNetwork, clock: VirtualClock) -> None:
        await asyncio.start_server(echo, HOST, PORT)
        reader, writer = await asyncio.open_connection(HOST, PORT)
        writer.write(b"hello\nworld\n")
        assert [await reader.readline() for _ in range(2)] == [b"HELLO\n", b"WORLD\n"]
        writer.close()
        await asyncio.sleep(1)
        assert reader.at_eof()

    play(scene)
