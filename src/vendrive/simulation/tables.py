"""The tables of docs/safeguards.md, made from runs so that they can be made again."""

from collections.abc import Iterable, Sequence

from vendrive.plant.beings import undetectable
from vendrive.simulation.ablations import Ablation, named
from vendrive.simulation.faults import CLASSES, LONG_CUT_OFF
from vendrive.simulation.register import AFTERMATH_S, Tally
from vendrive.simulation.runner import Total
from vendrive.simulation.safeguards import TIDY

HEAD = """# Safeguards, and the proof that each is needed

Made by `vendrive simulate document`; do not edit it by hand.

A simulated tower runs the station's own control, its journal and its conversations against the plant, which has
physics, a safety PLC and a truth of its own. Invariants look at this truth and at the raw journal, never at the
controller. To see that they would notice a fault, each safeguard is taken away together with its declared backups, for
one run, by the simulation alone: production has no switch for it. Then some seed must be caught, and the same run with
the safeguard in its place must be clean.

## Each safeguard, and the seed that catches its removal

A seed runs in the named tower with the named fault classes and no others, four times as often as in a seed with many,
so that it comes to the hazard soon: most of the first seeds would catch most safeguards.
`vendrive simulate ablations --only NAME` does it again.
"""
REACHED = f"""A fault reached a decision where the station or its PLC took one, of whatever kind, while it was on or in
the {AFTERMATH_S:.0f} s after it; it was refused something where one of these decisions was a no. Which safeguard meets
which fault is shown by the table above.
"""
PREVENTED = """## Moves prevented

In {seeds} seeds ({hours:.0f} tower-hours, {hand_overs} hand-overs, {violations} violations) the votes of the station
withheld {by_us} motions that staff or its own planner asked for, and the safety PLC refused {by_plc} that the station
had asked for: its view was older, or a sensor had changed its mind in between. {excused} looks found somebody in the
way whom a blind sensor hid, as the list below says.
"""


UNDETECTABLE = """## What the sensors of the layouts cannot detect

With any one and any two sensors faulty, whatever they say, no part moves where a person is, but for these: where all
sources that sense somebody are blind, or there is none. `tests/plant/test_blind.py` tries every pair at every dangerous
moment; see [plant.md](plant.md). More than two at once: a bay whose car sensors all go dead before an open street door,
or one that just closes, looks as if its car had driven off.
"""


def fault_table(tally: Tally) -> str:
    """Return, per class of fault, how often it was injected, met a decision, and was refused something."""
    names = sorted((*CLASSES, LONG_CUT_OFF))
    rows = ((f"`{name}`", tally.injected[name], tally.reached[name], tally.refused[name]) for name in names)
    return _table(("fault class", "injected", "reached a decision", "refused"), rows)


def idle_classes(tally: Tally) -> list[str]:
    """Return the classes that never happened, or never met a decision."""
    return [name for name in (*CLASSES, LONG_CUT_OFF) if not tally.reached[name]]


def safeguard_table(found: Sequence[Ablation]) -> str:
    """Return each safeguard with what it prevents, its backups, and the seed that catches its removal."""
    rows = []
    for result in found:
        safeguard = named(result.name)
        seed = "**survives**" if result.seed is None else f"{result.seed} ({safeguard.layout}), `{result.invariant}`"
        hints = ", ".join(f"`{hint}`" for hint in safeguard.hints) or "no fault"
        rows.append((f"`{result.name}`", safeguard.prevents, safeguard.backups, hints, seed))
    return _table(("safeguard", "prevents", "removed with it", "fault classes", "caught by seed"), rows)


def document(found: Sequence[Ablation], total: Total, seeds: int) -> str:
    """Return docs/safeguards.md."""
    tally = total.tally
    sums = {name: getattr(tally, name) for name in ("hours", "hand_overs", "by_us", "by_plc", "excused")}
    parts = (
        HEAD,
        safeguard_table(found),
        "\n## Votes that are no safeguards\n\nTheir removal alone harms nobody.\n",
        _table(("vote", "why"), ((f"`{name}`", reason) for name, reason in TIDY.items())),
        f"\n## Fault classes in the first {seeds} seeds\n\n{REACHED}",
        fault_table(tally),
        "",
        PREVENTED.format(seeds=seeds, violations=total.violations, **sums),
        UNDETECTABLE,
        _table(
            ("who", "where", "the only sources", "why not the others"),
            ((f"`{row.being}`", row.where, " and ".join(row.sources) or "none", row.reason) for row in undetectable()),
        ),
    )
    return "\n".join(parts) + "\n"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
