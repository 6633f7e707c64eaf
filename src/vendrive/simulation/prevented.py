"""Counts the motions that the votes of the station withheld: each once, until the same motion is permitted again."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from vendrive.simulation.register import Tally
from vendrive.station import controller, staff
from vendrive.tower import interlocks
from vendrive.tower.control import Arguments
from vendrive.tower.interlocks import Permit
from vendrive.tower.view import View
from vendrive.wire.machine import Mode, Operation


@contextmanager
def counted(tally: Tally) -> Iterator[None]:
    """While the block runs, the tally hears of each motion that is withheld."""
    withheld: set[tuple[Operation, Arguments]] = set()

    def counting(
        operation: Operation, arguments: Arguments, view: View, now_s: float, mode: Mode
    ) -> tuple[Permit, ...]:
        permits = interlocks.votes(operation, arguments, view, now_s, mode)
        asked = operation, arguments
        if interlocks.allowed(permits):
            withheld.discard(asked)
        elif asked not in withheld:
            withheld.add(asked)
            tally.by_us += 1
        return permits

    with patch.object(controller, "votes", counting), patch.object(staff, "votes", counting):
        yield
