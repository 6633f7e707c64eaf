"""The one Jinja2 environment of all screens: Django's backend and Starlette's templates both take it from here.

A template needs `lang` ("en" or "zh") in its context. Macros see it only if imported `with context`.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from vendrive.design import formats
from vendrive.design.icons import draw_icon
from vendrive.design.illustrations import draw_any_car, draw_car
from vendrive.design.messages import say

TEMPLATES: Final = Path(__file__).parent / "templates"
STATIC: Final = Path(__file__).parent / "static"
"""The folder to serve as it is; its files are called `vendrive/css/…` and `vendrive/js/…`."""


def environment(
    *template_dirs: Path, static_url: Callable[[str], str], auto_reload: bool = False, cache_size: int = 400
) -> Environment:
    """An environment that finds `design/…` and the given folders. `static_url` turns a path below STATIC into a URL.

    Autoescape is on and an undefined name is an error, so that a page is whole or fails in a test.
    """
    made = Environment(
        loader=FileSystemLoader([*template_dirs, TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=auto_reload,
        cache_size=cache_size,
    )
    tools: dict[str, Callable[..., object]] = {
        "t": t,
        "car": car,
        "any_car": any_car,
        "icon": icon,
        "money": formats.money,
        "clock_time": formats.clock_time,
        "day": day,
        "duration": duration,
    }
    made.globals.update(tools, static=static_url)
    made.filters.update(tools)
    return made


def language_of(context: Context) -> str:
    """The page's language. LookupError tells a template's author what is missing."""
    lang = context.resolve_or_missing("lang")
    if not isinstance(lang, str):
        raise LookupError("no `lang` here: pass it to the template, and import macros `with context`")
    return lang


@pass_context
def t(context: Context, key: str, **params: object) -> str:
    """The sentence in the page's language; escaped by the template like any text."""
    return say(language_of(context), key, **params)


def car(slug: str, paint: str) -> Markup:
    return Markup(draw_car(slug, paint))  # noqa: S704 - our own drawing; paint is checked, the slug is a table's key


def any_car(slug: str, body: str, name: str, paint: str) -> Markup:
    return Markup(draw_any_car(slug, body, name, paint))  # noqa: S704 - our own drawing; paint is checked, name escaped


def icon(name: str) -> Markup:
    return Markup(draw_icon(name))  # noqa: S704 - a constant of ours


@pass_context
def day(context: Context, moment: datetime, tz: str) -> str:
    return formats.day(language_of(context), moment, tz)


@pass_context
def duration(context: Context, seconds: float) -> str:
    return formats.duration(language_of(context), seconds)
