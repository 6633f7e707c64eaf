"""What a safeguard is to a simulation: its name, what it prevents, and how it is taken away."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from vendrive.simulation.removals import Removal


@dataclass(frozen=True)
class Safeguard:
    """One safeguard, what it prevents, what else goes with it, and the removal of all that."""

    name: str
    prevents: str
    backups: str
    removals: tuple[Removal, ...]
    hints: tuple[str, ...] = ()
    layout: str = "shanghai3"

    @contextmanager
    def removed(self) -> Iterator[None]:
        """Take it away, and all that stands behind it."""
        with ExitStack() as stack:
            for removal in self.removals:
                stack.enter_context(removal())
            yield
