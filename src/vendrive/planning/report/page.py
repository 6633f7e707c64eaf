"""One page that answers a question, for people who decide: it needs nothing else, and prints on A4."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from vendrive.design.templating import STATIC, environment

TEMPLATES = Path(__file__).parent / "templates"
SHEETS = ("tokens", "base", "components")


@dataclass(frozen=True)
class Card:
    """One figure with its unit and what it says; `verdict` colours it: good, bad or nothing."""

    value: str
    unit: str
    what: str
    verdict: str = ""


@dataclass(frozen=True)
class Plot:
    """A drawing with its title and unit; the legend names the classes of its bars."""

    title: str
    unit: str
    svg: Markup
    legend: tuple[tuple[str, str], ...] = ()


Row = tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Rows of a table under a name of their own, or under none."""

    rows: Sequence[Row]
    name: str = ""


@dataclass(frozen=True)
class Table:
    """A table; columns from `numbers_from` on are set to the right, and `marked` is the row to be seen first."""

    title: str
    head: Row
    groups: Sequence[Group]
    note: str = ""
    numbers_from: int = 99
    marked: Row = ()

    def is_number(self, column: int) -> bool:
        """Whether a column holds numbers."""
        return column >= self.numbers_from


@dataclass(frozen=True)
class Page:
    """What a report says; all texts are in the page's language."""

    lang: str
    eyebrow: str
    title: str
    lead: str
    command: str
    badges: Sequence[str] = ()
    cards: Sequence[Card] = ()
    summary: Sequence[str] = ()
    points: Sequence[str] = ()
    plots: Sequence[Plot] = ()
    tables: Sequence[Table] = field(default_factory=tuple)


def render(page: Page) -> str:
    """Return the page as HTML with its styles inside."""
    sheets = [STATIC / "vendrive" / "css" / f"{name}.css" for name in SHEETS] + [TEMPLATES / "report.css"]
    style = "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)
    template = environment(TEMPLATES, static_url=lambda path: path).get_template("page.html")
    return template.render(page=page, lang=page.lang, style=Markup(style))  # noqa: S704 - our own style sheets


def drawn(svg: str) -> Markup:
    """Return a drawing as what the template takes as it is: all text in it was escaped when it was drawn."""
    return Markup(svg)  # noqa: S704
