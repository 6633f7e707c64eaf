"""`python -m vendrive.demo.endstate …`: reads what a journey left behind, and says where the three sides disagree.

A process of its own that shares no code with the programs that wrote it but the chain and the messages: retail's tables
by SQL, the station's journal from its file, the plant's truth from the street.
"""

import argparse
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from vendrive.audit import BrokenChain, Link, verify_chain
from vendrive.wire.journal import (
    CommandEnded,
    CommandGiven,
    Entry,
    HandedOver,
    PersonVerified,
    Returned,
    VehiclePresented,
)

Row = dict[str, Any]
ONCE = ("pass_held", "person_verified", "handed_over", "return_started", "returned")


@dataclass(frozen=True)
class Retail:
    """What retail's tables say of one drive. `postings` are sums by account name."""

    drive: Row
    order: Row
    postings: dict[str, int]
    journal: dict[int, str]


@dataclass(frozen=True)
class Sides:
    """Everything that was read."""

    retail: Retail
    journal: Sequence[Entry]
    truth: Row


Check = tuple[str, Callable[[Sides], bool]]

CHECKS: tuple[Check, ...] = (
    ("retail: the drive is returned", lambda s: s.retail.drive["state"] == "returned"),
    ("retail: an order for the vehicle is placed", lambda s: s.retail.order.get("state") == "placed"),
    ("retail: the vehicle has left the pool", lambda s: s.retail.drive["vehicle_state"] == "sold"),
    ("retail: 10 % of the price was paid", lambda s: _is_tenth(s.retail.order)),
    ("retail: the ledger holds the down payment, and sums to zero", lambda s: _balances(s.retail)),
    ("station: the journal's chain verifies", lambda s: _verifies(s.journal)),
    ("station: each stage of the drive happened once", lambda s: _stages(s) == dict.fromkeys(ONCE, 1)),
    ("station: the person was verified before the first move", lambda s: _verified_first(s)),
    ("station: the vehicle stood in the bay before it was handed over", lambda s: _presented_first(s)),
    ("station: every command has one end", lambda s: _commands_end(s.journal)),
    ("retail has the station's journal, entry by entry", lambda s: _same_journal(s)),
    ("plant: each command was executed once", lambda s: s.truth["commands"] == _commands_done(s.journal)),
    ("plant: the car stands where the journal says", lambda s: _car(s)["where"] == _returned(s).slot),
    ("plant: it is the vehicle that retail lent", lambda s: _returned(s).vehicle_id == str(s.retail.drive["vehicle"])),
    ("plant: its safety layer prevented nothing", lambda s: s.truth["prevented"] == 0),
    ("plant: each place holds one car at most", lambda s: max(_places(s).values()) == 1),
)


def disagreements(sides: Sides) -> Iterator[str]:
    """Yield the name of each check that does not hold; what cannot be read does not hold."""
    for name, holds in CHECKS:
        try:
            good = holds(sides)
        except (KeyError, IndexError, ValueError, StopIteration):
            good = False
        if not good:
            yield name


def read_retail(database: str, drive_id: str) -> Retail:
    """Read the drive, its order, the ledger and retail's copy of the journal."""
    with psycopg.connect(database, row_factory=dict_row) as connection:
        drive = connection.execute(
            "SELECT d.state, d.tower_id AS tower, v.id AS vehicle, v.tag, v.state AS vehicle_state "
            "FROM drives_drive d JOIN fleet_vehicle v ON v.id = d.vehicle_id WHERE d.id = %s",
            [drive_id],
        ).fetchone()
        order = connection.execute("SELECT * FROM sales_salesorder WHERE drive_id = %s", [drive_id]).fetchone()
        postings = connection.execute(
            "SELECT a.name, sum(p.amount_minor)::bigint AS total FROM payments_posting p "
            "JOIN payments_account a ON a.id = p.account_id JOIN payments_transfer t ON t.id = p.transfer_id "
            "WHERE t.key = %s GROUP BY a.name",
            [f"charge:{order['charge_id'] if order else ''}"],
        ).fetchall()
        copied = connection.execute(
            "SELECT seq, digest FROM fleet_journalentry WHERE tower_id = %s", [drive["tower"] if drive else ""]
        ).fetchall()
    return Retail(
        drive or {},
        order or {},
        {row["name"]: row["total"] for row in postings},
        {row["seq"]: row["digest"] for row in copied},
    )


def read_journal(path: Path) -> tuple[Entry, ...]:
    """Read the station's journal from its file, without opening it for writing."""
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT seq, at, event, digest FROM journal ORDER BY seq").fetchall()
    connection.close()
    return tuple(Entry.stored(seq, datetime.fromisoformat(at), text, digest.hex()) for seq, at, text, digest in rows)


def main() -> int:
    """Print each disagreement; exit status 0 where there is none."""
    asked = _parser().parse_args()
    truth: Row = httpx.get(f"{asked.world}/world", timeout=10).raise_for_status().json()
    sides = Sides(read_retail(asked.database, asked.drive), read_journal(asked.journal), truth)
    wrong = list(disagreements(sides))
    for name in wrong:
        print(f"does not hold: {name}")
    print(f"{len(CHECKS) - len(wrong)} of {len(CHECKS)} hold: database, journal and plant")
    return 1 if wrong else 0


def _is_tenth(order: Row) -> bool:
    return bool(order["down_payment_minor"] == order["price_minor"] // 10 > 0)


def _balances(retail: Retail) -> bool:
    paid = retail.order["down_payment_minor"]
    return sum(retail.postings.values()) == 0 and sorted(retail.postings.values()) == [-paid, paid]


def _verifies(journal: Sequence[Entry]) -> bool:
    try:
        verify_chain(Link(entry.seq, entry.payload(), bytes.fromhex(entry.digest)) for entry in journal)
    except BrokenChain:
        return False
    return bool(journal)


def _of_drive(sides: Sides) -> list[Entry]:
    drive = _returned(sides).drive_id
    return [entry for entry in sides.journal if getattr(entry.event, "drive_id", None) == drive]


def _stages(sides: Sides) -> dict[str, int]:
    return dict(Counter(entry.event.kind for entry in _of_drive(sides) if entry.event.kind in ONCE))


def _verified_first(sides: Sides) -> bool:
    verified = next(e.seq for e in _of_drive(sides) if isinstance(e.event, PersonVerified))
    moved = next(e.seq for e in sides.journal if isinstance(e.event, CommandGiven))
    return verified < moved


def _presented_first(sides: Sides) -> bool:
    """Whether it was presented: once, or anew where it was put away in between."""
    presented = next(e.seq for e in _of_drive(sides) if isinstance(e.event, VehiclePresented))
    return presented < next(e.seq for e in _of_drive(sides) if isinstance(e.event, HandedOver))


def _commands_end(journal: Sequence[Entry]) -> bool:
    given = Counter(e.event.seq for e in journal if isinstance(e.event, CommandGiven))
    ended = Counter(e.event.seq for e in journal if isinstance(e.event, CommandEnded))
    return given == ended and max(given.values()) == 1


def _commands_done(journal: Sequence[Entry]) -> int:
    return sum(isinstance(e.event, CommandEnded) and e.event.result == "done" for e in journal)


def _same_journal(sides: Sides) -> bool:
    # Retail may be a moment behind the station: what it has must be the same, up to the return at least.
    last = next(e.seq for e in reversed(sides.journal) if isinstance(e.event, Returned))
    ours = {entry.seq: entry.digest for entry in sides.journal}
    return all(sides.retail.journal.get(seq) == ours[seq] for seq in range(1, last + 1))


def _returned(sides: Sides) -> Returned:
    vehicle = str(sides.retail.drive["vehicle"])
    return next(
        e.event for e in reversed(sides.journal) if isinstance(e.event, Returned) and e.event.vehicle_id == vehicle
    )


def _car(sides: Sides) -> Row:
    car: Row = sides.truth["cars"][sides.retail.drive["tag"]]
    return car


def _places(sides: Sides) -> Counter[str]:
    return Counter(car["where"] for car in sides.truth["cars"].values() if car["where"] != "street")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vendrive.demo.endstate",
        description="Read what a journey left in the database, the journal and the plant; say where they disagree.",
        epilog="example: python -m vendrive.demo.endstate --database postgresql:///vendrive "
        "--world http://127.0.0.1:9000 --journal .demo/towers/shanghai/station/journal.sqlite --drive 0d3f…",
    )
    parser.add_argument("--database", required=True, metavar="DSN", help="of retail")
    parser.add_argument("--journal", required=True, type=Path, metavar="FILE", help="of the station")
    parser.add_argument("--world", required=True, metavar="URL", help="of the plant's street")
    parser.add_argument("--drive", required=True, metavar="ID", help="the drive that was made")
    return parser


if __name__ == "__main__":
    sys.exit(main())
