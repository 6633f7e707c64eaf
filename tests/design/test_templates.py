import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, UndefinedError

from vendrive.design.formats import money
from vendrive.design.gallery import gallery
from vendrive.design.messages import LANGUAGES
from vendrive.design.templating import STATIC, TEMPLATES, environment

MOMENT = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
FORBIDDEN = re.compile(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


@pytest.fixture
def env() -> Environment:
    return environment(static_url=lambda path: f"/static/{path}")


class Page(HTMLParser):
    """Collects what a browser would trip over."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.identifiers: list[str] = []
        self.references: list[str] = []
        self.statics: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.identifiers += [given["id"] or ""] if "id" in given and tag not in SVG_DEFS else []
        self.references += (given.get("aria-describedby") or "").split()
        self.references += [given["for"] or ""] if tag == "label" and "for" in given else []
        self.statics += [
            given.get(name) or "" for name in ("src", "href") if (given.get(name) or "").startswith("file:")
        ]


SVG_DEFS = {"lineargradient", "radialgradient", "clippath"}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_part_renders_with_nothing_undefined(lang: str) -> None:
    page = Page(gallery(lang))
    assert len(page.identifiers) == len(set(page.identifiers))
    assert set(page.references) <= set(page.identifiers)
    assert [url for url in page.statics if not Path(url.removeprefix("file://")).is_file()] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_rendered_page_has_no_inline_script_or_style(lang: str) -> None:
    assert FORBIDDEN.search(gallery(lang)) is None


@pytest.mark.parametrize("template", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.name))
def test_no_template_has_an_inline_script_or_style(template: Path) -> None:
    assert FORBIDDEN.search(template.read_text(encoding="utf-8")) is None


def test_the_check_for_inline_code_finds_it() -> None:
    for bad in ('<p style="x">', "<script>1</script>", '<a onclick="x">', "<style>"):
        assert FORBIDDEN.search(bad) is not None


def test_the_page_carries_its_language_and_a_link_to_the_other(env: Environment) -> None:
    base = env.get_template("design/base.html")
    assert '<html lang="en">' in base.render(lang="en")
    assert '<html lang="zh-Hans">' in base.render(lang="zh")
    assert 'href="?lang=en"' in base.render(lang="zh")


def test_each_room_gets_its_sheet(env: Environment) -> None:
    html = env.get_template("design/base.html").render(lang="en", room="kiosk")
    assert '<body class="kiosk">' in html
    assert "/static/vendrive/css/kiosk.css" in html
    assert (STATIC / "vendrive/css/kiosk.css").is_file()


def test_an_undefined_name_is_an_error(env: Environment) -> None:
    with pytest.raises(UndefinedError):
        env.from_string("{{ nobody }}").render(lang="en")


def test_a_macro_imported_without_context_says_what_is_missing(env: Environment) -> None:
    page = env.from_string('{% import "design/macros.html" as ui %}{{ ui.error("pin_wrong") }}')
    with pytest.raises(LookupError, match="with context"):
        page.render(lang="en")


def test_text_from_outside_is_escaped(env: Environment) -> None:
    page = env.from_string('{% import "design/macros.html" as ui with context %}{{ ui.field("n", name, name) }}')
    html = page.render(lang="en", name='"><script>alert(1)</script>')
    assert "<script>" not in html


def test_an_invalid_field_is_tied_to_its_sentence(env: Environment) -> None:
    page = env.from_string(
        '{% import "design/macros.html" as ui with context %}{{ ui.field("pin", "P", error="pin_wrong") }}'
    )
    html = page.render(lang="en")
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="pin-error"' in html
    assert "This PIN is not right." in html


@pytest.mark.parametrize(
    ("source", "english", "chinese"),
    [
        ("{{ moment | day('Asia/Shanghai') }}", "Mon 2 March", "3月2日 周一"),
        ("{{ clock_time(moment, 'Asia/Shanghai') }}", "14:30", "14:30"),
        ("{{ duration(187200) }}", "2 d 4 h", "2天4小时"),
        ("{{ 200 | duration }}", "3 min 20 s", "3分钟20秒"),
        ("{{ duration(-5) }}", "0 s", "0秒"),
        ("{{ t('slot.level', level='<2>') }}", "Level &lt;2&gt;", "第 &lt;2&gt; 层"),
    ],
)
def test_time_and_text_follow_the_language(env: Environment, source: str, english: str, chinese: str) -> None:
    render: Callable[[str], str] = lambda lang: env.from_string(source).render(lang=lang, moment=MOMENT)  # noqa: E731
    assert (render("en"), render("zh")) == (english, chinese)


def test_a_day_near_midnight_is_the_towers_day(env: Environment) -> None:
    late = MOMENT + timedelta(hours=11)
    assert env.from_string("{{ m | day('Asia/Shanghai') }}").render(lang="en", m=late) == "Tue 3 March"


def test_a_moment_without_a_zone_is_refused(env: Environment) -> None:
    with pytest.raises(ValueError, match="time zone"):
        env.from_string("{{ m | clock_time('Asia/Shanghai') }}").render(lang="en", m=MOMENT.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (12_900_000, "CNY", "¥129,000"),
        (12_950, "CNY", "¥129.50"),
        (5, "EUR", "€0.05"),
        (-5_00, "CNY", "−¥5"),
        (1200, "JPY", "JP¥1,200"),
        (100, "SEK", "SEK 1"),
    ],
)
def test_money_is_written_with_decimals_only_where_there_are_any(minor: int, currency: str, written: str) -> None:
    assert money(minor, currency) == written


def test_a_page_chooses_its_room_itself(env: Environment) -> None:
    html = env.from_string('{% extends "design/base.html" %}{% set room = "console" %}').render(lang="en")
    assert '<body class="console">' in html
