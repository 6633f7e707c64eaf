"""The OPC UA library reads the time by itself. Here, and nowhere else, it is given a clock for as long as a run lasts.

The package stays as it is: the names `time` and `datetime` in its modules are exchanged for ones that read the clock
and are the real ones in everything else.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from types import ModuleType
from typing import Any

from vendrive.clock import Clock

_LIBRARY = "asyncua."


@contextmanager
def library_reads(clock: Clock) -> Iterator[None]:
    """Let asyncua read `clock` until the block ends."""
    exchanged = {"time": _time_of(clock), "datetime": _datetime_of(clock)}
    real = {"time": time, "datetime": datetime}
    found = [(module, name) for module in _modules() for name in real if vars(module).get(name) is real[name]]
    for module, name in found:
        setattr(module, name, exchanged[name])
    try:
        yield
    finally:
        for module, name in found:
            setattr(module, name, real[name])


def _modules() -> list[ModuleType]:
    return [module for name, module in sorted(sys.modules.items()) if name.startswith(_LIBRARY)]


def _time_of(clock: Clock) -> ModuleType:
    module = ModuleType("time")
    vars(module).update(vars(time))
    vars(module).update(monotonic=clock.monotonic, perf_counter=clock.monotonic)
    vars(module).update(time=lambda: clock.now().timestamp())
    return module


def _datetime_of(clock: Clock) -> type[datetime]:
    class LikeDatetime(type):
        """Whatever is a datetime is one of these too."""

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, datetime)

    class ClockDatetime(datetime, metaclass=LikeDatetime):
        """Makes real datetimes; `now` is the clock's."""

        def __new__(cls, *arguments: Any, **named: Any) -> datetime:  # type: ignore[misc] # never one of its own
            return datetime(*arguments, **named)  # noqa: DTZ001 asyncua's own choice of zone

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            moment = clock.now()
            return moment.astimezone(tz) if tz else moment.replace(tzinfo=None)

        @classmethod
        def utcnow(cls) -> datetime:  # type: ignore[override]
            return clock.now().replace(tzinfo=None)

    return ClockDatetime
