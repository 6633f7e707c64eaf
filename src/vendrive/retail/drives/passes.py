"""The pass of a drive, as the phone shows it."""

import io

import segno

from vendrive.passes.claims import PassClaims, issue_pass
from vendrive.retail.config import keys
from vendrive.retail.drives.models import Drive


def claims_of(drive: Drive) -> PassClaims:
    """Return what the drive's pass says."""
    return PassClaims(
        pass_id=str(drive.pass_id),
        drive_id=str(drive.id),
        person_id=str(drive.person_id),
        tower_id=drive.tower_id,
        not_before=drive.not_before,
        not_after=drive.not_after,
    )


def pass_text(drive: Drive) -> str:
    """Return the signed pass; the same drive has the same text."""
    return issue_pass(claims_of(drive), keys().signing)


def pass_svg(drive: Drive) -> str:
    """Return the pass as a QR code, an SVG that grows with its place on the page."""
    out = io.BytesIO()
    code = segno.make_qr(pass_text(drive), error="m")
    code.save(out, kind="svg", border=4, omitsize=True, xmldecl=False, svgclass="qr", lineclass=None, light="#fff")
    return out.getvalue().decode()
