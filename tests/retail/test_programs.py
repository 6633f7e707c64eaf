"""The programs as processes: what they say when ready, how they end, and that none outlives its owner."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.waiting import until
from vendrive.retail.postgres import EmbeddedPostgres


@contextmanager
def program(name: str, postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    env = {**os.environ, "DATABASE_URL": postgres.dsn, "VENDRIVE_DATA": str(tmp_path)}
    command = [sys.executable, "-m", "vendrive.retail"]
    subprocess.run([*command, "init"], env=env, check=True, capture_output=True)
    with subprocess.Popen(
        [*command, name], env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        word, _, said = process.stdout.readline().partition(" ")
        assert word == "ready"
        yield process, json.loads(said)["url"]
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


@pytest.fixture
def web(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    with program("web", postgres, tmp_path) as started:
        yield started


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/alive", timeout=1).is_success
    except httpx.HTTPError:
        return False


def test_web_ends_cleanly_when_asked(web: tuple["subprocess.Popen[str]", str]) -> None:
    process, url = web
    assert answers(url)
    process.terminate()
    assert process.wait(20) == 0
    assert not answers(url)


def test_no_worker_outlives_a_killed_web(web: tuple["subprocess.Popen[str]", str]) -> None:
    process, url = web
    process.kill()
    process.wait()
    until(lambda: not answers(url), "the worker process is gone", timeout_s=10)


def test_the_stations_worker_answers_stations_alone(postgres: EmbeddedPostgres, tmp_path: Path) -> None:
    with program("stations", postgres, tmp_path) as (_, url):
        assert httpx.get(f"{url}/api/station/orders").json()["code"] == "signature_invalid"
        assert [httpx.get(f"{url}{path}").status_code for path in ("/", "/console/", "/api/v1/catalogue")] == [404] * 3
