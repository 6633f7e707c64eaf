"""What a station shows retail of its tower, for the console: the newest report replaces the one before."""

from datetime import datetime

from vendrive.wire.base import Message


class SlotReport(Message):
    """One slot as sensed."""

    name: str
    storey: int
    column: int
    occupied: bool
    tag: str
    movement: bool = False
    locked_out: bool = False


class LiftReport(Message):
    """One lift; `storey` is -1 between levels."""

    name: str
    position_mm: float
    storey: int
    moving: bool
    loaded: bool
    tag: str
    movement: bool = False
    fault: str = ""
    locked_out: bool = False


class BayReport(Message):
    """One bay; doors are open, closed or between."""

    name: str
    street_door: str
    inner_door: str
    vehicle: bool
    tag: str
    person: bool
    cabin: bool = False
    exit_closed: bool = True
    fault: str = ""
    locked_out: bool = False


class TowerReport(Message):
    """The whole tower; `machine` is a PLC state or "unknown" where its data is stale, `mode` that of the key switch."""

    tower_id: str
    at: datetime
    machine: str
    mode: str = "automatic"
    emergency_stop: bool
    help_called: bool
    fire: bool = False
    mains: bool = True
    activity: str
    storeys: int
    lifts: tuple[LiftReport, ...]
    slots: tuple[SlotReport, ...]
    bays: tuple[BayReport, ...]
    journal_seq: int
    order_number: int
