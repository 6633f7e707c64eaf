"""Settings of retail in production.

Read from the environment: DATABASE_URL, VENDRIVE_DATA, VENDRIVE_HOSTS, VENDRIVE_LIVE_URL, VENDRIVE_WEB_ORIGIN,
VENDRIVE_BEHIND_PROXY, VENDRIVE_CAR_MODEL, VENDRIVE_NOTICES (see `retail.notices.senders`).

Nothing in the environment can name other ports: what exists for the demo alone is in `vendrive.demo.settings`.
"""

import os
from pathlib import Path

from django.utils.functional import SimpleLazyObject

from vendrive.design.templating import STATIC
from vendrive.retail.database import database_from
from vendrive.retail.keys import read_keys
from vendrive.retail.notices.senders import notices_from
from vendrive.retail.ports import production_ports

DATA = Path(os.environ.get("VENDRIVE_DATA", ".retail"))
DATABASE_URL = os.environ.get("DATABASE_URL", "")
# Where the live server is for the browser: a path behind one proxy, or an address of its own.
LIVE_URL = os.environ.get("VENDRIVE_LIVE_URL", "/live")
# The origin of the pages, which alone may read the live server from another origin.
WEB_ORIGIN = os.environ.get("VENDRIVE_WEB_ORIGIN", "")
# The folder of the model that recognises cars in photos (docs/scan.md); without one the shop has no scan.
VENDRIVE_CAR_MODEL = Path(os.environ["VENDRIVE_CAR_MODEL"]) if os.environ.get("VENDRIVE_CAR_MODEL") else None
# Models whose data's terms allow research alone: never in a shop, so no variable can allow them.
VENDRIVE_RESEARCH_MODELS = False

VENDRIVE_KEYS = SimpleLazyObject(lambda: read_keys(DATA))
VENDRIVE_PORTS = production_ports(notices_from(os.environ.get("VENDRIVE_NOTICES", "")))

# A lazy text: the settings can be imported (by tools) before keys exist, but nothing can be signed without them.
SECRET_KEY = SimpleLazyObject(lambda: VENDRIVE_KEYS.django)
DEBUG = False
ALLOWED_HOSTS = os.environ.get("VENDRIVE_HOSTS", "localhost,127.0.0.1").split(",")
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_htmx",
    "procrastinate.contrib.django",
    "vendrive.retail.events",
    "vendrive.retail.catalogue",
    "vendrive.retail.fleet",
    "vendrive.retail.customers",
    "vendrive.retail.drives",
    "vendrive.retail.payments",
    "vendrive.retail.sales",
    "vendrive.retail.scan",
    "vendrive.retail.notices",
    "vendrive.retail.shop",
    "vendrive.retail.console",
]
# One process serves as many requests at a time as it has connections to the database; more wait, the rest comes again.
SERVED_AT_ONCE = 8
WAITING_AT_MOST = 56
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "vendrive.retail.headers.SecurityHeaders",
    "vendrive.retail.admission.Admission",
    "vendrive.retail.limits.BodyLimit",
    "vendrive.retail.api.errors.ErrorsOfOneShape",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "vendrive.retail.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "OPTIONS": {"environment": "vendrive.retail.templating.environment"},
    }
]
DATABASES = {"default": database_from(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"

SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = False
CSRF_FAILURE_VIEW = "vendrive.retail.shop.views.problems.csrf_failure"
# These headers come from our own proxy or not at all; without one anybody could write them.
BEHIND_PROXY = os.environ.get("VENDRIVE_BEHIND_PROXY") == "1"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 365 * 24 * 3600
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 16 * 1024 * 1024
# Pictures of people and streets never touch a disk: they are held in memory, and larger requests are refused unread.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 80 * 1024 * 1024

STATIC_URL = "/static/"
STATICFILES_DIRS = [STATIC]
WHITENOISE_USE_FINDERS = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # It tells of every wake-up, once a second.
    "loggers": {"procrastinate": {"level": "WARNING"}, "httpx": {"level": "WARNING"}},
}
