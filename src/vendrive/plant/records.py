"""What a controller is told at its start, and what it tells of itself."""

from collections import Counter
from dataclasses import dataclass, field

from vendrive.plant.orders import Order


@dataclass(frozen=True)
class Setting:
    """What is fixed for one controller's life; `speed` divides each duration of motion and nothing else.

    A tick that comes late lets the machine move no further than `longest_step_s` of real time would; in virtual time
    nothing comes late, and it is infinite.
    """

    tower_id: str
    plc_epoch: int
    speed: float = 1.0
    longest_step_s: float = 0.25


@dataclass
class Counts:
    """What happened, for tests and for the demo's final check."""

    executed: Counter[str] = field(default_factory=Counter)
    prevented_by: Counter[str] = field(default_factory=Counter)
    stopped_by: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    refused: int = 0
    prevented: int = 0
    stops: int = 0


@dataclass(frozen=True)
class Happening:
    """What the controller tells whoever observes it: started, done, failed, refused, stopped, reset or restarted."""

    kind: str
    plc_epoch: int
    control_epoch: int
    seq: int = 0
    order: Order | None = None
    reason: str = ""
