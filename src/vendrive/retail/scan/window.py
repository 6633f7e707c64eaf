"""The code on a car's window: an address that any phone's camera opens, and that a photo for the scan may show."""

import io
import re

import segno
from markupsafe import Markup

from vendrive.retail.fleet.models import Vehicle
from vendrive.vision.images import read_qr
from vendrive.vision.photos import Photo

_ADDRESS = re.compile(r"https?://[^/\s]+/w/([A-Za-z0-9-]{1,40})/?")


def find_vehicle(tag: str) -> Vehicle | None:
    """Return the vehicle with this tag, None where there is none."""
    return Vehicle.objects.filter(tag__iexact=tag).select_related("model", "paint", "tower").first()


def read_window_code(photo: Photo) -> Vehicle | None:
    """Return the vehicle whose window code is in the photo, None where no code of ours is."""
    found = _ADDRESS.fullmatch(read_qr(photo.pixels) or "")
    return find_vehicle(found.group(1)) if found else None


def draw_window_code(address: str) -> Markup:
    """Return the code of an address as SVG, to be printed 6 cm wide or more."""
    out = io.BytesIO()
    segno.make(address, error="q", micro=False).save(out, kind="svg", border=4, xmldecl=False, svgns=True, scale=8)
    return Markup(out.getvalue().decode())  # noqa: S704 - our own drawing of an address
