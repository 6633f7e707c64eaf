"""The tables of docs/safeguards.md, made from runs so that they can be made again."""

from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.register import Tally


def fault_table(tally: Tally) -> str:
    """Return, per class of fault, how often it was injected, met a decision, and was refused something."""
    lines = ["| fault class | injected | reached a decision | refused |", "|---|---|---|---|"]
    for name in sorted((*CLASSES, LONG_CUT_OFF)):
        lines.append(f"| `{name}` | {tally.injected[name]} | {tally.reached[name]} | {tally.refused[name]} |")
    return "\n".join(lines)


def idle_classes(tally: Tally) -> list[str]:
    """Return the classes that never happened, or never met a decision."""
    return [name for name in (*CLASSES, LONG_CUT_OFF) if not tally.reached[name]]
