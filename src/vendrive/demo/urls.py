"""Addresses of retail in the demo: all of production's, and the demo's own page."""

from django.urls import path

from vendrive.demo import pages
from vendrive.retail.urls import handler400, handler403, handler404, handler500
from vendrive.retail.urls import urlpatterns as production

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

urlpatterns = [
    path("demo/", pages.show_desk),
    path("demo/notices", pages.list_notices),
    path("demo/advance", pages.advance),
    path("demo/people/<slug:key>/<int:view>.jpg", pages.show_photo),
    *production,
]
