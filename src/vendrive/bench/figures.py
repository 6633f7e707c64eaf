"""A measured figure, and how it is compared with what it is to be."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Target:
    """What a figure is to be: `relation` is `<=`, `>=` or `==`."""

    relation: str
    value: float

    def holds(self, value: float) -> bool:
        """Whether a figure is as it is to be."""
        return {"<=": value <= self.value, ">=": value >= self.value, "==": value == self.value}[self.relation]

    def __str__(self) -> str:
        return f"{self.relation} {self.value:g}"


@dataclass(frozen=True)
class Figure:
    """One row. `n` is how many cases it stands for; `bound` the bound of what is possible, None where none is known."""

    figure: str
    value: float
    target: Target
    n: int
    note: str = ""
    bound: float | None = None

    @property
    def ok(self) -> bool:
        """Whether it is as it is to be."""
        return self.target.holds(self.value)

    def row(self) -> dict[str, object]:
        """Return it as a row of `--json`."""
        told = asdict(self)
        return {
            "figure": told["figure"],
            "value": told["value"],
            "target": str(self.target),
            "ok": self.ok,
            "bound": self.bound,
            "n": self.n,
            "note": self.note,
        }

    def line(self) -> str:
        """Return it as a line for people."""
        sign = "ok  " if self.ok else "FAIL"
        return f"{sign} {self.figure:<22} {self.value:>12g}  {self.target!s:<10} n={self.n:<8} {self.note}".rstrip()
