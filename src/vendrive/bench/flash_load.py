"""The load generator of `vendrive bench flash`: requests that are written already, each sent at its time.

A process of its own at nice 10: `python -m vendrive.bench.flash_load HOST PORT CONNECTIONS NICE < FILE`.
The file has a line of JSON for each request, `[at_s, text]` with times from the start in order; the answers come
out as `[due_s, done_s, status]`, where `done_s` is when the whole answer was there and status 0 is a broken connection.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vendrive.clock import SystemClock

NICE = 10
TIMEOUT_S = 120.0
BROKEN = 0
CLOCK = SystemClock()


@dataclass(frozen=True)
class Request:
    """A request as it goes over the line, and when it is due from the start."""

    at_s: float
    text: str


@dataclass(frozen=True)
class Answer:
    """When the request was due, when its answer was there, and its status."""

    due_s: float
    done_s: float
    status: int

    @property
    def took_s(self) -> float:
        """Return how long a person waited, from the moment in which they wanted something."""
        return self.done_s - self.due_s


def start(
    host: str, port: int, requests: Sequence[Request], connections: int, nice: int = NICE
) -> "subprocess.Popen[str]":
    """Start the generator in a process of its own, with its requests."""
    command = [sys.executable, "-m", "vendrive.bench.flash_load", host, str(port), str(connections), str(nice)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.writelines(json.dumps([request.at_s, request.text]) + "\n" for request in requests)
    child.stdin.close()
    return child


def answers_of(child: "subprocess.Popen[str]") -> list[Answer]:
    """Wait for a generator; return its answers. Raise RuntimeError where it failed."""
    assert child.stdout is not None
    with child:
        told = child.stdout.read()
    if child.returncode != 0:
        raise RuntimeError("the load generator failed")
    return [Answer(*json.loads(line)) for line in told.splitlines()]


def run(host: str, port: int, requests: Sequence[Request], connections: int) -> list[Answer]:
    """Send all requests from a process of its own and return the answers."""
    return answers_of(start(host, port, requests, connections))


async def _send_all(host: str, port: int, requests: Sequence[Request], connections: int) -> list[Answer]:
    waiting, answers = iter(requests), list[Answer]()
    opened = await asyncio.gather(*(asyncio.open_connection(host, port) for _ in range(connections)))
    began_s = CLOCK.monotonic()
    lines = (_Line(host, port, *pair, began_s) for pair in opened)
    await asyncio.gather(*(line.work(waiting, answers) for line in lines))
    return answers


class _Line:
    """One connection, kept open; each request on it waits for the answer to the one before."""

    def __init__(
        self, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, began_s: float
    ) -> None:
        self._place = (host, port)
        self._reader, self._writer, self._began_s = reader, writer, began_s

    async def work(self, waiting: Iterator[Request], answers: list[Answer]) -> None:
        for request in waiting:
            wait_s = request.at_s - self._now_s()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            status = await self._ask(request.text)
            answers.append(Answer(request.at_s, self._now_s(), status))

    async def _ask(self, text: str) -> int:
        try:
            self._writer.write(text.encode())
            return await asyncio.wait_for(self._read(), TIMEOUT_S)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self._writer.close()
            self._reader, self._writer = await asyncio.open_connection(*self._place)
            return BROKEN

    async def _read(self) -> int:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next((line[15:] for line in head.split("\r\n") if line.startswith("content-length:")), "0")
        if "transfer-encoding: chunked" in head:
            while await self._chunk():
                pass
        else:
            await self._reader.readexactly(int(length))
        return int(head.split(" ", 2)[1])

    async def _chunk(self) -> int:
        length = int(await self._reader.readuntil(b"\r\n"), 16)
        await self._reader.readexactly(length + len(b"\r\n"))
        return length

    def _now_s(self) -> float:
        return CLOCK.monotonic() - self._began_s


def main() -> None:
    """Read requests, send them, write the answers."""
    host, port, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    os.nice(int(sys.argv[4]))
    requests = [Request(*json.loads(line)) for line in sys.stdin]
    answers = asyncio.run(_send_all(host, port, requests, connections))
    sys.stdout.writelines(json.dumps([one.due_s, one.done_s, one.status]) + "\n" for one in answers)


if __name__ == "__main__":
    main()
