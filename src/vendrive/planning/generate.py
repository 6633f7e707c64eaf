"""Makes the published instances: `python -m vendrive.planning.generate benchmarks/tower`.

The same seed makes the same files. All customers come within a third of the time that the work alone must take, and so
within the first third of the optimum.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from vendrive.planning.evaluation import TENTHS, Times
from vendrive.planning.instances import Instance, Job, Kind, format_instance
from vendrive.tower.layout import Layout, SlotPlan, load_layout
from vendrive.tower.pace import DRIVE_IN_S, TAKE_S

SEED = 4
BOOKED = 0.6
# For each layout: how many instances, and the fewest and most jobs. A small tower has no slots for more.
SETS = {
    "carvana34": (50, 12, 16),
    "guangzhou42": (60, 12, 17),
    "shanghai3": (40, 12, 12),
    "singapore60": (50, 12, 20),
}


def generate(seed: int = SEED) -> Iterator[Instance]:
    """Yield all published instances."""
    for name, (count, fewest, most) in SETS.items():
        layout = load_layout(name)
        for number in range(1, count + 1):
            rng = Random(f"{seed}/{name}/{number}")  # noqa: S311
            jobs = fewest + (number - 1) % (most - fewest + 1)
            yield draw_instance(f"{name}-{number:03}", layout, jobs, rng)


def draw_instance(name: str, layout: Layout, jobs: int, rng: Random) -> Instance:
    """Return one instance: about as many cars wanted as returned, free slots on a few storeys."""
    places = _places(layout, rng)
    cars = min(jobs // 2 + rng.choice((-1, 0, 0, 1)), len(places) - jobs // 2)
    wanted, left = places[:cars], places[cars:]
    free = _free_slots(left, jobs - cars, rng)
    kinds = [(Kind.retrieve, slot.name) for slot in wanted] + [(Kind.store, "")] * min(jobs - cars, len(free))
    rng.shuffle(kinds)
    work = [(kind, layout.storey_of(slot) if slot else 0) for kind, slot in kinds]
    third_s = int(least_work_s(layout, work) / 3)
    moments = sorted(rng.randint(0, third_s) for _ in kinds)
    made = tuple(
        Job(f"J{at:02}", kind, float(moment), rng.random() < BOOKED, slot)
        for at, ((kind, slot), moment) in enumerate(zip(kinds, moments, strict=True), start=1)
    )
    lift = layout.lifts[0]
    storey = rng.randint(lift.lowest, lift.highest)
    return Instance(name, layout, storey, TAKE_S, DRIVE_IN_S, tuple(slot.name for slot in free), made)


def least_work_s(layout: Layout, work: Sequence[tuple[Kind, int]]) -> float:
    """Return what lift and bays must work at the least for these jobs, each given with its car's storey: a bound of
    the makespan, whatever the order."""
    times, bay = Times(layout), layout.bays[0]
    bare = Instance("", layout, bay.storey, TAKE_S, DRIVE_IN_S, (), ())
    lift = bays = 0
    for kind, storey in work:
        lift += times.at_bay + times.transfer
        if kind == Kind.retrieve:
            lift += times.travel(storey, bay.storey)
            bays += times.at_bay + times.turn(bay.name) + times.leaving(bare)
        else:
            bays += times.arriving(bare) + times.at_bay
    return max(lift, bays / len(layout.bays)) / TENTHS


def _places(layout: Layout, rng: Random) -> list[SlotPlan]:
    """Return slots that never hide each other, in random order: of two that lie behind each other only one."""
    places = [slot for slot in layout.slots if not slot.behind]
    behind = {slot.behind: slot for slot in layout.slots if slot.behind}
    places = [rng.choice((slot, behind[slot.name])) if slot.name in behind else slot for slot in places]
    rng.shuffle(places)
    return places


def _free_slots(left: Sequence[SlotPlan], returns: int, rng: Random) -> list[SlotPlan]:
    """Return free slots, storey by storey, until there are some more than returns."""
    storeys = sorted({slot.storey for slot in left})
    rng.shuffle(storeys)
    free: list[SlotPlan] = []
    for storey in storeys:
        if len(free) < returns + 2:
            free += sorted((slot for slot in left if slot.storey == storey), key=lambda slot: slot.name)
    return free


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the instances below a folder, one folder for each layout."""
    parser = argparse.ArgumentParser(prog="python -m vendrive.planning.generate", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    told = parser.parse_args(arguments)
    for instance in generate(told.seed):
        path = told.folder / instance.layout.name / f"{instance.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(format_instance(instance), encoding="utf-8")
    sys.stdout.write(f"wrote {sum(count for count, _, _ in SETS.values())} instances below {told.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
