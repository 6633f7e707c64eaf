"""Every failpoint of every operation: a child process dies there, then the client asks again and the worker reconciles.

What is left must be what a run leaves in which nobody died: nothing acknowledged is lost, nothing happened twice, and
no audit row is unsealed. An answer that the dead process gave is given again, byte for byte.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from tests.crash.failpoints import DIED, Points
from tests.crash.operations import STATUS, Act, Operation
from tests.crash.world import Remembering, begin_anew, differences, look, reconcile, sealed, use


@dataclass(frozen=True)
class Run:
    """How one run ended: `wrong` says what is not as it must be."""

    operation: str
    point: str
    wrong: str = ""


def points_of(operation: Operation, file: Path) -> tuple[list[str], bytes, dict[str, object]]:
    """Run an operation in a child that lives, and return its points, its answer, and what is left of it."""
    world = begin_anew(file)
    act = operation.given(world)
    status, told = in_child(world, act, None)
    assert status == 0, f"{operation.name}: the child ended with {status}"
    points, _, answer = told.partition(b"\0")
    reconcile(world)
    return points.decode().split("\n"), answer, look(world)


SAMPLE = "after COMMIT 1"
"""Where most can go wrong: something is there, and nobody was told."""


def runs_of(operation: Operation, file: Path, sample: bool = False) -> Iterator[Run]:
    """Let the operation die at each of its points in turn, or at one of them."""
    points, told, wanted = points_of(operation, file)
    for point in [SAMPLE] if sample else points:
        yield Run(operation.name, point, die_at(operation, point, told, wanted, file))


def die_at(operation: Operation, point: str, told: bytes, wanted: dict[str, object], file: Path) -> str:
    """Die at a point, restart, and return what is wrong."""
    world = begin_anew(file)
    act = operation.given(world)
    untouched = look_after(world) if not operation.again else {}
    if untouched:
        world = begin_anew(file)
        act = operation.given(world)
    status, said = in_child(world, act, point)
    if status != DIED:
        return f"the child ended with {status} in place of dying"
    if operation.again:
        wrong = ask_again(act, said.partition(b"\0")[2], told)
        if wrong:
            return wrong
    found = look_after(world)
    sealed()
    if untouched and found == untouched and "after COMMIT" not in point:
        return ""
    return differences(wanted, found)


def ask_again(act: Act, first: bytes, told: bytes) -> str:
    """Ask again, twice; return what is wrong with the answers, where `told` was answered when nobody died."""
    again = act()
    if first and again != first:
        return f"answered {again!r} after {first!r}"
    if again.startswith(STATUS.encode()) and again.split()[1] != told.split()[1]:
        return f"answered {again!r}, where nobody died {told!r}"
    return "" if act() == again else "a third answer differs from the second"


def look_after(world: Remembering) -> dict[str, object]:
    """Reconcile, and look."""
    reconcile(world)
    return look(world)


def in_child(world: Remembering, act: Act, deadly: str | None) -> tuple[int, bytes]:
    """Act in a process of its own that dies at a point; return its exit status, and the points with its answer."""
    connections.close_all()  # a connection belongs to one process
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _act(world, act, deadly, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


def _act(world: Remembering, act: Act, deadly: str | None, writing: int) -> None:
    status = 1
    try:
        points = Points(deadly)
        world.charge = points.around("charge", world.charge)  # type: ignore[method-assign]
        world.refund = points.around("refund", world.refund)  # type: ignore[method-assign]
        world.send = points.around("send", world.send)  # type: ignore[method-assign]
        world.proves = points.around("proves", world.proves)  # type: ignore[method-assign]
        use(world)
        with points.laid():
            answer = act()
        told = [*points.passed, "after the answer 1"]
        os.write(writing, "\n".join(told).encode() + b"\0" + answer)
        points.reach("after the answer")
        status = 0
    finally:
        os._exit(status)
