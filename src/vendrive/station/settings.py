"""What a station is told when it starts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Names and addresses; `port` 0 takes a free one. Everything secret lies in `data`."""

    tower_id: str
    layout: str
    data: Path
    machine_url: str
    retail_url: str
    port: int = 0

    @property
    def keys(self) -> Path:
        """Where the station's keys and the pinned keys of retail lie."""
        return self.data / "keys"

    @property
    def pki(self) -> Path:
        """Where the OPC UA certificates lie."""
        return self.data / "pki"
