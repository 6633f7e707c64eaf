"""Addresses of the stations' worker."""

from django.urls import path

from vendrive.retail.api import station
from vendrive.retail.health import answer_alive

urlpatterns = [
    path("alive", answer_alive),
    path("api/station/orders", station.get_orders),
    path("api/station/journal", station.post_journal),
    path("api/station/report", station.post_report),
]
