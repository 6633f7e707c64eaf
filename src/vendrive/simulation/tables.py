"""The tables of docs/safeguards.md, made from runs so that they can be made again."""

from vendrive.plant.beings import BESIDE, INSIDE
from vendrive.simulation.caught import CAUGHT_BY
from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.register import Tally
from vendrive.simulation.safeguards import SAFEGUARDS

# So many sensors of a tower fail at once in the simulation.
MOST_BLIND = 2


def fault_table(tally: Tally) -> str:
    """Return, per class of fault, how often it was injected, met a decision, and was refused something."""
    lines = ["| fault class | injected | reached a decision | refused |", "|---|---|---|---|"]
    for name in sorted((*CLASSES, LONG_CUT_OFF)):
        lines.append(f"| `{name}` | {tally.injected[name]} | {tally.reached[name]} | {tally.refused[name]} |")
    return "\n".join(lines)


def idle_classes(tally: Tally) -> list[str]:
    """Return the classes that never happened, or never met a decision."""
    return [name for name in (*CLASSES, LONG_CUT_OFF) if not tally.reached[name]]


def safeguard_table() -> str:
    """Return, per safeguard, what it prevents, what stands behind it, and the seed that catches its removal."""
    lines = ["| safeguard | without it and its backups | backups removed with it | seed |", "|---|---|---|---|"]
    for safeguard in SAFEGUARDS:
        seed = CAUGHT_BY.get(safeguard.name, "none")
        lines.append(f"| `{safeguard.name}` | {safeguard.prevents} | {safeguard.backups} | {seed} |")
    return "\n".join(lines)


def undetectable_table() -> str:
    """Return who is missed while one or two sources are blind: the one table of what senses whom is `plant.beings`."""
    lines = ["| who or what | where | unseen while these are blind | why |", "|---|---|---|---|"]
    for where, table in (("beside the car", BESIDE), ("in the car", INSIDE)):
        for being, seen in table.items():
            if len(seen.sources) <= MOST_BLIND:
                lines.append(f"| {being} | {where} | {' and '.join(sorted(seen.sources))} | {seen.reason} |")
    return "\n".join(lines)
