"""What a simulation measured, as numbers with names."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from vendrive.planning.record import HOUR_S, Record
from vendrive.tower.charging import NEEDED

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
KINDS = {"pickup": "with a booking", "walkup": "without a booking", "return": "returns"}


@dataclass(frozen=True)
class Summary:
    """The figures of one or more simulated towers; waits in seconds, shares from 0 to 1."""

    figures: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.figures[name]

    def lines(self) -> list[str]:
        """Return a table for people: a row for each kind of customer, then what the machine did."""
        head = f"{'waits in seconds':<20}{'count':>8}{'mean':>8}{'p50':>8}{'p95':>8}{'p99':>8}{'in 120 s':>10}"
        rows = [head, *(self._row(name, label) for name, label in KINDS.items()), ""]
        others = [name for name in self.figures if not name.startswith(tuple(f"{kind}_wait" for kind in KINDS))]
        return rows + [f"{name:<28}{self.figures[name]:>12.4g}" for name in others]

    def _row(self, name: str, label: str) -> str:
        waits = "".join(f"{self.figures[f'{name}_wait_{part}_s']:>8.1f}" for part in ("mean", "p50", "p95", "p99"))
        within = self.figures[f"{name}_wait_in_120_s"]
        return f"{label:<20}{self.figures[f'{name}_wait_count']:>8.0f}{waits}{100 * within:>8.1f} %"


def summarise(records: Sequence[Record]) -> Summary:
    """Return the figures of all records together."""
    figures = {"hours": sum(record.hours for record in records)}
    waits = {
        "pickup_wait": [wait for record in records for wait in record.pickup_waits_s],
        "walkup_wait": [wait for record in records for wait in record.walkup_waits_s],
        "return_wait": [wait for record in records for wait in record.return_waits_s],
    }
    for name, values in waits.items():
        figures[f"{name}_count"] = len(values)
        figures[f"{name}_mean_s"] = float(np.mean(values)) if values else nan
        for label, share in QUANTILES:
            figures[f"{name}_{label}_s"] = quantile(values, share)
        figures[f"{name}_in_120_s"] = float(np.mean(np.array(values) <= 120)) if values else nan
    return Summary(figures | _machine(records))


def _machine(records: Sequence[Record]) -> dict[str, float]:
    """Return what the machine did, and how full tower and batteries were."""
    errors = [error for record in records for error in record.errors_s]
    charges = [share for record in records for share in record.charges]
    cars = [cars for record in records for _, cars in record.occupancy]
    hours = sum(record.hours for record in records)
    figures: dict[str, float] = {"moves": len(errors)}
    figures["plan_error_mean_s"] = float(np.mean(np.abs(errors))) if errors else nan
    figures["lift_use"] = float(np.mean([record.lift_share for record in records]))
    figures["cars_stored_mean"] = sum(sum(record.slot_s.values()) for record in records) / hours / HOUR_S
    figures["cars_stored_most"] = max(cars, default=nan)
    figures["least_charge"] = min(charges, default=nan)
    figures["handed_out_below_needed"] = sum(share < NEEDED for share in charges)
    for name in ("no_shows", "unserved", "forgotten", "serviced"):
        figures[name] = sum(getattr(record, name) for record in records)
    return figures


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile; not a number where there is nothing."""
    return float(np.quantile(values, share)) if values else nan


def paired(differences: Sequence[float]) -> tuple[float, float, float]:
    """Return mean, low and high end of the 95 % interval of differences of pairs (Student's t)."""
    values = np.array(differences, dtype=float)
    if len(values) < 2:
        return float(values.mean()), -np.inf, np.inf
    half: float = student_95(len(values) - 1) * float(values.std(ddof=1)) / float(np.sqrt(len(values)))
    mean = float(values.mean())
    return mean, mean - half, mean + half


def student_95(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t (Cornish-Fisher; within 0.5 % from three degrees on)."""
    z = 1.959964
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum((term / freedom**power for power, term in enumerate(terms, start=1)), 0.0)


def share_95(kept: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson); from 0 to 1 where nothing was counted."""
    if not of:
        return 0.0, 1.0
    z = 1.959964
    share, weight = kept / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * float(np.sqrt(share * (1 - share) / of + weight / (4 * of)))
    return max(0.0, middle - half), min(1.0, middle + half)
