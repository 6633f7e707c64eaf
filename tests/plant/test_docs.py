"""docs/plant.md says what the plant does: every vote, every watch, every row of who is sensed by what."""

from pathlib import Path

from vendrive.plant.beings import BESIDE, INSIDE
from vendrive.plant.safety import VOTES
from vendrive.plant.watch import WATCHES

PAGE = Path(__file__).parents[2] / "docs/plant.md"


def rows() -> list[tuple[str, ...]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]


def test_the_page_names_every_vote_and_watch_with_its_words() -> None:
    known = {(f"`{name}`", " ".join((vote.__doc__ or "").split())) for name, vote in [*VOTES.items(), *WATCHES.items()]}
    assert {row for row in rows() if len(row) == 2} == known
    assert all(words for _, words in known)


def test_the_page_says_who_is_sensed_by_what_and_why() -> None:
    known = {
        (f"`{being}`", where, ", ".join(sorted(seen.sources)), seen.reason)
        for where, table in (("beside the car", BESIDE), ("in the car", INSIDE))
        for being, seen in table.items()
    }
    assert {row for row in rows() if len(row) == 4} == known
