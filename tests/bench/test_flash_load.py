"""The load generator counts what a server answers, however it frames it, and a line that breaks."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from vendrive.bench.flash_load import BROKEN, Request, run

ANSWERS = {
    "/plain": b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok",
    "/chunked": b"HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n",
    "/empty": b"HTTP/1.1 204 No Content\r\n\r\n",
}


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            told = ANSWERS.get(head.split(b" ")[1].decode())
            if told is None:
                break
            writer.write(told)
    except asyncio.IncompleteReadError:
        pass
    writer.close()


@pytest.fixture
def port() -> Iterator[int]:
    loop, ports, over = asyncio.new_event_loop(), list[int](), asyncio.Event()
    served = threading.Event()

    async def serve() -> None:
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            ports.append(server.sockets[0].getsockname()[1])
            served.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert served.wait(30)
    yield ports[0]
    loop.call_soon_threadsafe(over.set)
    thread.join()
    loop.close()


def test_every_request_has_one_answer_with_its_status_and_its_time(port: int) -> None:
    paths = ["/plain", "/chunked", "/empty", "/broken", "/plain", "/empty"]
    asked = [Request(0.05 * n, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n") for n, path in enumerate(paths)]
    answers = sorted(run("127.0.0.1", port, asked, 2), key=lambda answer: answer.due_s)
    assert [answer.status for answer in answers] == [201, 429, 204, BROKEN, 201, 204]
    assert all(answer.took_s >= 0 for answer in answers)
