"""The design's Jinja2 environment, as Django's backend asks for it. Each audience keeps its pages in `templates/`."""

from pathlib import Path

from django.templatetags.static import static
from jinja2 import Environment

from vendrive.design import templating

_ROOT = Path(__file__).parent
AUDIENCES = ("shop", "console")


def environment(**options: object) -> Environment:
    """Return the environment; of Django's options only `auto_reload` counts, the design decides the rest."""
    folders = [_ROOT / audience / "templates" for audience in AUDIENCES]
    return templating.environment(*folders, static_url=static, auto_reload=bool(options.get("auto_reload")))
