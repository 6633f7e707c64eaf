"""Retail's programs: pages and API, live events, the worker, and what an operator does once.

`run` is given the settings' name by its caller, never by the environment, so that nothing in the environment of a
production program can name the demo's.
"""

import argparse
import base64
import gc
import getpass
import json
import multiprocessing
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import httpx
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.core.wsgi import get_wsgi_application
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server as Granian

from vendrive.retail.keys import NoKeys, make_keys, read_keys
from vendrive.retail.notices.senders import WrongSetting
from vendrive.retail.scan.checks import CAR_MODEL

PRODUCTION = "vendrive.retail.settings"
LIVE_URLS = "vendrive.retail.live.urls"
STATION_URLS = "vendrive.retail.api.station_urls"
READY_TIMEOUT_S = 60.0
READY_POLL_S = 0.05
ALIVE = "/alive"
NO_DATABASE = """vendrive retail: DATABASE_URL is not set.
Set it to a PostgreSQL server (17 or newer, with btree_gist), for example
  DATABASE_URL=postgresql://vendrive@/vendrive?host=/run/postgresql
or run `vendrive demo`, which brings a server of its own."""
Program = Callable[[argparse.Namespace, str], int]
LEAST_PASSWORD = 10
THREADS = 80
"""Of a web process: more than are served and wait together (`SERVED_AT_ONCE`, `WAITING_AT_MOST` in the settings)."""
# Standard output is for the line `ready` alone.
TO_STDERR = {
    "handlers": {
        name: {"class": "logging.StreamHandler", "formatter": form, "stream": "ext://sys.stderr"}
        for name, form in (("console", "generic"), ("access", "access"))
    }
}
EXAMPLES = """examples:
  vendrive retail init                        make the keys in VENDRIVE_DATA, once
  vendrive retail migrate                     create or change the tables in DATABASE_URL
  vendrive retail create-staff demo-staff     an account for the console; the password is read from standard input
  vendrive retail web --port 8000 --nice 5    pages and API, which give way to the stations where these share a machine
  vendrive retail stations --port 8002        orders and journals of stations, on a worker of their own
  vendrive retail live --port 8001            live events for the console
  vendrive retail worker                      notices, audit chain, deadlines
  VENDRIVE_NOTICES=console: vendrive retail worker
                                              notices as lines on standard error (smtp://… sends mails)
  vendrive retail enrol-station public.json   trust a station's keys
  vendrive retail export-photos pictures      reference pictures and customers' pairs, for `vendrive scan train`
  vendrive retail public-key > retail.json    what a station pins (its DIR/keys/retail.json)"""


def run(argv: list[str], settings_module: str = PRODUCTION) -> int:
    """Run one program and return its exit status."""
    asked = _parser().parse_args(argv)
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    if asked.needs_database and not os.environ.get("DATABASE_URL"):
        _warn(NO_DATABASE)
        return 2
    try:
        if asked.needs_database:
            read_keys(_data())
            django.setup()
        return int(asked.program(asked, settings_module))
    except (NoKeys, WrongSetting) as error:
        _warn(f"vendrive retail: {error}")
        return 2


def load_wsgi(settings_module: str) -> Any:
    """Return the application of one web worker process."""
    _end_with_parent()
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    return _settled(get_wsgi_application())


def load_stations(settings_module: str) -> Any:
    """Return the application of the stations' worker process, which answers nobody else."""
    _end_with_parent()
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    settings.ROOT_URLCONF = STATION_URLS
    return _settled(get_wsgi_application())


def load_asgi(settings_module: str) -> Any:
    """Return the application of the live process."""
    _end_with_parent()
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    settings.ROOT_URLCONF = LIVE_URLS
    return get_asgi_application()


def _settled(application: Any) -> Any:
    """Take what was loaded out of the garbage collector's sight: looking through it holds every request for 0.1 s."""
    gc.collect()
    gc.freeze()
    return application


def _end_with_parent() -> None:
    """End this worker process when the program that started it is gone, however it died; it would serve for ever."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _web(asked: argparse.Namespace, settings_module: str) -> int:
    problems = run_checks(tags=[CAR_MODEL], include_deployment_checks=True)
    if problems:
        _warn("\n".join(f"vendrive retail: {problem.msg}\n{problem.hint}" for problem in problems))
        return 2
    os.nice(asked.nice)
    return _serve(asked, settings_module, Interfaces.WSGI, load_wsgi)


def _stations(asked: argparse.Namespace, settings_module: str) -> int:
    return _serve(asked, settings_module, Interfaces.WSGI, load_stations)


def _live(asked: argparse.Namespace, settings_module: str) -> int:
    return _serve(asked, settings_module, Interfaces.ASGINL, load_asgi)


def _serve(
    asked: argparse.Namespace,
    settings_module: str,
    interface: Interfaces,
    loader: Callable[[str], Any],
) -> int:
    port = asked.port or _free_port(asked.host)
    server = Granian(
        settings_module,
        address=asked.host,
        port=port,
        interface=interface,
        log_level=LogLevels.error,
        log_dictconfig=TO_STDERR,
        workers_kill_timeout=10,
        respawn_failed_workers=True,
        workers=asked.workers,
        blocking_threads=asked.threads,
    )
    url = f"http://{asked.host}:{port}"
    threading.Thread(target=_say_ready, args=(url,), daemon=True).start()
    server.serve(target_loader=loader)
    return 0


def _say_ready(url: str) -> None:
    pause = threading.Event()
    for _ in range(int(READY_TIMEOUT_S / READY_POLL_S)):
        try:
            if httpx.get(f"{url}{ALIVE}", timeout=2).is_success:
                _tell(f"ready {json.dumps({'url': url})}")
                return
        except httpx.HTTPError:
            pass
        pause.wait(READY_POLL_S)
    _warn(f"vendrive retail: {url} does not answer")


def _worker(asked: argparse.Namespace, settings_module: str) -> int:
    _tell("ready {}")
    call_command("procrastinate", "worker", "--concurrency", str(asked.concurrency), "--delete-jobs", "always")
    return 0


def _migrate(asked: argparse.Namespace, settings_module: str) -> int:
    call_command("migrate", interactive=False, verbosity=asked.verbosity)
    return 0


def _init(asked: argparse.Namespace, settings_module: str) -> int:
    _tell(str(make_keys(_data())))
    return 0


def _public_key(asked: argparse.Namespace, settings_module: str) -> int:
    public = read_keys(_data()).signing.public_key().public_bytes_raw()
    _tell(json.dumps({"keys": [base64.b64encode(public).decode()]}))
    return 0


def _enrol_station(asked: argparse.Namespace, settings_module: str) -> int:
    call_command("enrol_station", str(asked.file))
    return 0


def _create_staff(asked: argparse.Namespace, settings_module: str) -> int:
    password = getpass.getpass("password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    if len(password) < LEAST_PASSWORD:
        _warn(f"vendrive retail: a password has at least {LEAST_PASSWORD} characters")
        return 1
    call_command("create_staff", asked.name, password)
    return 0


def _export_photos(asked: argparse.Namespace, settings_module: str) -> int:
    try:
        call_command("export_photos", str(asked.folder))
    except CommandError as error:
        _warn(f"vendrive retail: {error}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vendrive retail",
        description="Bookings, people, money, the phone pages and the console.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    programs = parser.add_subparsers(metavar="PROGRAM", required=True)

    def add(name: str, program: Program, what: str, needs_database: bool = True) -> argparse.ArgumentParser:
        added = programs.add_parser(name, help=what, description=what)
        added.set_defaults(program=program, needs_database=needs_database)
        return added

    web = add("web", _web, "serve pages and API")
    live = add("live", _live, "serve live events for the console")
    stations = add("stations", _stations, "serve stations alone, on a worker that no crowd of customers can fill")
    for served in (web, live, stations):
        served.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
        served.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    live.set_defaults(workers=1, threads=None)
    # Those who wait, and those who are told to come again, need a thread each for a moment.
    web.set_defaults(threads=THREADS)
    stations.set_defaults(workers=1, threads=8)
    web.add_argument("--workers", type=int, default=1, help="processes (default: %(default)s)")
    web.add_argument(
        "--nice", type=int, default=0, help="give way to the stations' worker on this machine (0 to 19; default: 0)"
    )
    worker = add("worker", _worker, "send notices, seal the audit chain, look at deadlines")
    worker.add_argument("--concurrency", type=int, default=2, help="jobs at a time (default: %(default)s)")
    migrate = add("migrate", _migrate, "create or change the tables")
    migrate.add_argument("--verbosity", type=int, default=0, help="0 is silent (default)")
    add("init", _init, "make the keys in VENDRIVE_DATA, once", needs_database=False)
    add("public-key", _public_key, "print the key that stations pin", needs_database=False)
    enrol = add("enrol-station", _enrol_station, "trust the keys of a station's public.json")
    enrol.add_argument("file", type=Path)
    staff = add("create-staff", _create_staff, "make an account for the console; the password is read from input")
    staff.add_argument("name")
    export = add("export-photos", _export_photos, "write reference pictures and pairs for `vendrive scan train`")
    export.add_argument("folder", type=Path, metavar="DIR", help="gets references/ and feedback/, written anew")
    return parser


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _warn(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _data() -> Path:
    return Path(os.environ.get("VENDRIVE_DATA", ".retail"))


def _free_port(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
