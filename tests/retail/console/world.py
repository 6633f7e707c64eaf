"""Reports and journals of a tower, for the tests of the console."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

from django.test import Client

from vendrive.audit import GENESIS, seal
from vendrive.retail.drives.journal import record_journal
from vendrive.retail.fleet.actions import record_report
from vendrive.retail.fleet.models import Tower
from vendrive.tower.layout import load_layout
from vendrive.wire.journal import Entry, Event, JournalBatch, sealed_payload
from vendrive.wire.report import BayReport, LiftReport, SlotReport, TowerReport

T = TypeVar("T", LiftReport, SlotReport, BayReport)
STAFF, PASSWORD = "demo-staff", "a-long-demo-password"


def make_report(
    at: datetime,
    placed: Mapping[str, str],
    *,
    untagged: tuple[str, ...] = (),
    machine: str = "idle",
    position_mm: float = 0.0,
    lift_tag: str = "",
    stopped: bool = False,
    help_called: bool = False,
    person: bool = False,
    activity: str = "",
    order_number: int = 0,
) -> TowerReport:
    """Return a report of the tower in Shanghai; `placed` maps slots to tags."""
    slots = [
        SlotReport(
            name=slot.name,
            storey=slot.storey,
            column=slot.column,
            occupied=slot.name in placed or slot.name in untagged,
            tag=placed.get(slot.name, ""),
        )
        for slot in load_layout("shanghai3").slots
    ]
    lift = LiftReport(
        name="L1",
        position_mm=position_mm,
        storey=1 if position_mm == 0 else -1,
        moving=position_mm != 0,
        loaded=bool(lift_tag),
        tag=lift_tag,
    )
    bay = BayReport(name="B1", street_door="open", inner_door="closed", vehicle=False, tag="", person=person)
    return TowerReport(
        tower_id="shanghai",
        at=at,
        machine=machine,
        emergency_stop=stopped,
        help_called=help_called,
        activity=activity,
        storeys=3,
        lifts=(lift,),
        slots=tuple(slots),
        bays=(bay,),
        journal_seq=0,
        order_number=order_number,
    )


def report_of(layout_name: str, at: datetime, placed: Mapping[str, str], **changes: object) -> TowerReport:
    """Return a report of any layout at rest: each lift at its lowest level, each bay empty and open to the street."""
    layout = load_layout(layout_name)
    slots = tuple(
        SlotReport(name=s.name, storey=s.storey, column=s.column, occupied=s.name in placed, tag=placed.get(s.name, ""))
        for s in layout.slots
    )
    lifts = tuple(
        LiftReport(
            name=lift.name,
            position_mm=layout.level_mm(lift.lowest),
            storey=lift.lowest,
            moving=False,
            loaded=False,
            tag="",
        )
        for lift in layout.lifts
    )
    bays = tuple(
        BayReport(name=bay.name, street_door="open", inner_door="closed", vehicle=False, tag="", person=False)
        for bay in layout.bays
    )
    made = make_report(at, {}).model_copy(
        update={"storeys": layout.storeys, "lifts": lifts, "slots": slots, "bays": bays}
    )
    return made.model_copy(update=changes)


def change(parts: tuple[T, ...], name: str, **changes: object) -> tuple[T, ...]:
    """Return the parts of a report with one of them changed."""
    return tuple(part.model_copy(update=changes) if part.name == name else part for part in parts)


def send_report(report: TowerReport) -> None:
    """Have retail take the report in, as from the station."""
    record_report(Tower.objects.get(pk=report.tower_id), report)


def write_journal(at: datetime, *events: Event, tower: str = "shanghai") -> None:
    """Have retail take events in, as from the station's journal."""
    known = Tower.objects.get(pk=tower)
    seq, head = known.journal_seq, bytes.fromhex(known.journal_digest) if known.journal_seq else GENESIS
    entries = []
    for event in events:
        seq += 1
        head = seal(head, seq, sealed_payload(at, event))
        entries.append(Entry(seq=seq, at=at, event=event, digest=head.hex()))
    record_journal(tower, JournalBatch(tower_id=tower, entries=tuple(entries)))


def html(client: Client, page: str, **query: str) -> str:
    answer = client.get(page, query)
    assert answer.status_code == 200
    return answer.content.decode()


def shanghai() -> Tower:
    return Tower.objects.get(pk="shanghai")
