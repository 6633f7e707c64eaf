"""uvicorn inside the station's loop: the station handles the signals and learns the port."""

import asyncio
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

END_S = 3


@asynccontextmanager
async def serving(application: ASGIApp, port: int) -> AsyncIterator[str]:
    """Serve on loopback while the block runs; yields the address."""
    config = uvicorn.Config(
        application,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=END_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{await _port(server, task)}"
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


async def _port(server: _Server, task: "asyncio.Task[None]") -> int:
    waiting = asyncio.create_task(server.up.wait())
    await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
    if not server.up.is_set():
        waiting.cancel()
        await task  # raises what kept it from starting
    return int(server.servers[0].sockets[0].getsockname()[1])
