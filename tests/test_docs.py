"""Documents cannot rot where a test compares them with the code."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = {re.split(r"[\[<>=]", line)[0].lower() for line in project["project"]["dependencies"]}
    documented = set(re.findall(r"^\| ([a-z0-9_-]+) \|", (ROOT / "docs/dependencies.md").read_text(), re.M)) - {
        "package"
    }
    assert declared == documented


def test_every_make_target_explains_itself() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.M))
    explained = set(re.findall(r"^([a-z]+):.*## ", makefile, re.M))
    assert targets == explained


def test_links_between_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_and_kiosk_say_that_there_is_no_liveness() -> None:
    assert "no liveness detection yet" in (ROOT / "README.md").read_text()
    page = (ROOT / "src/vendrive/station/kiosk/templates/kiosk.html").read_text()
    words = tomllib.loads((ROOT / "src/vendrive/design/messages/en.toml").read_text())["kiosk"]
    said = [key for key, text in words.items() if isinstance(text, str) and "no liveness detection yet" in text]
    assert said
    assert all(f'"kiosk.{key}"' in page for key in said)
