"""What our own code asks the settings for, typed: keys and ports."""

from typing import cast

from django.conf import settings
from django.utils.functional import SimpleLazyObject

from vendrive.retail.keys import Keys
from vendrive.retail.ports import Ports


def keys() -> Keys:
    """Return retail's keys; raise NoKeys where `init` has not been run."""
    held = settings.VENDRIVE_KEYS
    if isinstance(held, SimpleLazyObject):
        bool(held)
    return cast(Keys, held)


def ports() -> Ports:
    """Return the doors to the world outside."""
    return settings.VENDRIVE_PORTS
