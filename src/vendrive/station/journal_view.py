"""Look at a station's journal: its entries, what was known at any minute, whether its chain holds.

Reads the file, or a copy of it, while the station runs or not; writes nothing and needs no key. Times are UTC where
they name no offset.
"""

import argparse
import json
import os
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from vendrive.audit import GENESIS, BrokenChain, Link, verify_chain
from vendrive.station.facts import Facts
from vendrive.tower.replay import AlarmOn, Conversation, State, replay, running
from vendrive.wire.journal import KINDS, Entry

EXAMPLE = """examples:
  vendrive station journal list .demo/shanghai --from 2026-11-21 --kind handed_over --kind returned
  vendrive station journal replay .demo/shanghai --at 2026-11-21T10:31 --json
  vendrive station journal replay .demo/shanghai --from 2026-11-21T10:30 --to 2026-11-21T10:45
  vendrive station journal check .demo/shanghai"""
BATCH = 1000
EVER = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class JournalFile:
    """A journal that is read and nothing else. Each read is short, so that a running station waits for none."""

    def __init__(self, path: Path) -> None:
        """`path` is the file or the folder it lies in; raises FileNotFoundError, sqlite3.Error."""
        path = path / "journal.sqlite" if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"{path}: there is no journal; name a station's data folder or its journal.sqlite")
        self._connection = _opened(path)

    def close(self) -> None:
        self._connection.close()

    def entries(self) -> Iterator[Entry]:
        """Yield all entries that are kept."""
        seq = 0
        while rows := self._rows("SELECT seq, at, event, digest FROM journal WHERE seq > ? ORDER BY seq LIMIT ?", seq):
            for number, at, text, digest in cast(list[tuple[int, str, str, bytes]], rows):
                yield Entry.stored(number, datetime.fromisoformat(at), text, digest.hex())
                seq = number

    def base(self) -> tuple[int, bytes, Facts]:
        """Return number and digest of the last entry that is not kept any more (0: all are), and the facts there."""
        if self._rows("SELECT 1 FROM sqlite_master WHERE name = 'checkpoints' AND ? < ?", 0):
            query = "SELECT seq, digest, facts FROM checkpoints WHERE name = 'base' AND seq > ? LIMIT ?"
            for seq, digest, facts in cast(list[tuple[int, bytes, str]], self._rows(query, 0)):
                return seq, digest, Facts.model_validate_json(facts)
        return 0, GENESIS, Facts()

    def _rows(self, query: str, after: int) -> list[tuple[object, ...]]:
        return self._connection.execute(query, (after, BATCH)).fetchall()


def states(file: JournalFile, start: datetime, end: datetime) -> Iterator[State]:
    """Yield what was known from `start` to `end`."""
    seq, _, facts = file.base()
    return replay(file.entries(), start, end, _state_of(facts, seq) if seq else None)


def check(file: JournalFile) -> tuple[int, int]:
    """Verify the chain of all entries that are kept and return the first and last number; raise BrokenChain."""
    seq, head, _ = file.base()
    first = seq + 1
    for entry in file.entries():
        head = verify_chain([Link(entry.seq, entry.payload(), bytes.fromhex(entry.digest))], head, seq)
        seq = entry.seq
    return first, seq


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(
        prog=prog, description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = made.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="the entries, oldest first")
    kind_help = "only this kind of event, such as handed_over; may be repeated"
    listed.add_argument("--kind", action="append", default=[], type=_kind, metavar="KIND", help=kind_help)
    listed.add_argument("--drive", metavar="ID", help="only what names this drive")
    played = verbs.add_parser("replay", help="what was known, moment by moment")
    played.add_argument("--at", type=_time, metavar="TIME", help="the minute that begins at this time")
    checked = verbs.add_parser("check", help="whether the chain of the journal holds")
    for verb in (listed, played, checked):
        verb.add_argument("journal", type=Path, help="a station's data folder, or a copy of its journal.sqlite")
        verb.add_argument("--json", action="store_true", help="data for a screen instead of text")
    for verb in (listed, played):
        verb.add_argument("--from", dest="start", type=_time, metavar="TIME", help="2026-11-21 or 2026-11-21T10:31")
        verb.add_argument("--to", dest="end", type=_time, metavar="TIME", help="until this time")
    return made


def main(arguments: Sequence[str], prog: str = "vendrive station journal") -> int:
    """Print what was asked for; 1 where a chain is broken, 2 where there is no journal."""
    asked = parser(prog).parse_args(arguments)
    try:
        with closing(JournalFile(asked.journal)) as file:
            code = _answer(asked, file)
            sys.stdout.flush()
            return code
    except BrokenChain as broken:
        sys.stderr.write(f"{broken}: keep the file as evidence\n")
        return 1
    except BrokenPipeError:
        # Whoever read has seen enough, as `head` has: nothing more is to be flushed to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (OSError, sqlite3.Error, ValueError) as error:
        sys.stderr.write(f"{asked.journal}: {error}\n")
        return 2


def _answer(asked: argparse.Namespace, file: JournalFile) -> int:
    match asked.verb:
        case "list":
            found = (entry for entry in file.entries() if _is_asked(entry, asked))
            _write(asked.json, "entries", found, _as_data, _as_line)
        case "replay":
            start, end = _range(asked)
            _write(asked.json, "states", states(file, start, end), lambda s: s.model_dump(mode="json"), _as_block)
        case _:
            first, last = check(file)
            text = f"The chain holds: rows {first} to {last} verified.\n"
            sys.stdout.write(json.dumps({"first": first, "last": last}) + "\n" if asked.json else text)
    return 0


def _write(as_json: bool, name: str, found: Iterator, data, line) -> None:  # type: ignore[no-untyped-def,type-arg]
    if as_json:
        sys.stdout.write(json.dumps({name: [data(one) for one in found]}, ensure_ascii=False) + "\n")
        return
    for one in found:
        sys.stdout.write(line(one) + "\n")


def _range(asked: argparse.Namespace) -> tuple[datetime, datetime]:
    if asked.at is not None:
        return asked.at, asked.at + timedelta(minutes=1)
    return asked.start or EVER[0], asked.end or EVER[1]


def _is_asked(entry: Entry, asked: argparse.Namespace) -> bool:
    in_time = (asked.start or EVER[0]) <= entry.at <= (asked.end or EVER[1])
    of_kind = not asked.kind or entry.event.kind in asked.kind
    of_drive = asked.drive is None or getattr(entry.event, "drive_id", None) == asked.drive
    return in_time and of_kind and of_drive


def _time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 2026-11-21 or 2026-11-21T10:31, in UTC, or with an offset such as +08:00"
        ) from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _kind(text: str) -> str:
    if text not in KINDS:
        raise argparse.ArgumentTypeError(f"there is no event {text!r}: choose of {', '.join(sorted(KINDS))}")
    return text


def _opened(path: Path) -> sqlite3.Connection:
    """Open for reading; a copy in a folder that nobody may write to is read as it stands there."""
    for how in ("mode=ro", "mode=ro&immutable=1"):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True)
        try:
            connection.execute("SELECT 1 FROM journal LIMIT 1")
        except sqlite3.OperationalError as error:
            connection.close()
            trouble = error
        else:
            return connection
    raise trouble


def _state_of(facts: Facts, seq: int) -> State:
    """Return the state before the first entry that is kept; since when it all was so is not known any more."""
    since = EVER[0]
    talks = [(bay, drive, "bringing") for bay, drive in facts.handing_over.items()]
    talks += [(bay, drive, "returning") for bay, drive in facts.returning.items()]
    return State(
        at=since,
        seq=seq,
        kind="",
        epoch=facts.control_epoch,
        alarms=tuple(AlarmOn(name=a.name, part=a.part, source=a.source, since=since) for a in facts.alarms.values()),
        conversations=tuple(Conversation(bay=b, drive_id=d, stage=s, since=since) for b, d, s in talks),
        commands=running(facts.open_commands, {command.seq: since for command in facts.open_commands.values()}),
        places=facts.places,
        locked=facts.locked,
    )


def _as_data(entry: Entry) -> dict[str, object]:
    return {"seq": entry.seq, "at": entry.at.isoformat(), "event": json.loads(entry.sealed), "digest": entry.digest}


def _as_line(entry: Entry) -> str:
    told = {name: value for name, value in json.loads(entry.sealed).items() if name not in ("v", "kind")}
    return f"{entry.seq:>7}  {_moment(entry.at)}  {entry.event.kind:<18} {_pairs(told)}"


def _as_block(state: State) -> str:
    lines = [f"{_moment(state.at)}  after {state.seq} {state.kind}  epoch {state.epoch}  mode {state.mode}"]
    lines += [f"  alarm   {a.name} {a.part}: {a.source}, since {_moment(a.since)}" for a in state.alarms]
    lines += [f"  bay     {t.bay} {t.stage} {t.drive_id}, since {_moment(t.since)}" for t in state.conversations]
    for command in state.commands:
        what = f"{command.operation} {_pairs(command.arguments)}"
        lines.append(f"  command {command.seq} {what} for {command.purpose}, since {_moment(command.since)}")
    lines += [f"  locked  {part} by {staff}" for part, staff in state.locked.items()]
    lines.append("  cars    " + (_pairs(state.places) or "none"))
    return "\n".join(lines)


def _pairs(values: dict[str, object] | dict[str, str]) -> str:
    return " ".join(f"{name}={_word(value)}" for name, value in values.items() if value is not None)


def _word(value: object) -> str:
    return value if isinstance(value, str) and " " not in value else json.dumps(value, ensure_ascii=False)


def _moment(at: datetime) -> str:
    return "long ago" if at == EVER[0] else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + "Z"
