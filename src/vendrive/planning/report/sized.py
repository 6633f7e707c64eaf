"""The page of a search for the smallest tower that keeps a promise."""

from vendrive.planning.life import Setting
from vendrive.planning.report.assumptions import assumptions
from vendrive.planning.report.drawing import Interval, intervals
from vendrive.planning.report.page import Card, Group, Page, Plot, Table, drawn
from vendrive.planning.report.simulated import plots_of, waits_table
from vendrive.planning.report.words import Words, parts_said, percent, told
from vendrive.planning.results import summarise
from vendrive.planning.size import RETURN_FACTOR, Size, Sizing

MOST_TRIED = 9


def sized(lang: str, sizing: Sizing, setting: Setting, command: str) -> Page:
    """Return the page of a search; `setting` is the simulation of the last tower that was tried."""
    words, goal, last = Words(lang), sizing.goal, sizing.tried[-1]
    here = words.of("size")
    asked = {"share": told(100 * goal.share), "within": told(goal.within_s)}
    found = parts_said(lang, *last.parts)
    hand_outs = told(goal.hand_outs)
    title = here("title", parts=found, hand_outs=hand_outs) if sizing.enough else here("title_none")
    summary, points = _answer(here, sizing)
    return Page(
        lang,
        here("eyebrow"),
        title,
        here("lead", **asked),
        command,
        badges=(words.policy(setting.policy.name), parts_said(lang, *last.parts)),
        cards=_size_cards(words.of("figure"), sizing),
        summary=summary,
        points=points,
        plots=(_tried_plot(words.of("plot"), sizing), *plots_of(words, setting, sizing.records)),
        tables=(_tried_table(words, sizing), waits_table(words, summarise(sizing.records)), assumptions(lang, setting)),
    )


def _size_cards(words: Words, sizing: Sizing) -> tuple[Card, ...]:
    goal, last = sizing.goal, sizing.tried[-1]
    verdict = "good" if sizing.enough else "bad"
    waits = [wait for record in sizing.records for wait in record.walkup_waits_s]
    return (
        Card(told(goal.hand_outs), "", words("hand_outs")),
        Card(percent(last.share), "%", words("found", within=told(goal.within_s)), verdict),
        Card(percent(last.low), "%", words("low"), verdict if last.low >= goal.share else ""),
        Card(told(sum(waits) / max(len(waits), 1)), "s", words("walkup")),
        Card(told(last.return_p95_s), "s", words("return")),
        Card(told(100 * last.lift_use), "%", words("lift")),
    )


def _answer(words: Words, sizing: Sizing) -> tuple[list[str], list[str]]:
    """Return what is said in short, and the smaller towers that do not suffice."""
    goal, last = sizing.goal, sizing.tried[-1]
    within, kept = told(goal.within_s), percent(last.share)
    said = {"parts": parts_said(words.lang, *last.parts), "kept": kept}
    rule = words("rule", return_limit=told(RETURN_FACTOR * goal.within_s))
    if not sizing.enough:
        return [words("none", **said), rule], []
    return_s, low = told(last.return_p95_s), percent(last.low)
    summary = [words("answer", **said, within=within, served=last.served, low=low, return_s=return_s)]
    if last.low < goal.share:
        summary.append(words("close", share=told(100 * goal.share), low=low))
    for part, left in sizing.without.items():
        now = {"kept": percent(left.share), "return_s": told(left.return_p95_s)}
        summary.append(words("without", part=part, within=within, **now))
    smaller = _next_smaller(sizing)
    summary += [rule, *([words("smaller")] if smaller else [])]
    return summary, [_said_of(words, one) for one in smaller]


def _said_of(words: Words, size: Size) -> str:
    return words(
        "smaller_row",
        parts=parts_said(words.lang, *size.parts),
        kept=percent(size.share),
        return_s=told(size.return_p95_s),
        refused=size.refused,
        served=size.served,
    )


def _next_smaller(sizing: Sizing) -> list[Size]:
    """Return the towers that have a little less of one kind than the one that was found."""
    last, others = sizing.tried[-1], sizing.tried[:-1]
    fewer_slots = [one for one in others if one.parts[:2] == last.parts[:2]][-1:]
    fewer_bays = [one for one in others if (one.lifts, one.bays + 1) == last.parts[:2]][-1:]
    fewer_lifts = [one for one in others if one.lifts + 1 == last.lifts][-1:]
    return [*fewer_slots, *fewer_bays, *fewer_lifts]


def _tried_plot(words: Words, sizing: Sizing) -> Plot:
    rows = [
        Interval(
            parts_said(words.lang, *one.parts),
            100 * one.share,
            100 * one.low,
            100 * one.high,
            "good" if one.enough else "bad",
            f"{percent(one.share)} %",
        )
        for one in sizing.tried[-MOST_TRIED:]
    ]
    svg = intervals(words("tried"), rows, "%", 100 * sizing.goal.share)
    return Plot(words("tried"), words("tried_unit", within=told(sizing.goal.within_s)), drawn(svg))


def _tried_table(words: Words, sizing: Sizing) -> Table:
    table = words.of("table")
    rows = [
        (
            parts_said(words.lang, *one.parts),
            f"{percent(one.share)} %",
            f"{percent(one.low)}–{percent(one.high)} %",
            f"{told(one.return_p95_s)} s",
            f"{one.refused} / {one.served + one.refused}",
            f"{told(100 * one.lift_use)} %",
            words("yes") if one.enough else words("no"),
        )
        for one in sizing.tried
    ]
    head = tuple(table(name) for name in ("tower", "share", "interval", "returns", "refused", "lift", "enough"))
    marked = rows[-1] if sizing.enough else ()
    return Table(words.of("size")("tried"), head, (Group(rows),), numbers_from=1, marked=marked)
