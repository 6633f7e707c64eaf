"""The page of policies side by side."""

from collections.abc import Sequence

from vendrive.planning.compare import Difference
from vendrive.planning.life import Setting
from vendrive.planning.report.assumptions import assumptions
from vendrive.planning.report.drawing import Interval, intervals
from vendrive.planning.report.page import Card, Group, Page, Plot, Table, drawn
from vendrive.planning.report.words import Words, joined, layout_said, signed, told

# How a difference is coloured, and what it is called in the catalogue.
CALLED = {"good": "better", "bad": "worse", "open": "open"}


def compared(lang: str, setting: Setting, seeds: int, rows: Sequence[Difference], command: str) -> Page:
    """Return the page of a comparison with the baseline; its title and summary are about the first policy."""
    words = Words(lang)
    here, first = words.of("compare"), [row for row in rows if row.policy == rows[0].policy]
    verdicts = {_verdict(row) for row in first}
    key = "title_worse" if "bad" in verdicts else "title_better" if "good" in verdicts else "title_same"
    parts, hand_outs = layout_said(lang, setting.layout), told(setting.day.hand_outs)
    lead = here("lead", tower=setting.layout.name, parts=parts, seeds=seeds, days=setting.days, hand_outs=hand_outs)
    groups = {row.policy: [one for one in rows if one.policy == row.policy] for row in rows}
    return Page(
        lang,
        here("eyebrow"),
        here(key, policy=words.policy(rows[0].policy)),
        lead,
        command,
        cards=_cards(words.of("figure"), first, seeds),
        summary=_summary(here, first),
        plots=[_plot(words, name, group) for name, group in groups.items()],
        tables=(_table(words, groups), assumptions(lang, setting)),
    )


def _verdict(row: Difference) -> str:
    return "bad" if row.is_worse else "good" if row.high < 0 else "open"


def _summary(words: Words, rows: Sequence[Difference]) -> list[str]:
    mean = next(row for row in rows if row.figure == "wait_mean_s")
    numbers = {"difference": mean.mean, "low": mean.low, "high": mean.high}
    said = [
        words(
            "mean",
            value=f"{mean.value:.1f}",
            baseline=f"{mean.baseline:.1f}",
            **{name: signed(value) for name, value in numbers.items()},
        )
    ]
    for verdict, called in CALLED.items():
        figures = [words(row.figure) for row in rows if _verdict(row) == verdict]
        if figures:
            said.append(words(called, figures=joined(words.lang, figures)))
    return said


def _cards(words: Words, rows: Sequence[Difference], seeds: int) -> tuple[Card, ...]:
    mean = next(row for row in rows if row.figure == "wait_mean_s")
    return (
        Card(signed(mean.mean), "s", words("difference"), _verdict(mean)),
        Card(f"{signed(mean.low)} … {signed(mean.high)}", "s", words("interval")),
        Card(str(seeds), "", words("pairs")),
    )


def _plot(words: Words, policy: str, rows: Sequence[Difference]) -> Plot:
    named, here = words.of("plot"), words.of("compare")
    shown = [
        Interval(here(row.figure), row.mean, row.low, row.high, _verdict(row), f"{signed(row.mean)} s") for row in rows
    ]
    title = f"{named('difference')}: {words.policy(policy)}"
    return Plot(title, named("difference_unit"), drawn(intervals(title, shown, "s", 0.0)))


def _table(words: Words, groups: dict[str, list[Difference]]) -> Table:
    table, here = words.of("table"), words.of("compare")
    head = tuple(table(name) for name in ("figure", "baseline", "ours", "difference", "interval", "verdict"))
    body = [
        Group(
            [
                (
                    here(row.figure),
                    f"{row.baseline:.1f} s",
                    f"{row.value:.1f} s",
                    f"{signed(row.mean)} s",
                    f"{signed(row.low)} … {signed(row.high)}",
                    here(f"{CALLED[_verdict(row)]}_verdict"),
                )
                for row in rows
            ],
            words.policy(policy),
        )
        for policy, rows in groups.items()
    ]
    return Table(words("waits"), head, body, numbers_from=1)
