"""The customer API, `/api/v1`: what the phone pages do, for programs. The session cookie is the credential."""

from vendrive.retail.api import catalogue, changes, drives, me, queue, scans, session
from vendrive.retail.api.app import api

__all__ = ["api"]

for _room in (session, catalogue, scans, me, drives, changes, queue):
    api.add_router("", _room.router)
