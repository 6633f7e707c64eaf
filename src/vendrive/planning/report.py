"""One page about a simulated tower, to be read by people who decide: what customers wait, and what the machine does."""

from html import escape

from vendrive.planning.demand import DAY_S
from vendrive.planning.drawing import bars, histogram, line
from vendrive.planning.life import Setting
from vendrive.planning.record import Record
from vendrive.planning.results import quantile, summarise

BOOKED_EDGES = (0, 1, 15, 30, 60, 120)
WALK_UP_EDGES = (0, 45, 60, 75, 90, 120, 180)
# The colours are those of the house (design/static), by day and by night.
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#16191f, #f1ede4); --soft: light-dark(#55564f, #aaada9);
  --paper: light-dark(#f6f3ec, #101318); --line: light-dark(#d9d2c3, #2d333d); --accent: light-dark(#7a5518, #d9b26a);
  --surface: light-dark(#fffdf9, #181c23) }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 0 auto; padding: 2rem 1.25rem }
h1 { font-size: 1.6rem; margin: 0 } p { max-width: 46rem }
.soft, figcaption span { color: var(--soft); font-weight: 400 }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0 }
.card, figure { background: var(--surface); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem }
.card b { font-size: 1.7rem; display: block }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr)); gap: 1rem }
figure { margin: 0 } figcaption { font-weight: 600 } svg { width: 100%; height: auto }
svg text { font-size: 11px; fill: var(--soft) }
.grid { stroke: var(--line) } .bar { fill: var(--accent) }
.line { fill: none; stroke: var(--accent); stroke-width: 1.5 }
table { border-collapse: collapse; margin-top: 1.5rem }
td { border-top: 1px solid var(--line); padding: .25rem 1.5rem .25rem 0 }
td:last-child { text-align: right; font-variant-numeric: tabular-nums }
"""


def report(setting: Setting, record: Record) -> str:
    """Return the page as HTML that needs nothing else."""
    layout = setting.layout
    figures = summarise([record])
    title = f"{layout.name}: {setting.days} days, {setting.day.hand_outs:g} hand-outs a day"
    slots, lifts, bays = len(layout.slots), len(layout.lifts), len(layout.bays)
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{value:.4g}</td></tr>" for name, value in figures.figures.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>'
        f"<h1>{escape(title)}</h1>"
        f'<p class="soft">{slots} slots, {lifts} lift{"s" * (lifts > 1)}, {bays} bay{"s" * (bays > 1)}; policy '
        f"{escape(setting.policy.name)}, seed {setting.seed}. Simulated: no customer, no machine was measured.</p>"
        f'<div class="cards">{_cards(record)}</div><div class="plots">{_plots(setting, record)}</div>'
        f"<table>{rows}</table></body></html>"
    )


def _cards(record: Record) -> str:
    booked, walk_ups = record.pickup_waits_s, record.walkup_waits_s
    within = 100 * sum(wait <= 120 for wait in booked) / max(len(booked), 1)
    told = (
        (f"{within:.1f} %", "of booked customers had their car within two minutes"),
        (f"{quantile(booked, 0.95):.0f} s", "or less was the wait of 95 in 100 of them"),
        (f"{quantile(walk_ups, 0.5):.0f} s", "was the usual wait of a customer without a booking"),
        (f"{quantile(record.return_waits_s, 0.95):.0f} s", "or less was the wait of 95 in 100 returns for a bay"),
        (f"{100 * record.lift_share:.1f} %", "of the time a lift was at work"),
    )
    return "".join(f'<div class="card"><b>{escape(value)}</b>{escape(what)}</div>' for value, what in told)


def _plots(setting: Setting, record: Record) -> str:
    daily = record.occupancy[:: max(1, len(record.occupancy) // 800)]
    occupancy = [(at / DAY_S, float(cars)) for at, cars in daily]
    use = [(f"{hour}", 100 * share) for hour, share in enumerate(record.use_by_hour(len(setting.layout.lifts)))]
    return "".join(
        (
            bars("Wait with a booking", "% of customers, by seconds", histogram(record.pickup_waits_s, BOOKED_EDGES)),
            bars(
                "Wait without a booking", "% of customers, by seconds", histogram(record.walkup_waits_s, WALK_UP_EDGES)
            ),
            bars("Lift at work", "% of the hour, by hour of the day", use),
            line("Cars in slots", f"of {len(setting.layout.slots)}", occupancy, float(len(setting.layout.slots))),
        )
    )
