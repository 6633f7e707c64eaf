"""The OPC UA library lives in the time of the run, and gets its own back."""

import time
from datetime import UTC, datetime

import pytest
from asyncua import ua
from asyncua.common import connection
from asyncua.server import uaprocessor

from vendrive.clock import ManualClock
from vendrive.simulation.library_time import library_reads
from vendrive.simulation.loop import START


def test_the_library_reads_the_clock_and_then_its_own_again() -> None:
    clock = ManualClock(START)
    clock.advance(12)
    with library_reads(clock):
        its_time, its_datetime = vars(uaprocessor)["time"], vars(connection)["datetime"]
        assert its_time.monotonic() == 12
        assert its_time.time() == clock.now().timestamp()
        assert its_datetime.now(UTC) == clock.now()
        assert ua.get_default_value(ua.VariantType.DateTime) == clock.now()
        # A real datetime is still one, and so is what its modules make.
        assert isinstance(datetime(2020, 1, 1, tzinfo=UTC), its_datetime)
        assert type(its_datetime(2020, 1, 1, tzinfo=UTC)) is datetime
    assert vars(uaprocessor)["time"] is time
    assert vars(connection)["datetime"] is datetime


def test_its_time_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), library_reads(ManualClock(START)):
        _ = 1 / 0
    assert vars(uaprocessor)["time"] is time
