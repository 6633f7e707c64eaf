"""A bar that says how far a measurement is."""

from typing import TextIO

WIDTH = 30


class Bar:
    """Writes to one line of a terminal."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, share: float, what: str) -> None:
        """Show how much is done, from 0 to 1."""
        done = round(min(max(share, 0.0), 1.0) * WIDTH)
        self._stream.write(f"\r[{'#' * done}{'.' * (WIDTH - done)}] {what:<60}")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        self._stream.write("\n")
        self._stream.flush()
