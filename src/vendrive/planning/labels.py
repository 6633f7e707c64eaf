"""Labels of the search for an optimum, many at once: a column for each number, a row for each label."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
# Each label is compared with so many that stand before it; a worse one that is missed costs time, not truth.
_COMPARED = 24


@dataclass(frozen=True)
class Labels:
    """`done` and `used` count done jobs of each chain and used slots of each storey, in mixed radix; `level` is where
    the lift is; `lift`, `bays` (sorted) are when they are free; `late` is the sum of waits; the rest leads back."""

    done: Numbers
    used: Numbers
    level: Numbers
    lift: Numbers
    bays: Numbers
    late: Numbers
    bound: Numbers
    parent: Numbers
    chain: Numbers
    bay: Numbers
    storey: Numbers

    @classmethod
    def first(cls, level: int, bays: int) -> "Labels":
        """Return the one label before anything was done."""
        zero = np.zeros(1, dtype=np.int64)
        at = np.array([level], dtype=np.int64)
        return cls(zero, zero, at, zero, np.zeros((1, bays), dtype=np.int64), *[zero] * 6)

    @classmethod
    def joined(cls, parts: Sequence["Labels"]) -> "Labels":
        """Return several as one."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    def __len__(self) -> int:
        return len(self.done)

    def take(self, rows: Numbers) -> "Labels":
        """Return some of the labels."""
        return Labels(*(getattr(self, field.name)[rows] for field in fields(Labels)))

    def after(self, parent: Numbers, chain: int, bay: int, storey: int) -> "Labels":
        """Return the labels as children of those rows, by one task."""
        size = len(self)
        told = (np.full(size, number, dtype=np.int64) for number in (chain, bay, storey))
        return Labels(
            self.done, self.used, self.level, self.lift, self.bays, self.late, self.bound.copy(), parent, *told
        )

    def at(self, done: int, used: int, level: int, lift: Numbers, free: Numbers, bay: int, wait: Numbers) -> "Labels":
        """Return the labels one job further."""
        bays = self.bays.copy()
        bays[:, bay] = free
        bays.sort(axis=1)
        here = np.full(len(self), level, dtype=np.int64)
        told = (self.parent, self.chain, self.bay, self.storey)
        return Labels(self.done + done, self.used + used, here, lift, bays, self.late + wait, self.bound, *told)


def without_worse(labels: Labels, late: bool) -> Labels:
    """Return the labels without those that another one of the same jobs, slots and level matches or beats in all."""
    for by_sum in (True, False):
        values = np.stack([labels.lift, *labels.bays.T, *([labels.late] if late else [])])
        total = values.sum(axis=0)
        order = np.lexsort((total, total if by_sum else labels.lift, labels.level, labels.used, labels.done))
        same, values = np.stack([labels.done, labels.used, labels.level])[:, order], values[:, order]
        worse = np.zeros(len(order), dtype=bool)
        for back in range(1, min(_COMPARED, len(order) - 1) + 1):
            alike = (same[:, back:] == same[:, :-back]).all(axis=0)
            worse[back:] |= alike & (values[:, back:] >= values[:, :-back]).all(axis=0)
        labels = labels.take(order[~worse])
    return labels
