"""Addresses of the pages and the interfaces."""

from django.urls import URLPattern, URLResolver, include, path

from vendrive.retail.api import station
from vendrive.retail.api.customer import api
from vendrive.retail.health import answer_alive

urlpatterns: list[URLPattern | URLResolver] = [
    path("alive", answer_alive),
    path("api/v1/", api.urls),
    path("api/station/orders", station.get_orders),
    path("api/station/journal", station.post_journal),
    path("api/station/report", station.post_report),
    path("console/", include("vendrive.retail.console.urls")),
    path("", include("vendrive.retail.shop.urls")),
]
handler400 = "vendrive.retail.shop.views.problems.bad_request"
handler403 = "vendrive.retail.shop.views.problems.forbidden"
handler404 = "vendrive.retail.shop.views.problems.not_found"
handler500 = "vendrive.retail.shop.views.problems.server_error"
