"""Programs as children of the demo: started, awaited by their `ready` line, and ended with it."""

import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

READY = "ready "
_PR_SET_PDEATHSIG = 1


class ProgramFailed(Exception):
    """A program ended or stayed silent before it was ready; the message names its log."""


class Program:
    """One child process. Standard error goes to a log file, standard output is read for the `ready` line."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self._command = [sys.executable, "-m", *arguments]
        self._environment = dict(os.environ) | dict(environment)
        self.log = log
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    @property
    def pid(self) -> int:
        """The process id of the running program."""
        if self._process is None:
            raise ProgramFailed(f"{self.name} is not started")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the program; return at once."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._lines = queue.Queue()
        with self.log.open("a") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                stdin=subprocess.DEVNULL,
                text=True,
                start_new_session=True,
                preexec_fn=_end_with_owner if sys.platform == "linux" else None,
            )
        if self._process.stdout is None:
            raise ProgramFailed(f"{self.name} has no standard output")
        threading.Thread(target=_read_lines, args=(self._process.stdout, self._lines), daemon=True).start()

    def ready(self, timeout_s: float = 60) -> dict[str, Any]:
        """Wait for the `ready` line and return what it says."""
        while True:
            try:
                line = self._lines.get(timeout=timeout_s)
            except queue.Empty:
                raise ProgramFailed(f"{self.name} was not ready after {timeout_s:.0f} s; see {self.log}") from None
            if line is None:
                raise ProgramFailed(f"{self.name} ended before it was ready; see {self.log}\n{self._tail()}")
            if line.startswith(READY):
                told: dict[str, Any] = json.loads(line.removeprefix(READY))
                return told

    def finish(self, timeout_s: float = 120) -> None:
        """Wait for a program that ends by itself; raise where it fails."""
        if self._process is None or self._process.wait(timeout_s) != 0:
            raise ProgramFailed(f"{self.name} failed; see {self.log}\n{self._tail()}")

    def ask_to_end(self) -> None:
        """Send SIGTERM, and do not wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stop(self, timeout_s: float = 10) -> None:
        """Ask the program to end, and end it where it does not."""
        if self._process is None:
            return
        self.ask_to_end()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the program without a chance to tidy up, as a power cut would."""
        if self._process is not None:
            # Its own children too: a web server's workers would go on answering.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-8:])


def _read_lines(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    with stream:
        for line in stream:
            lines.put(line.strip())
    lines.put(None)


def _end_with_owner() -> None:
    # After a kill -9 of the demo its programs would otherwise go on for ever.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
