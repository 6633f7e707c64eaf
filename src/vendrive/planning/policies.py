"""The policies by name."""

from vendrive.tower.baseline import Baseline
from vendrive.tower.foresight import Foresight
from vendrive.tower.planner import Policy

POLICIES: dict[str, type[Policy]] = {"foresight": Foresight, "baseline": Baseline}
DEFAULT = "foresight"
