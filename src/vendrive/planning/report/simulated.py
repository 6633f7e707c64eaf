"""The page of one simulated tower."""

from collections.abc import Sequence

from vendrive.planning.demand import DAY_S
from vendrive.planning.life import Setting
from vendrive.planning.record import Record
from vendrive.planning.report.assumptions import assumptions
from vendrive.planning.report.drawing import Series, bars, histogram, line, tower
from vendrive.planning.report.page import Card, Group, Page, Plot, Row, Table, drawn
from vendrive.planning.report.words import Words, joined, layout_said, percent, told
from vendrive.planning.results import KINDS, Summary, summarise
from vendrive.tower.charging import NEEDED

PROMISE_S = 120.0
BOOKED_EDGES = (0, 15, 30, 60, 120)
WALK_UP_EDGES = (60, 75, 90, 120, 180)
ERROR_EDGES = (-5, -2, 0, 2, 5)
CHARGE_EDGES = (50, 59.99, 70, 80, 90)
CHARGE_LABELS = ("< 50", "50–60", "60–70", "70–80", "80–90", "> 90")
MOST_POINTS = 600
HOURS = range(6, 24)
GOOD = {True: "good", False: "bad"}


def simulated(lang: str, setting: Setting, record: Record, command: str) -> Page:
    """Return the page of one simulated tower."""
    words, layout, figures = Words(lang), setting.layout, summarise([record])
    say_here = words.of("simulate")
    share = figures["pickup_wait_in_120_s"] if record.pickup_waits_s else -1.0
    key = "title_none" if share < 0 else "title_all" if share == 1 else "title"
    title = say_here(key, share=percent(share)) if key == "title" else say_here(key)
    parts = layout_said(lang, layout)
    lead = say_here("lead", tower=layout.name, parts=parts, days=setting.days, hand_outs=told(setting.day.hand_outs))
    return Page(
        lang,
        say_here("eyebrow"),
        title,
        lead,
        command,
        badges=(words.policy(setting.policy.name), f"seed {setting.seed}"),
        cards=_cards(words.of("figure"), record, figures) if share >= 0 else (),
        summary=_summary(say_here, setting, record, figures),
        plots=plots_of(words, setting, [record]),
        tables=(waits_table(words, figures), assumptions(lang, setting)),
    )


def _cards(words: Words, record: Record, figures: Summary) -> tuple[Card, ...]:
    within, charge = figures["pickup_wait_in_120_s"], figures["least_charge"]
    cards = [
        Card(percent(within), "%", words("within"), GOOD[within >= 0.99]),
        Card(told(figures["pickup_wait_p99_s"]), "s", words("p99"), GOOD[figures["pickup_wait_p99_s"] <= PROMISE_S]),
    ]
    if record.walkup_waits_s:
        cards.append(Card(told(figures["walkup_wait_mean_s"]), "s", words("walkup")))
    if record.return_waits_s:
        cards.append(Card(told(figures["return_wait_p95_s"]), "s", words("return")))
    cards.append(Card(told(100 * figures["lift_use"]), "%", words("lift")))
    cards.append(Card(f"{100 * charge:.0f}", "%", words("charge"), GOOD[charge >= NEEDED]))
    return tuple(cards)


def _summary(words: Words, setting: Setting, record: Record, figures: Summary) -> list[str]:
    said: list[str] = []
    if setting.failed:
        said.append(words("without", parts=joined(words.lang, sorted(setting.failed))))
    if record.pickup_waits_s:
        waits = {name: told(figures[f"pickup_wait_{name}_s"]) for name in ("p95", "p99")}
        ready = percent(sum(wait == 0 for wait in record.pickup_waits_s) / len(record.pickup_waits_s))
        said.append(words("waits", count=len(record.pickup_waits_s), ready=ready, **waits))
    if record.walkup_waits_s:
        said.append(words("walkups", count=len(record.walkup_waits_s), mean=told(figures["walkup_wait_mean_s"])))
    lifts, bays = use(setting, [record])
    peaks = {"lift_peak": told(max(lifts)), "bay_peak": told(max(bays))}
    said.append(words("busy", lift=told(100 * figures["lift_use"]), **peaks))
    needed, below = f"{100 * NEEDED:.0f}", int(figures["handed_out_below_needed"])
    if below:
        said.append(words("charge_low", count=below, needed=needed, chargers=setting.chargers))
    elif record.charges:
        least = f"{int(100 * figures['least_charge'])}"
        said.append(words("charge", least=least, needed=needed, chargers=setting.chargers))
    said += [words(name, count=int(figures[name])) for name in ("unserved", "forgotten") if figures[name]]
    return said


def use(setting: Setting, records: Sequence[Record]) -> tuple[list[float], list[float]]:
    """Return for each hour of the day the percents of lifts at work and bays in use, over all records."""
    layout, count = setting.layout, len(records)
    lifts = [record.use_by_hour(len(layout.lifts)) for record in records]
    bays = [record.bay_use_by_hour(len(layout.bays)) for record in records]
    return tuple(  # type: ignore[return-value]
        [100 * sum(one[hour] for one in use) / count for hour in range(24)] for use in (lifts, bays)
    )


def plots_of(words: Words, setting: Setting, records: Sequence[Record]) -> tuple[Plot, ...]:
    """Return the plots of one or more simulations of one tower; occupancy over days is that of the first."""
    named = words.of("plot")
    waits = (
        ("booked", "of_customers", [w for r in records for w in r.pickup_waits_s], BOOKED_EDGES),
        ("walkup", "of_customers", [w for r in records for w in r.walkup_waits_s], WALK_UP_EDGES),
        ("return", "of_returns", [w for r in records for w in r.return_waits_s], BOOKED_EDGES),
    )
    plots = [_histogram(named(name), words(unit), values, edges) for name, unit, values, edges in waits if values]
    plots += [_customers_plot(words, records), _use_plot(words, setting, records)]
    plots += [_cars_plot(words, setting, records[0]), _tower_plot(named, setting, records)]
    charges = [100 * charge for record in records for charge in record.charges]
    if charges:
        _, shares = histogram(charges, CHARGE_EDGES)
        svg = bars(named("charge"), CHARGE_LABELS, [Series("", shares)], told=True)
        plots.append(Plot(named("charge"), words("of_hand_outs"), drawn(svg)))
    errors = [error for record in records for error in record.errors_s]
    if errors:
        plots.append(_histogram(named("error"), words("of_moves"), errors, ERROR_EDGES))
    return tuple(plots)


def _histogram(title: str, unit: str, values: Sequence[float], edges: Sequence[float]) -> Plot:
    labels, shares = histogram(values, edges)
    return Plot(title, unit, drawn(bars(title, labels, [Series("", shares)], told=True)))


def _customers_plot(words: Words, records: Sequence[Record]) -> Plot:
    named, days = words.of("plot"), sum(record.hours for record in records) / 24
    series = [
        Series(named(name), [sum(r.hours_of[kind][hour] for r in records) / days for hour in HOURS], style)
        for name, kind, style in (("hand_outs", "out", "bar"), ("returns", "back", "other"))
    ]
    legend = ((named("hand_outs"), "bar"), (named("returns"), "other"))
    svg = bars(named("customers"), [str(hour) for hour in HOURS], series, unit="")
    return Plot(named("customers"), words("per_hour"), drawn(svg), legend)


def _use_plot(words: Words, setting: Setting, records: Sequence[Record]) -> Plot:
    named, (lifts, bays) = words.of("plot"), use(setting, records)
    series = [
        Series(named("lifts"), [lifts[hour] for hour in HOURS]),
        Series(named("bays"), [bays[hour] for hour in HOURS], "other"),
    ]
    legend = ((named("lifts"), "bar"), (named("bays"), "other"))
    svg = bars(named("use"), [str(hour) for hour in HOURS], series)
    return Plot(named("use"), words("of_hour"), drawn(svg), legend)


def _cars_plot(words: Words, setting: Setting, record: Record) -> Plot:
    slots, named = len(setting.layout.slots), words.of("plot")
    every = max(1, len(record.occupancy) // MOST_POINTS)
    points = [(at_s / DAY_S, float(cars)) for at_s, cars in record.occupancy if at_s > 0][::every]
    limit = words("slots_limit", slots=slots)
    day = words("day", number="{number}")
    return Plot(named("cars"), words("cars"), drawn(line(named("cars"), points, float(slots), limit, day)))


def _tower_plot(named: Words, setting: Setting, records: Sequence[Record]) -> Plot:
    hours = sum(record.hours for record in records)
    shares = {
        slot.name: sum(record.slot_s.get(slot.name, 0.0) for record in records) / hours / 3600
        for slot in setting.layout.slots
    }
    svg = tower(named("tower"), setting.layout, shares, setting.failed)
    return Plot(named("tower"), named("tower_unit"), drawn(svg))


def waits_table(words: Words, figures: Summary) -> Table:
    table = words.of("table")
    rows: list[Row] = []
    for kind in KINDS:
        if figures[f"{kind}_wait_count"]:
            waits = [f"{told(figures[f'{kind}_wait_{part}_s'])} s" for part in ("mean", "p50", "p95", "p99")]
            within = f"{percent(figures[f'{kind}_wait_in_120_s'])} %"
            rows.append((table(kind), f"{figures[f'{kind}_wait_count']:.0f}", *waits, within))
    head = tuple(table(name) for name in ("who", "count", "mean", "p50", "p95", "p99", "within"))
    return Table(words("waits"), head, (Group(rows),), numbers_from=1)
