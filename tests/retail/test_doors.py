"""What strangers get, what production answers without suppliers, and that the demo is out of its reach."""

import ast
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

import vendrive
from vendrive.clock import ManualClock
from vendrive.demo.standins import demo_ports
from vendrive.retail.api.customer import api
from vendrive.retail.ports import Document, Payment, Verdict, production_ports

ROOT = Path(vendrive.__file__).parent
DOCUMENT = Document("passport", "E00000009", "Demo person 9")
OPEN = {
    ("GET", "/openapi.json"),
    ("GET", "/session"),
    ("POST", "/session"),
    ("POST", "/session/code"),
    ("DELETE", "/session"),
    ("GET", "/catalogue"),
    ("GET", "/towers"),
    ("GET", "/pickup-times"),
    ("GET", "/calendar"),
    # Whoever sees a car may search for it; what a session found is its own (tests/retail/scan).
    ("POST", "/scans"),
    ("POST", "/scans/{scan_id}/pick"),
}


def operations() -> list[tuple[str, str]]:
    """Return every method and path of the customer API."""
    found = []
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            found += [(method, f"{prefix}{path}") for operation in view.operations for method in operation.methods]
    return found


def test_there_are_operations_to_check() -> None:
    assert set(operations()) > OPEN


@pytest.mark.parametrize(("method", "path"), [o for o in operations() if o not in OPEN])
def test_nothing_else_answers_without_a_credential(db: None, method: str, path: str) -> None:
    address = "/api/v1" + path.replace("{drive_id}", "00000000-0000-4000-8000-000000000000")
    answer = Client().generic(method, address, b"{}", content_type="application/json")
    assert answer.status_code == 401
    assert answer.json()["code"] == "sign_in_needed"


def test_a_write_needs_the_token_of_our_own_pages(db: None) -> None:
    client = Client(enforce_csrf_checks=True)
    key = {"Idempotency-Key": "k"}
    for path in ("session/code", "scans"):
        body = {"phone": "13812340001"}
        answer = client.post(f"/api/v1/{path}", body, content_type="application/json", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_a_refusal_is_told_in_the_language_of_the_request(db: None) -> None:
    client = Client(headers={"accept-language": "zh-CN,zh;q=0.9", "idempotency-key": "k"})
    answer = client.post("/api/v1/session/code", {"phone": "1"}, content_type="application/json")
    assert answer.status_code == 409
    assert answer.json()["code"] == "phone_invalid"
    assert not answer.json()["what"].isascii()


def test_every_answer_carries_the_security_headers(db: None) -> None:
    headers = Client().get("/alive").headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_without_suppliers_nobody_is_proved_and_nothing_is_paid() -> None:
    ports = production_ports()
    assert ports.identity.proves(b"", "", DOCUMENT) is Verdict.unknown
    assert ports.credit.at_least(DOCUMENT, 700).verdict is Verdict.unknown
    assert ports.membership.is_super_member(DOCUMENT).verdict is Verdict.unknown
    assert ports.payments.charge("k", 100, "CNY") is Payment.declined
    with pytest.raises(OSError, match="no supplier"):
        ports.notices.send("key", "+8613812340001", "text")


def test_the_demos_answers_are_the_documented_ones(tmp_path: Path) -> None:
    ports = demo_ports(ManualClock(datetime(2026, 3, 2, tzinfo=UTC)), tmp_path)

    def person(end: str) -> Document:
        return Document("passport", f"E0000{end}", "Demo person 1")

    assert ports.identity.proves(None, "", person("0001")) is Verdict.no
    assert ports.identity.proves(None, "", person("0002")) is Verdict.unknown
    assert ports.credit.at_least(person("0003"), 700).verdict is Verdict.no
    assert ports.credit.at_least(person("0004"), 700).verdict is Verdict.unknown
    assert ports.membership.is_super_member(person("0005")).verdict is Verdict.no
    assert ports.payments.charge("k", 113, "CNY") is Payment.declined
    assert ports.payments.charge("k", 117, "CNY") is Payment.unknown
    assert ports.payments.charge("k", 100, "CNY") is Payment.paid


def test_retail_never_imports_the_demo() -> None:
    for path in (ROOT / "retail").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.startswith("vendrive.demo")], path


def test_no_environment_variable_names_the_demos_settings(tmp_path: Path) -> None:
    program = (
        "import sys; from vendrive.retail.program import run; run(['init']);"
        "from django.conf import settings as s; print(s.SETTINGS_MODULE, type(s.VENDRIVE_PORTS.notices).__name__)"
    )
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "vendrive.demo.settings", "VENDRIVE_DATA": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[-1] == "vendrive.retail.settings NoNotices"
    assert os.stat(tmp_path / "keys.json").st_mode & 0o077 == 0


def test_a_wrong_way_out_for_notices_is_told_before_anything_starts(tmp_path: Path) -> None:
    env = {**os.environ, "VENDRIVE_NOTICES": "smtp://mail.example", "VENDRIVE_DATA": str(tmp_path), "DATABASE_URL": "x"}
    command = [sys.executable, "-m", "vendrive.retail"]
    subprocess.run([*command, "init"], env=env, check=True, capture_output=True)
    told = subprocess.run([*command, "worker"], env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "VENDRIVE_NOTICES needs `from=`" in told.stderr
    assert "Traceback" not in told.stderr


def test_without_a_database_the_program_says_what_to_do(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "vendrive.retail", "web"]
    told = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "DATABASE_URL" in told.stderr
