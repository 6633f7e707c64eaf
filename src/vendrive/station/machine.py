"""What a station may ask of a machine. OPC UA is one adapter; a contract test serves every one."""

from dataclasses import dataclass
from typing import Protocol

from vendrive.wire.machine import Command, Snapshot


class MachineLost(Exception):
    """The machine did not answer. Whether what was asked has happened is unknown until it is read again."""


@dataclass(frozen=True)
class Accepted:
    """The machine took the order."""


@dataclass(frozen=True)
class NotAccepted:
    """The machine refused the order, with no effect."""

    reason: str


Answer = Accepted | NotAccepted


class Machine(Protocol):
    """One connection to a machine. Each verb raises MachineLost where the machine does not answer in time."""

    async def connect(self) -> None:
        """Connect anew; call once."""
        ...

    async def close(self) -> None:
        """Let go; never raises."""
        ...

    async def read(self) -> Snapshot:
        """Return every value as it was at one moment, no earlier than this call."""
        ...

    async def wait(self, seconds: float) -> None:
        """Return when something may have changed, at the latest after `seconds`."""
        ...

    async def beat(self, count: int) -> None:
        """Show that the station lives; only a changed count is a sign of life."""
        ...

    async def take_control(self, control_epoch: int) -> Answer:
        """Take control with an epoch above the last."""
        ...

    async def execute(self, command: Command) -> Answer:
        """Ask for one atomic move."""
        ...

    async def stop(self, reason: str) -> None:
        """Emergency stop: possible in every state, for every trusted client."""
        ...

    async def call_help(self) -> None:
        """Somebody at the tower asks for help."""
        ...

    async def end_help(self) -> None:
        """The call was taken care of."""
        ...
