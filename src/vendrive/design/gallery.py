"""Writes one page that shows every part of the design room in both themes, to look at while working on it.

`python -m vendrive.design.gallery --out gallery.html [--lang zh] [--theme dark]`
"""

import argparse
from pathlib import Path

from vendrive.design.icons import SHAPES
from vendrive.design.messages import LANGUAGES
from vendrive.design.silhouettes import CARS
from vendrive.design.templating import STATIC, environment

THEMES = ("light", "dark")
COLOURS = [
    ("white", "#eceae4", "Ivory"),
    ("red", "#a81f2b", "Garnet"),
    ("blue", "#1f4675", "Harbour"),
    ("green", "#2f5d50", "Pine"),
    ("black", "#17191c", "Onyx"),
    ("silver", "#8d959d", "Silver"),
]
Cells = list[tuple[str, str, str, str | None]]
LEVELS: list[tuple[str, bool, Cells]] = [
    (
        "Level 3",
        False,
        [
            ("3-1", "car", "", None),
            ("3-2", "empty", "", None),
            ("3-3", "reserved", "", None),
            ("3-4", "car", "", None),
        ],
    ),
    (
        "Level 2",
        True,
        [
            ("2-1", "empty", "", None),
            ("2-2", "car", "", None),
            ("2-3", "moving", "", None),
            ("2-4", "fault", "", None),
        ],
    ),
    (
        "Level 1",
        False,
        [("A", "empty", "bay", "Bay A"), ("B", "car", "bay", "Bay B"), ("C", "unknown", "bay", "Bay C")],
    ),
]


def gallery(lang: str, themes: tuple[str, ...] = THEMES) -> str:
    """The page as HTML; its CSS and scripts are linked where they lie in this installation."""
    page = environment(static_url=lambda path: (STATIC / path).as_uri()).get_template("design/gallery.html")
    paints = [paint for _, paint, _ in COLOURS]
    return page.render(
        lang=lang,
        themes=themes,
        cars=[(car.name, slug, paints[place % len(paints)]) for place, (slug, car) in enumerate(CARS.items())],
        colours=COLOURS,
        steps=["Car", "You", "Time", "Pass"],
        levels=LEVELS,
        icons=list(SHAPES),
        now_iso="2026-03-01T09:00:00+00:00",
        end_iso="2026-03-03T13:46:40+00:00",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python -m vendrive.design.gallery --out gallery.html --lang zh"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--lang", choices=LANGUAGES, default="en")
    parser.add_argument("--theme", choices=THEMES)
    chosen = parser.parse_args()
    themes = (chosen.theme,) if chosen.theme else THEMES
    chosen.out.write_text(gallery(chosen.lang, themes), encoding="utf-8")


if __name__ == "__main__":
    main()
