"""Proves the optima of the published instances again: `make bounds` (ARGS="--only NAME --open --widest N --write").

What stands in `optima.json` beside the instances is not believed: each schedule is evaluated, and the search must find
nothing better and prove no less.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from vendrive.planning.evaluation import Task, evaluate
from vendrive.planning.instances import OPTIMA, Instance, InstanceError, load_instances
from vendrive.planning.optimum import Goal, Optimum, find_optimum, value_s

WIDEST = 300_000
# Sums of tenths as floats may differ in their last bit.
_NOTHING_S = 1e-6


def load_optima(folder: Path) -> dict[tuple[str, Goal], Optimum]:
    """Return what is stored beside the instances, by instance and goal."""
    stored: dict[tuple[str, Goal], Optimum] = {}
    for path in sorted(folder.rglob(OPTIMA)):
        for row in json.loads(path.read_text(encoding="utf-8")):
            tasks = tuple(Task(job, bay, slot) for job, bay, slot in row["schedule"])
            optimum = Optimum(row["instance"], Goal(row["goal"]), row["best_s"], row["bound_s"], tasks)
            stored[optimum.instance, optimum.goal] = optimum
    return stored


def format_optima(optima: Sequence[Optimum]) -> str:
    """Return optima as the text of their file, one on a line."""
    rows = [
        {
            "instance": optimum.instance,
            "goal": optimum.goal,
            "status": "optimal" if optimum.proved else "bounded",
            "best_s": round(optimum.best_s, 1),
            "bound_s": round(optimum.bound_s, 1),
            "schedule": [[task.job, task.bay, task.slot] for task in optimum.schedule],
        }
        for optimum in optima
    ]
    return "[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n"


def contradiction(instance: Instance, goal: Goal, stored: Optimum | None, found: Optimum) -> str:
    """Return what is wrong with a stored optimum, or an empty string."""
    name = f"{instance.name} ({goal})"
    if stored is None:
        return f"{name}: no optimum is stored; run with --write"
    value = value_s(evaluate(instance, stored.schedule), goal)
    if abs(value - stored.best_s) > _NOTHING_S:
        return f"{name}: its schedule comes to {value:g} s, not to {stored.best_s:g} s"
    if found.best_s < stored.best_s - _NOTHING_S:
        return f"{name}: {found.best_s:g} s is better than {stored.best_s:g} s"
    if found.bound_s < stored.bound_s - _NOTHING_S:
        return f"{name}: only {found.bound_s:g} s is proved, not {stored.bound_s:g} s; allow wider layers"
    return ""


def prove(
    instances: Sequence[Instance],
    stored: dict[tuple[str, Goal], Optimum],
    widest: int = WIDEST,
    show: Callable[[float, str], None] = lambda share, what: None,
) -> tuple[list[Optimum], list[str]]:
    """Return the optima of these instances, and what contradicts the stored ones."""
    optima, wrong = [], []
    cases = [(instance, goal) for instance in instances for goal in Goal]
    for at, (instance, goal) in enumerate(cases):
        show(at / len(cases), f"{instance.name} {goal}")
        known = stored.get((instance.name, goal))
        found = find_optimum(instance, goal, widest, known.schedule if known else ())
        optima.append(found)
        told = contradiction(instance, goal, known, found)
        wrong += [told] if told else []
    return optima, wrong


def _show(share: float, what: str) -> None:
    sys.stderr.write(f"\r{share:4.0%} {what:<40}")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Prove the stored optima again."""
    parser = argparse.ArgumentParser(prog="python -m vendrive.planning.prove", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only instances whose names begin so")
    parser.add_argument("--widest", type=int, default=WIDEST, help="labels in a layer of the search at most")
    parser.add_argument("--open", action="store_true", help="only those that are not proved yet")
    parser.add_argument("--write", action="store_true", help="store what was found")
    told = parser.parse_args(arguments)
    try:
        instances = [one for one in load_instances(told.folder) if one.name.startswith(told.only)]
    except InstanceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    stored = load_optima(told.folder)
    if told.open:
        proved = {key for key, optimum in stored.items() if optimum.proved}
        instances = [one for one in instances if not all((one.name, goal) in proved for goal in Goal)]
    optima, wrong = prove(instances, stored, told.widest, _show)
    if told.write:
        _store(told.folder, stored | {(optimum.instance, optimum.goal): optimum for optimum in optima})
        wrong = []
    count = sum(optimum.proved for optimum in optima)
    sys.stderr.write("\n")
    sys.stdout.write("\n".join([*wrong, f"{count} of {len(optima)} optima proved, {len(wrong)} contradictions"]) + "\n")
    return 1 if wrong else 0


def _store(folder: Path, optima: dict[tuple[str, Goal], Optimum]) -> None:
    layouts = {instance.name: instance.layout.name for instance in load_instances(folder)}
    for layout in sorted(set(layouts.values())):
        rows = [optima[key] for key in sorted(optima) if layouts[key[0]] == layout]
        (folder / layout / OPTIMA).write_text(format_optima(rows), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
