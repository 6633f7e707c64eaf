"""The tower's report for the console, from the newest snapshot."""

from collections.abc import Collection
from datetime import datetime

from vendrive.tower.layout import Layout
from vendrive.wire.machine import Bay, Lift, Slot, Snapshot
from vendrive.wire.report import BayReport, LiftReport, SlotReport, TowerReport

UNKNOWN = "unknown"


def tower_report(
    tower_id: str,
    layout: Layout,
    at: datetime,
    snapshot: Snapshot,
    fresh: bool,
    activity: str,
    journal_seq: int,
    order_number: int,
    locked: Collection[str] = (),
) -> TowerReport:
    """Return the report; where the snapshot is old its places are the last known and the machine is unknown."""
    return TowerReport(
        tower_id=tower_id,
        at=at,
        machine=snapshot.plc.state if fresh else UNKNOWN,
        mode=snapshot.plc.mode,
        emergency_stop=snapshot.plc.emergency_stop,
        help_called=snapshot.plc.help_called,
        fire=snapshot.plc.fire,
        mains=snapshot.plc.mains,
        activity=activity,
        storeys=layout.storeys,
        lifts=tuple(_lift(lift, locked) for lift in snapshot.lifts),
        slots=tuple(_slot(slot, layout, locked) for slot in snapshot.slots),
        bays=tuple(_bay(bay, locked) for bay in snapshot.bays),
        journal_seq=journal_seq,
        order_number=order_number,
    )


def _lift(lift: Lift, locked: Collection[str]) -> LiftReport:
    return LiftReport(
        name=lift.name,
        position_mm=lift.position_mm,
        storey=lift.storey,
        moving=lift.moving,
        loaded=lift.loaded,
        tag=lift.tag,
        movement=lift.movement,
        fault=lift.fault,
        locked_out=lift.locked_out or lift.name in locked,
    )


def _slot(slot: Slot, layout: Layout, locked: Collection[str]) -> SlotReport:
    plan = layout.slot(slot.name)
    return SlotReport(
        name=slot.name,
        storey=plan.storey,
        column=plan.column,
        occupied=slot.occupied,
        tag=slot.tag,
        movement=slot.movement,
        locked_out=slot.locked_out or slot.name in locked,
    )


def _bay(bay: Bay, locked: Collection[str]) -> BayReport:
    return BayReport(
        name=bay.name,
        street_door=bay.street_door,
        inner_door=bay.inner_door,
        vehicle=bay.vehicle,
        tag=bay.tag,
        person=bay.person or bay.cabin,
        cabin=bay.cabin,
        exit_closed=bay.exit_closed,
        fault=bay.fault,
        locked_out=bay.locked_out or bay.name in locked,
    )
