"""The OPC UA standard's own 6,000 nodes, made once per process; each server copies those that it touches.

asyncua offers the same as a file (`Server.init(shelf_file)`), but leaves that file open. Only simulations and tests
share; the plant as a program makes its nodes itself.
"""

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.address_space import NodeData
from asyncua.server.internal_server import InternalServer
from asyncua.server.standard_address_space.standard_address_space import fill_address_space

Nodes = dict[ua.NodeId, NodeData]
_LOAD = "load_standard_address_space"


class _Copied(Nodes):
    """The nodes of one server."""

    def __init__(self, standard: Nodes) -> None:
        super().__init__()
        self._standard = standard

    def __missing__(self, key: ua.NodeId) -> NodeData:
        node: NodeData = pickle.loads(pickle.dumps(self._standard[key]))  # noqa: S301 our own, from a line before
        self[key] = node
        return node

    def __contains__(self, key: object) -> bool:
        return super().__contains__(key) or key in self._standard

    def get(self, key: ua.NodeId, default: Any = None) -> Any:
        return self[key] if key in self else default  # noqa: SIM401 this is that `get`


@cache
def _standard() -> Nodes:
    server = InternalServer()
    fill_address_space(server.node_mgt_service)  # type: ignore[no-untyped-call]
    return server.aspace._nodes


async def _load(server: InternalServer, shelf_file: Path | None = None) -> None:
    server.aspace._nodes = _Copied(_standard())


@contextmanager
def shared_standard_nodes() -> Iterator[None]:
    """Let the servers of this process share the making while the block runs."""
    real = InternalServer.load_standard_address_space
    setattr(InternalServer, _LOAD, _load)
    try:
        yield
    finally:
        setattr(InternalServer, _LOAD, real)
