import re

import pytest

from vendrive.design.colour import contrast
from vendrive.design.templating import STATIC

CSS = STATIC / "vendrive" / "css"
TEXT = 4.5
NOT_TEXT = 3.0
"""WCAG 2.2, 1.4.3 and 1.4.11."""

GROUNDS = ("paper", "surface", "sunken")
TEXT_PAIRS = [
    *[(ink, ground) for ink in ("ink", "ink-soft", "accent", "danger", "ok", "warn", "info") for ground in GROUNDS],
    *[(kind, f"{kind}-wash") for kind in ("ok", "warn", "danger", "info", "accent")],
    *[("ink", f"{kind}-wash") for kind in ("ok", "warn", "danger", "info", "accent")],
    ("ink-soft", "accent-wash"),
    ("on-primary", "primary"),
    ("on-primary", "primary-hover"),
    ("on-danger", "danger-fill"),
    ("on-danger", "danger-hover"),
    ("on-accent", "accent"),
]
EDGE_PAIRS = [(edge, ground) for edge in ("line-strong", "focus") for ground in GROUNDS]


def block(selector: str) -> dict[str, str]:
    css = (CSS / "tokens.css").read_text(encoding="utf-8")
    body = css.split(selector + " {", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"--([a-z-]+): ([^;]+);", body))


THEMES = {"light": block('[data-theme="light"]'), "dark": block('\n[data-theme="dark"]')}


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read(theme: str, ink: str, ground: str) -> None:
    assert contrast(THEMES[theme][ink], THEMES[theme][ground]) >= TEXT


@pytest.mark.parametrize("theme", list(THEMES))
@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_of_fields_and_the_focus_can_be_seen(theme: str, edge: str, ground: str) -> None:
    assert contrast(THEMES[theme][edge], THEMES[theme][ground]) >= NOT_TEXT


def test_the_emergency_stop_can_be_read() -> None:
    tokens = block("\n:root")
    assert contrast(tokens["on-stop"], tokens["stop"]) >= TEXT
    assert contrast(tokens["on-stop"], tokens["stop-hover"]) >= TEXT


def test_dark_by_choice_and_dark_by_system_are_the_same() -> None:
    assert block("  :root:not([data-theme])") == THEMES["dark"]
    assert set(THEMES["light"]) == set(THEMES["dark"])


def test_every_token_that_a_sheet_uses_exists() -> None:
    tokens = set(re.findall(r"--([a-z0-9-]+):", (CSS / "tokens.css").read_text(encoding="utf-8")))
    for sheet in CSS.glob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        # A sheet may have properties of its own, such as the columns of a tower.
        known = tokens | set(re.findall(r"--([a-z0-9-]+):", text))
        assert set(re.findall(r"var\(--([a-z0-9-]+)", text)) - known == set(), sheet.name


def test_no_rule_lies_in_another() -> None:
    """A lost brace hides every rule behind it, and no browser complains."""
    for sheet in CSS.glob("*.css"):
        open_rules: list[str] = []
        bare = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        for head, brace in re.findall(r"([^{};]*)([{};])", bare):
            if brace == "{":
                assert not open_rules or open_rules[-1].startswith("@"), f"{sheet.name}: {head.strip()} in {open_rules}"
                open_rules.append(head.strip())
            elif brace == "}":
                open_rules.pop()
        assert open_rules == [], sheet.name


def test_contrast_follows_the_definition() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
