"""What a simulation measured, as numbers with names."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np

from vendrive.planning.record import Record

QUANTILES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))


@dataclass(frozen=True)
class Summary:
    """The figures of one or more simulated towers; waits in seconds, shares from 0 to 1."""

    figures: dict[str, float]

    def __getitem__(self, name: str) -> float:
        return self.figures[name]

    def lines(self) -> list[str]:
        """Return a table for people."""
        return [f"{name:<24}{value:>12.4g}" for name, value in self.figures.items()]


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
    errors = [error for record in records for error in record.errors_s]
    figures["moves"] = len(errors)
    figures["plan_error_mean_s"] = float(np.mean(np.abs(errors))) if errors else nan
    figures["lift_use"] = float(np.mean([record.lift_share for record in records]))
    figures["least_charge"] = min((share for record in records for share in record.charges), default=nan)
    figures["no_shows"] = sum(record.no_shows for record in records)
    figures["unserved"] = sum(record.unserved for record in records)
    return Summary(figures)


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
