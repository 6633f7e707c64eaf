"""A new adapter from the template: a folder with everything that a vendor's machine needs, and what is still to do."""

import keyword
import re
import shutil
from pathlib import Path

TEMPLATE = Path(__file__).with_name("template")
NAME = re.compile(r"[a-z][a-z0-9_]*")


class NotMade(Exception):
    """The adapter was not made, and nothing was written; the message says why."""


def new_adapter(name: str, into: Path) -> Path:
    """Write the folder `into/name` and return it; raises NotMade."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name) or name == TEMPLATE.name:
        raise NotMade(f"{name!r} is no name for an adapter: small letters, digits and underscores, like acme_park")
    folder = into / name
    if folder.exists():
        raise NotMade(f"{folder} is there already: choose another name, or another folder with --into")
    if not into.is_dir():
        raise NotMade(f"there is no folder {into}: make it first")
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in sorted(folder.iterdir()):
        file.write_text(_named(file.read_text(encoding="utf-8"), name), encoding="utf-8")
    return folder


def _named(text: str, name: str) -> str:
    """Return a file's text with the vendor's name in the place of the template's."""
    title = "".join(part.capitalize() for part in name.split("_"))
    return text.replace("TemplateMachine", f"{title}Machine").replace("TEMPLATE", title)
