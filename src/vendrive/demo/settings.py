"""Settings of retail in the demo: stand-ins behind the ports, and plain HTTP on the loopback.

Only the demo's own entry points name this module. Every other setting is production's.
"""

from vendrive.demo.calendar import DemoCalendar
from vendrive.demo.folder import told_folder
from vendrive.demo.standins import demo_ports
from vendrive.retail.settings import *  # noqa: F403 - all of production's, then what differs
from vendrive.retail.settings import INSTALLED_APPS as PRODUCTION_APPS
from vendrive.retail.settings import TEMPLATES as PRODUCTION_TEMPLATES
from vendrive.vision.card import SHIPPED

_folder = told_folder()
VENDRIVE_PORTS = demo_ports(DemoCalendar(_folder.calendar), _folder.root)
# The shipped car model is for research and for this demo.
VENDRIVE_CAR_MODEL = SHIPPED
VENDRIVE_RESEARCH_MODELS = True

INSTALLED_APPS = [*PRODUCTION_APPS, "vendrive.demo"]
ROOT_URLCONF = "vendrive.demo.urls"
TEMPLATES = [
    {
        **PRODUCTION_TEMPLATES[0],
        "OPTIONS": {
            "environment": "vendrive.retail.templating.environment",
            "context_processors": ["vendrive.demo.pages.demo_notice"],
        },
    }
]

# A browser on this machine speaks to the demo without TLS.
SESSION_COOKIE_SECURE = False
CSRF_COOKIE_SECURE = False
SECURE_HSTS_SECONDS = 0
