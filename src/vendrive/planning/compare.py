"""Policies side by side on the same customers: common random numbers, paired intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vendrive.planning.life import Life, Setting
from vendrive.planning.policies import POLICIES
from vendrive.planning.record import Record
from vendrive.planning.results import paired, quantile


@dataclass(frozen=True)
class Difference:
    """How much one figure of a policy lies above the baseline's: mean and 95 % interval over the seeds, in seconds."""

    figure: str
    policy: str
    baseline: float
    value: float
    mean: float
    low: float
    high: float

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval lies above the baseline's."""
        return self.low > 0

    @property
    def verdict(self) -> str:
        """Return what the interval says."""
        return "worse" if self.is_worse else "better" if self.high < 0 else "no difference shown"


FIGURES: dict[str, Callable[[Record], float]] = {
    "pickup_wait_mean_s": lambda record: float(np.mean(record.pickup_waits_s or [0.0])),
    "pickup_wait_p99_s": lambda record: quantile(record.pickup_waits_s or [0.0], 0.99),
    "walkup_wait_mean_s": lambda record: float(np.mean(record.walkup_waits_s or [0.0])),
    "return_wait_mean_s": lambda record: float(np.mean(record.return_waits_s or [0.0])),
    "wait_mean_s": lambda record: float(np.mean(all_waits(record))),
    "wait_p99_s": lambda record: quantile(all_waits(record), 0.99),
}


def all_waits(record: Record) -> list[float]:
    """Return what all customers of a record waited, whoever they were."""
    return [*record.pickup_waits_s, *record.walkup_waits_s, *record.return_waits_s] or [0.0]


def compare(
    setting: Setting,
    seeds: Sequence[int],
    show: Callable[[float, str], None],
    policies: Sequence[str] = tuple(POLICIES),
) -> list[Difference]:
    """Return the differences of all policies from the baseline; a seed brings the same people to each of them."""
    records: dict[str, list[Record]] = {}
    names = ["baseline", *(name for name in policies if name != "baseline")]
    for at, name in enumerate(names):
        records[name] = []
        for number, seed in enumerate(seeds):
            show((at + number / len(seeds)) / len(names), f"{setting.layout.name}, {name}, seed {seed}")
            records[name].append(Life(replace(setting, policy=POLICIES[name](), seed=seed)).run())
    return [_difference(figure, name, records) for name in names[1:] for figure in FIGURES]


def _difference(figure: str, policy: str, records: dict[str, list[Record]]) -> Difference:
    measure = FIGURES[figure]
    base = [measure(record) for record in records["baseline"]]
    ours = [measure(record) for record in records[policy]]
    mean, low, high = paired([one - other for one, other in zip(ours, base, strict=True)])
    return Difference(figure, policy, float(np.mean(base)), float(np.mean(ours)), mean, low, high)
