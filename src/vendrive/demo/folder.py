"""Where the demo keeps its files: one folder that can be deleted at any time."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DemoTower:
    """A tower of the demo, as its programs are told."""

    slug: str
    layout: str


STAFF = "demo"
SECOND = "demo-second"
"""Another member of staff with the same password: some requests need two persons."""
FOLDER_VARIABLE = "VENDRIVE_DEMO"
TOWERS = (DemoTower("shanghai", "shanghai3"), DemoTower("nanjing", "nanjing3"))


@dataclass(frozen=True)
class DemoFolder:
    """Paths below the demo's folder."""

    root: Path

    @property
    def calendar(self) -> Path:
        """The file with the calendar's offset."""
        return self.root / "calendar"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def retail(self) -> Path:
        """Retail's keys."""
        return self.root / "retail"

    @property
    def staff_password(self) -> Path:
        return self.root / "staff-password"

    @property
    def addresses(self) -> Path:
        """The addresses of the running demo, for other processes."""
        return self.root / "addresses.json"

    def station(self, tower: str) -> Path:
        return self.root / "towers" / tower / "station"

    def plant(self, tower: str) -> Path:
        return self.root / "towers" / tower / "plant"

    def log(self, name: str) -> Path:
        return self.root / "logs" / f"{name}.log"


def told_folder() -> DemoFolder:
    """Return the folder that the demo told this program of, by its environment."""
    return DemoFolder(Path(os.environ.get(FOLDER_VARIABLE, ".demo")))
