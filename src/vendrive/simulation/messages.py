"""What happens to messages between station and PLC: lost, late, twice, or no line at all."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vendrive.simulation.world import World


@dataclass(frozen=True)
class Fate:
    """What happens to one message: the request or its answer is lost, it comes late, it comes twice."""

    request_lost: bool = False
    answer_lost: bool = False
    late_s: float = 0.0
    twice: bool = False


FINE = Fate()


class Messages:
    """The line between station and machine. While it is troubled no read is skipped."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._rng = world.random("messages")
        self.cut = 0.0
        self.lost = 0.0
        self.late = 0.0
        self.twice = 0.0

    @property
    def troubled(self) -> bool:
        """Whether any message may fare otherwise than well."""
        return bool(self.cut or self.lost or self.late or self.twice)

    def trouble(self, name: str, value: float) -> None:
        """Let a share of all messages be lost, late or twice; with `cut`, let none through."""
        setattr(self, name, value)
        if self._world.machine is not None:
            self._world.machine.trouble()

    def calm(self) -> None:
        """All messages arrive again."""
        self.cut = self.lost = self.late = self.twice = 0.0

    def fate(self) -> Fate:
        """Draw what happens to the next message."""
        if not self.troubled:
            return FINE
        if self.cut:
            return Fate(request_lost=True)
        draw = self._rng.random
        lost = draw() < self.lost
        first = draw() < 0.5
        late_s = self._rng.uniform(0.05, 5.0) if draw() < self.late else 0.0
        return Fate(lost and first, lost and not first, late_s, draw() < self.twice)
