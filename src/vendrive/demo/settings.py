"""Settings of retail in the demo: stand-ins behind the ports, and plain HTTP on the loopback.

Only the demo's own entry points name this module. Every other setting is production's.
"""

import os
from pathlib import Path

from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.standins import demo_ports
from vendrive.retail.settings import *  # noqa: F403 - all of production's, then what differs

VENDRIVE_PORTS = demo_ports(
    DemoCalendar(Path(os.environ.get("VENDRIVE_DEMO", ".demo")) / "calendar"),
    Path(os.environ.get("VENDRIVE_DEMO", ".demo")),
)

INSTALLED_APPS = [*INSTALLED_APPS, "vendrive.demo"]  # noqa: F405

# A browser on this machine speaks to the demo without TLS.
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
SECURE_HSTS_SECONDS = 0
