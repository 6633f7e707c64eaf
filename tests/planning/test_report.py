"""The pages of `vendrive tower`: whole, in two languages, readable on a phone and on A4, with what was assumed."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import sync_playwright

from tests.support.browser import CHROMIUM, Watch, chromium
from vendrive.planning.compare import compare
from vendrive.planning.demand import Day
from vendrive.planning.life import Life, Setting
from vendrive.planning.report.compared import compared
from vendrive.planning.report.drawing import Interval, Series, bars, histogram, intervals, line, tower
from vendrive.planning.report.page import Page, render
from vendrive.planning.report.simulated import simulated
from vendrive.planning.report.sized import sized
from vendrive.planning.size import Goal, last_setting, size
from vendrive.tower.foresight import Foresight
from vendrive.tower.layout import load_layout

WEEK = Setting(load_layout("guangzhou42"), Foresight(), 1, 7, Day())


def one_week(lang: str) -> Page:
    return simulated(lang, WEEK, Life(WEEK).run(), "vendrive tower simulate --days 7")


def two_policies(lang: str) -> Page:
    rows = compare(replace(WEEK, days=3), (1, 2, 3), lambda share, what: None)
    return compared(lang, replace(WEEK, days=3), 3, rows, "vendrive tower compare")


def one_size(lang: str) -> Page:
    found = size(Goal(4, 0.9, 300), Foresight, 3, lambda share, what: None)
    return sized(lang, found, last_setting(found, Foresight()), "vendrive tower size")


# What is written alike in every language.
NAMES = {"Vendrive", "vendrive", "simulate", "faults", "guangzhou", "seed", "Dokk", "docs", "planning"}
PAGES = (one_week, two_policies, one_size)


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_a_page_says_the_same_in_both_languages_and_needs_nothing_else(make: Callable[[str], Page]) -> None:
    english, chinese = render(make("en")), render(make("zh"))
    assert english.count("<svg") == chinese.count("<svg") > 0
    numbers = [sorted(re.findall(r"<td class=\"number\">[−+\d./ …–%s]+</td>", page)) for page in (english, chinese)]
    assert numbers[0] == numbers[1] != []
    assert "http" not in english.replace("http://www.w3.org", "")
    assert "<script" not in english
    assert "Simulated" in english
    assert "模拟" in chinese
    words = set(re.findall(r"[A-Za-z]{4,}", re.sub(r"<(code|style)>.*?</\1>|<[^>]+>", "", chinese, flags=re.S)))
    assert words <= NAMES


def test_a_page_about_a_tower_that_serves_nobody_says_so() -> None:
    dead = replace(WEEK, failed=frozenset({"L1"}))
    page = simulated("en", dead, Life(dead).run(), "command")
    assert page.title == "No customer with a booking was served"
    assert any("L1" in text for text in page.summary)
    assert any("waited after an hour" in text for text in page.summary)
    assert "nan" not in render(page)


def test_the_assumptions_follow_what_was_asked() -> None:
    busy = replace(WEEK, day=Day(hand_outs=22.5, walk_ups=0.5), chargers=7)
    told = {
        row[0]: row[1]
        for table in simulated("en", busy, Life(WEEK).run(), "").tables
        for group in table.groups
        for row in group.rows
    }
    assert told["Hand-outs a day"].startswith("22.5")
    assert told["Without a booking"] == "50 %"
    assert told["Chargers"].startswith("7 ")
    assert told["Transfer between lift and slot or bay"] == "18 s"


def test_a_histogram_counts_everybody_once() -> None:
    labels, shares = histogram([0.0, 0.0, 10.0, 500.0], (0, 15, 120))
    assert labels == ["0", "0–15", "15–120", "> 120"]
    assert shares == [50.0, 25.0, 0.0, 25.0]


def test_what_is_drawn_stays_inside_its_frame() -> None:
    layout = load_layout("autostadt400")
    drawings = (
        bars("t", ["a", "b"], [Series("x", [1.0, 99.0]), Series("y", [0.0, 3.0])], told=True),
        line("t", [(0.0, 1.0), (2.5, 40.0)], 42.0, "42", "day {number}"),
        intervals("t", [Interval("a", 1.0, -2.0, 3.0), Interval("b", 9.0, 8.0, 10.0, "good")], "s", 0.0),
        tower("t", layout, {slot.name: 0.5 for slot in layout.slots}, frozenset({"B1"})),
    )
    for svg in drawings:
        root = ElementTree.fromstring(svg)
        _, _, width, height = map(float, root.attrib["viewBox"].split())
        for box in root.iter("rect"):
            x, y, wide, high = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
            assert 0 <= x <= x + wide <= width
            assert 0 <= y <= y + high <= height + 0.1


def test_names_in_a_drawing_cannot_be_markup() -> None:
    assert "<b>" not in intervals("<b>", [Interval("<b>", 1.0, 0.0, 2.0, note="<b>")], "<b>", 0.0)


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_a_page_holds_on_phone_tablet_desktop_and_paper(make: Callable[[str], Page], tmp_path: Path) -> None:
    pages = {lang: tmp_path / f"{lang}.html" for lang in ("en", "zh")}
    for lang, path in pages.items():
        path.write_text(render(make(lang)), encoding="utf-8")
    with sync_playwright() as playwright, chromium(playwright) as browser:
        for lang, path in pages.items():
            for width, scheme in ((360, "light"), (820, "dark"), (1280, "light")):
                context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
                watch, page = Watch(context), context.new_page()
                page.goto(path.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (lang, width)
                spilled = "[...document.querySelectorAll('.figure-value')].filter(e => e.scrollWidth > e.clientWidth)"
                assert page.evaluate(f"{spilled}.length") == 0, (lang, width)
                assert watch.complaints == []
                context.close()
        paper = browser.new_page()
        paper.goto(pages["en"].as_uri())
        printed = paper.pdf(prefer_css_page_size=True)
        assert 2 <= len(re.findall(rb"/Type /Page\b", printed)) <= 5
