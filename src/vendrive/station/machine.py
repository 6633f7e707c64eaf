"""What a station may ask of a machine: ten verbs. OPC UA is one adapter; one contract serves every one.

An adapter translates; it decides nothing, repeats nothing and remembers nothing that a command depends on. Fencing,
numbering and expiry are the machine's own (`vendrive.wire.machine`): an adapter that imitates them protects nobody.
`vendrive.station.adapters.contract` holds the rules that each adapter is run against, docs/adapters.md how to add one.

Times are seconds, lengths millimetres, masses kilograms; the machine's own counter `clock_ms` is milliseconds.
Which machine it is needs no verb: tower, layout, `simulator` and `plc_epoch` come with each read.
"""

from dataclasses import dataclass
from typing import Protocol

from vendrive.wire.machine import Command, Snapshot


class MachineLost(Exception):
    """The machine did not answer, or not in its protocol. Whether what was asked has happened is unknown until it is
    read again, over a new connection.
    """


@dataclass(frozen=True)
class Accepted:
    """The machine took the order; how it ends is read from the channels of its parts."""


@dataclass(frozen=True)
class NotAccepted:
    """The machine refused the order, with no effect."""

    reason: str


Answer = Accepted | NotAccepted


class Machine(Protocol):
    """One connection to a machine; it lives once.

    Each verb but `close` and `wait` raises MachineLost where the machine does not answer in time, where it answers what
    it cannot mean, and where there is no connection. After that the caller closes this connection and makes another:
    an adapter never connects again by itself, and never sends anything twice. Each may be cancelled at any time; what a
    cancelled verb has done is unknown in the same way. Nothing blocks the loop.
    """

    async def connect(self) -> None:
        """Connect to the one machine that this adapter was made for, known by its credential; call once.

        Nothing at the machine changes: control is not taken. Where it raises, nothing stays open.
        """
        ...

    async def close(self) -> None:
        """Let go, within seconds; never raises, may be called before `connect` and again. The machine is not told to
        stop: it holds by itself when beats stay away.
        """
        ...

    async def read(self) -> Snapshot:
        """Return every value as it was at one moment, not before `read_at_s` of the caller's monotonic clock.

        `read_at_s` is when the request began. A value that is missing, of bad quality or of another type than its field
        is a MachineLost: no value is ever filled in, and no older one shown again.
        """
        ...

    async def wait(self, seconds: float) -> None:
        """Return when a read may show something new, at the latest after `seconds`. It raises nothing."""
        ...

    async def beat(self, count: int) -> None:
        """Show that the station lives. Only a changed count is a sign of life, so the count goes through as it is.

        Where it raises, the machine may have seen it: the next one has another count.
        """
        ...

    async def take_control(self, control_epoch: int) -> Answer:
        """Take control with an epoch above the last; from then on the machine refuses every older epoch.

        Where it raises, control may be taken or not: the next epoch is above both.
        """
        ...

    async def execute(self, command: Command) -> Answer:
        """Ask for one atomic move; returns when it has begun or was refused, not when it ends.

        The caller has journaled the number. Where it raises, the move may have begun: `ack_seq` and the channels of the
        next read say whether, and the same number is never sent as something new.
        """
        ...

    async def stop(self, reason: str) -> None:
        """Emergency stop: works in every state, with or without control. Only the reset at the tower ends it.

        Where it raises, the caller sends it again over each new connection before anything else: a second one is
        harmless.
        """
        ...

    async def call_help(self) -> None:
        """Somebody at the tower asks for help: a lamp and a horn there, and `help_called`. Harmless when repeated."""
        ...

    async def end_help(self) -> None:
        """The call was taken care of. Harmless when repeated."""
        ...
