"""What exists for the demo alone cannot be reached in production."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette

from vendrive.demo import kiosk
from vendrive.demo import settings as demo_settings
from vendrive.retail import settings as production
from vendrive.retail.ports import Document, Payment, Verdict

PROGRAMS = ("vendrive.retail.program", "vendrive.station.__main__", "vendrive.plant.__main__")
NOBODY = Document("passport", "ED0000009", "Demo person")


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_of_production_loads_nothing_of_the_demo(program: str, tmp_path: Path) -> None:
    code = f"import {program}, sys; print(sorted(m for m in sys.modules if m.startswith('vendrive.demo')))"
    environment = os.environ | {"VENDRIVE_DEMO": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vendrive.demo.settings"}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.strip() == "[]"


def test_the_environment_cannot_name_the_demo_settings(tmp_path: Path) -> None:
    code = (
        "import os; from vendrive.retail.program import run; run(['init']); print(os.environ['DJANGO_SETTINGS_MODULE'])"
    )
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "vendrive.demo.settings", "VENDRIVE_DATA": str(tmp_path)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert told.stdout.split()[-1] == "vendrive.retail.settings"


def test_without_suppliers_production_answers_unknown_and_never_yes() -> None:
    ports = production.VENDRIVE_PORTS
    assert ports.identity.proves(b"face", "engine", NOBODY) is Verdict.unknown
    assert ports.credit.at_least(NOBODY, 700).verdict is Verdict.unknown
    assert ports.membership.is_super_member(NOBODY).verdict is Verdict.unknown
    assert ports.payments.charge("key", 1000, "CNY") is not Payment.paid
    with pytest.raises(OSError, match="supplier"):
        ports.notices.send("key", "+8619900000001", "code")


def test_production_has_none_of_the_demos_addresses() -> None:
    assert production.ROOT_URLCONF == "vendrive.retail.urls"
    assert demo_settings.ROOT_URLCONF == "vendrive.demo.urls"
    assert "vendrive.demo" not in production.INSTALLED_APPS
    assert "context_processors" not in production.TEMPLATES[0]["OPTIONS"]


def test_the_demos_routes_are_only_where_the_demo_gives_them() -> None:
    given = Starlette(routes=list(kiosk.street_routes("http://127.0.0.1:9", "lang")))
    paths = {str(getattr(route, "path", "")) for route in given.routes}
    station = Path(production.__file__).parents[1] / "station"
    text = "".join(path.read_text() for path in station.rglob("*") if path.suffix in (".py", ".html", ".js"))
    assert paths
    assert not [path for path in paths if path.split("{")[0] in text]
    assert 'type="file"' not in text
