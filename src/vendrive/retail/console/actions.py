"""Writes of the console: the steps of a procedure that staff say are done."""

from django.db import transaction

from vendrive.retail.config import ports
from vendrive.retail.console.models import StepTick
from vendrive.retail.console.panels import Guide, tick_name
from vendrive.retail.console.walk import current
from vendrive.retail.events.actions import record
from vendrive.wire.errors import ErrorCode, Refused


def tick_step(staff: str, guide: Guide, step_id: str) -> None:
    """Write down that staff did the present step of an open alarm's procedure; it stays with the first name.

    Raise Refused (request_invalid) where the alarm is over, the step is another one, or the report has to show it.
    """
    alarm = guide.alarm
    if alarm is None or guide.procedure is None:
        raise Refused(ErrorCode.request_invalid, reason="the alarm is over")
    if step_id in guide.ticks:
        return
    now = current(guide.views)
    if now is None or now.step.id != step_id or not now.by_hand:
        raise Refused(ErrorCode.request_invalid, step=step_id)
    slug, step = guide.panel.tower.slug, tick_name(step_id, guide.follows)
    with transaction.atomic():
        _, made = StepTick.objects.get_or_create(
            tower_id=slug, alarm_seq=alarm.seq, step=step, defaults={"staff": staff, "at": ports().clock.now()}
        )
        if made:
            record(f"staff:{staff}", "step_ticked", slug, alarm=alarm.name, part=alarm.part, step=step, seq=alarm.seq)
