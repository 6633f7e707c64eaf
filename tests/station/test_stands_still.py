"""Why a whole tower stands still: the kiosk says it and what to do, and an alarm with its procedure is on until it is
over.
"""

from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from tests.station.small import Small, run
from vendrive.design.messages import LANGUAGES
from vendrive.retail.console.procedures import PROCEDURES
from vendrive.station.kiosk.state import STOPPED, kiosk_state
from vendrive.station.link import Link
from vendrive.station.safety import Safety
from vendrive.wire.alarms import AlarmName
from vendrive.wire.errors import ErrorCode
from vendrive.wire.machine import Mode, Plc


@pytest.fixture
def small(tmp_path: Path) -> Small:
    return Small(tmp_path, "shanghai3", {"TAG-1": "2A"})


def look(small: Small, plc: Plc) -> None:
    small.ideal.snapshot = replace(small.ideal.snapshot, plc=plc)
    link = cast(Link, small.link)
    small.clock.advance(0.1)
    Safety(link, small.record, small.clock).look(small.controller.view(run(small.link.read())))
    small.tick()


@pytest.mark.parametrize(
    ("changes", "alarm", "code"),
    [
        ({"fire": True}, AlarmName.fire, ErrorCode.machine_fire),
        ({"mains": False}, AlarmName.power_lost, ErrorCode.machine_power),
        ({"emergency_stop": True}, AlarmName.emergency_stop, ErrorCode.machine_stopped),
        ({"mode": Mode.stopped}, AlarmName.not_automatic, ErrorCode.machine_not_automatic),
        ({"mode": Mode.maintenance}, AlarmName.not_automatic, ErrorCode.machine_not_automatic),
    ],
)
def test_the_kiosk_says_why_and_an_alarm_is_on_until_it_is_over(
    small: Small, changes: dict[str, object], alarm: AlarmName, code: ErrorCode
) -> None:
    calm, link = small.ideal.snapshot.plc, cast(Link, small.link)
    small.verify(small.lend("drive-1", "TAG-1"))
    given = len(small.events("command_given"))
    look(small, replace(calm, **changes))  # type: ignore[arg-type]
    assert small.alarms == {f"{alarm} plc"}
    assert PROCEDURES[alarm].steps
    assert len(small.events("command_given")) == given, "nothing is asked of it"
    for lang in LANGUAGES:
        shown = kiosk_state(small.desks["B1"], link, lang)
        assert shown.screen == STOPPED
        assert shown.error is not None
        assert (shown.error.code, alarm in shown.alarms) == (code, True)
        assert shown.error.what
        assert shown.error.next

    look(small, calm)
    assert small.alarms == set()
    assert kiosk_state(small.desks["B1"], link, "en").screen == "bringing"
    small.settle()
    assert small.where("TAG-1") == "B1"
