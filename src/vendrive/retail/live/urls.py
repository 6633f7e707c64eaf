"""Addresses of the live process."""

from django.urls import path

from vendrive.retail.health import answer_alive
from vendrive.retail.live.towers import stream_towers

urlpatterns = [path("alive", answer_alive), path("live/towers", stream_towers)]
