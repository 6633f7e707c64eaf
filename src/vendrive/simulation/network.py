"""Streams in virtual time: what TCP does to two programs, with a network between them that can be cut.

A stream loses nothing and keeps its order. What is written while its way is cut arrives after the cut, however late:
TCP tries again with growing pauses. Bytes come in other portions than they were written. One network is one way
between clients and servers: a cut is for all of them, in one direction or in both.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

LATENCY_S = (0.0005, 0.004)
# How often a portion is torn in two.
TORN = 0.02
# TCP waits longer after each try that failed; Linux no longer than two minutes.
LONGEST_RETRY_S = 120.0
# The pauses before a connection request is sent again; after the last one it has failed.
CONNECT_PAUSES_S = (1, 2, 4, 8, 16, 32, 64)
HIGH_WATER_BYTES = 64 * 1024
FIRST_FREE_PORT = 49152

Factory = Callable[[], asyncio.Protocol]
Address = tuple[str, int]


@dataclass(frozen=True)
class _End:
    """In the place of bytes: the stream ends, orderly or by a reset."""

    reset: bool


_FINISH, _RESET = _End(reset=False), _End(reset=True)


class SimulatedNetwork:
    """Connects streams within one loop. Switches may be turned at any time."""

    def __init__(self, rng: Random, latency_s: tuple[float, float] = LATENCY_S) -> None:
        self.latency_s = latency_s
        # Called when a server gets a stream, and when it can be reached again.
        self.reached: Callable[[], None] = lambda: None
        self._rng = rng
        self._listeners: dict[Address, Listener] = {}
        self._streams: dict[Stream, None] = {}
        self._shut = {"there": False, "back": False}
        self._shut_at_s = 0.0
        self._next_port = FIRST_FREE_PORT

    async def connect(self, factory: Factory, host: str, port: int) -> tuple[asyncio.Transport, asyncio.Protocol]:
        await self._reached()
        listener = self._listeners.get((host, port))
        if listener is None:
            raise ConnectionRefusedError(f"nobody listens at {host}:{port}")
        client_address = ("client", self.free_port())
        client = Stream(self, "there", factory(), client_address, (host, port))
        server = Stream(self, "back", listener.factory(), (host, port), client_address)
        client.other, server.other = server, client
        for stream in (server, client):
            self.remember(stream)
            stream.protocol.connection_made(stream)
        self.reached()
        return client, client.protocol

    def listen(self, factory: Factory, host: str, port: int) -> "Listener":
        address = (host, port or self.free_port())
        if address in self._listeners:
            raise OSError(f"somebody listens at {host}:{port} already")
        self._listeners[address] = Listener(self, factory, address)
        return self._listeners[address]

    def listens(self, listener: "Listener") -> bool:
        """Whether this listener is the one at its address."""
        return self._listeners.get(listener.address) is listener

    def unlisten(self, listener: "Listener") -> None:
        """Take a listener off its address."""
        if self.listens(listener):
            del self._listeners[listener.address]

    def cut(self, there: bool = True, back: bool = True) -> None:
        """Let nothing pass from clients to servers (`there`), from servers to clients (`back`), or both."""
        self._shut = {"there": there, "back": back}
        self._shut_at_s = asyncio.get_running_loop().time()

    def heal(self) -> None:
        """Let everything pass again; what waited arrives when its sender tries again."""
        self._shut = {"there": False, "back": False}
        longest_s = min(asyncio.get_running_loop().time() - self._shut_at_s, LONGEST_RETRY_S)
        self.reached()
        for stream in list(self._streams):
            stream.go_on(self._rng.uniform(0, longest_s))

    def stall(self, seconds: float) -> None:
        """Let everything arrive late by up to `seconds`, all at once."""
        self.cut()
        asyncio.get_running_loop().call_later(seconds, self._unstall)

    def reset(self) -> None:
        """End each stream for both its ends, with all that was under way."""
        for stream in list(self._streams):
            stream.lose(ConnectionResetError("the connection was reset"))

    def lose_servers(self) -> None:
        """Let every server forget its streams without a word, as a power cut does. A client learns it when it sends."""
        for stream in [stream for stream in self._streams if stream.way == "back"]:
            stream.lose(ConnectionResetError("the power was cut"))

    @property
    def in_use(self) -> bool:
        """Whether any server has a stream on which something can come."""
        streams = (stream for stream in self._streams if stream.way == "back")
        return self.is_open("there") and any(not stream.is_closing() for stream in streams)

    def is_open(self, way: str) -> bool:
        """Whether anything passes that way."""
        return not self._shut[way]

    def delay_s(self) -> float:
        """Return how long the next portion is under way."""
        return self._rng.uniform(*self.latency_s)

    def torn(self, data: bytes) -> list[bytes]:
        """Return the portions in which these bytes travel."""
        if self._rng.random() >= TORN or len(data) < 2:
            return [data]
        middle = 1 + int(self._rng.random() * (len(data) - 1))
        return [data[:middle], data[middle:]]

    def remember(self, stream: "Stream") -> None:
        """Keep a stream that is to go on when the way is open again."""
        self._streams[stream] = None

    def forget(self, stream: "Stream") -> None:
        """Drop a stream that is over."""
        self._streams.pop(stream, None)

    def free_port(self) -> int:
        """Return a port that nobody had before."""
        self._next_port += 1
        return self._next_port - 1

    def _unstall(self) -> None:
        self._shut = {"there": False, "back": False}
        self.reached()
        for stream in list(self._streams):
            stream.go_on(0)

    async def _reached(self) -> None:
        """Wait until a request to connect came through and its answer came back."""
        for pause_s in CONNECT_PAUSES_S:
            await asyncio.sleep(self.delay_s() + self.delay_s())
            if self.is_open("there") and self.is_open("back"):
                return
            await asyncio.sleep(pause_s)
        raise TimeoutError("nobody answers")


class Listener(asyncio.AbstractServer):
    """A server's address; it says of itself what asyncio's sockets do."""

    def __init__(self, network: SimulatedNetwork, factory: Factory, address: Address) -> None:
        self.factory = factory
        self.address = address
        self._network = network

    @property
    def sockets(self) -> "tuple[Listener, ...]":
        """Return itself in the place of the listening socket."""
        return (self,)

    def getsockname(self) -> Address:
        return self.address

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    def is_serving(self) -> bool:
        return self._network.listens(self)

    async def start_serving(self) -> None:
        """Does so from the start."""

    async def serve_forever(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None:
        self._network.unlisten(self)

    async def wait_closed(self) -> None:
        """Let a `close` that was put off happen; nothing else is left to wait for."""
        await asyncio.sleep(0)


class Stream(asyncio.Transport):
    """One end of a connection; `way` names the direction in which it sends."""

    other: "Stream"

    def __init__(
        self, network: SimulatedNetwork, way: str, protocol: asyncio.Protocol, own: Address, peer: Address
    ) -> None:
        super().__init__({"sockname": own, "peername": peer})
        self.way = way
        self.protocol = protocol
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[tuple[float, bytes | _End]] = deque()
        self._last_arrival_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._waiting = False
        self._reading = True
        self._writing = True
        self._closing = False
        self._over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or not data:
            return
        for portion in self._network.torn(bytes(data)):
            self._send(portion)
        if self._writing and self.get_write_buffer_size() > HIGH_WATER_BYTES:
            self._writing = False
            self.protocol.pause_writing()

    def get_write_buffer_size(self) -> int:
        return sum(len(portion) for _, portion in self._under_way if isinstance(portion, bytes))

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """End it; what was written before still arrives."""
        if not self._closing:
            self._closing = True
            self._send(_FINISH)
            self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        """End it at once; what has not arrived never will."""
        if not self._over:
            self._closing = True
            self._drop()
            self._send(_RESET)
            self._loop.call_soon(self._end, None)

    def lose(self, error: Exception) -> None:
        """Tell this end alone that the stream is over."""
        self._closing = True
        self._drop()
        self._loop.call_soon(self._end, error)

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def is_reading(self) -> bool:
        return self._reading

    def pause_reading(self) -> None:
        self._reading = False

    def resume_reading(self) -> None:
        self._reading = True
        self.other.go_on(0)

    def go_on(self, delay_s: float) -> None:
        """Try again to deliver what waits."""
        if self._waiting:
            self._waiting = False
            self._timer = self._loop.call_later(delay_s, self._arrive)

    def _send(self, portion: bytes | _End) -> None:
        self._last_arrival_s = max(self._last_arrival_s, self._loop.time() + self._network.delay_s())
        self._under_way.append((self._last_arrival_s, portion))
        if len(self._under_way) == 1:
            self._timer = self._loop.call_at(self._last_arrival_s, self._arrive)

    def _drop(self) -> None:
        self._under_way.clear()
        self._waiting = False
        if self._timer is not None:
            self._timer.cancel()

    def _arrive(self) -> None:
        if not self._network.is_open(self.way) or not self.other._reading:
            self._waiting = True
            self._network.remember(self)
            return
        _, portion = self._under_way.popleft()
        self.other._receive(portion)
        if self._under_way:
            self._timer = self._loop.call_at(self._under_way[0][0], self._arrive)
        elif self._over:
            self._network.forget(self)
        if not self._writing and self.get_write_buffer_size() <= HIGH_WATER_BYTES // 4:
            self._writing = True
            self.protocol.resume_writing()

    def _receive(self, portion: bytes | _End) -> None:
        if portion is _RESET:
            self.lose(ConnectionResetError("the other end reset the connection"))
        elif self._closing:
            # Nobody is there to read: the sender is told so, unless it has gone as well.
            if isinstance(portion, bytes) and not self.other._closing:
                self._send(_RESET)
        elif isinstance(portion, bytes):
            self.protocol.data_received(portion)
        elif not self.protocol.eof_received():
            self.close()

    def _end(self, error: Exception | None) -> None:
        if self._over:
            return
        self._over = True
        if not self._under_way:
            self._network.forget(self)
        self.protocol.connection_lost(error)
