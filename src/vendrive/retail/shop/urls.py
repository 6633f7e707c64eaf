"""Addresses of the phone pages."""

from django.urls import path

from vendrive.retail.shop.views import (
    account,
    booking,
    catalogue,
    changes,
    drives,
    introduction,
    purchase,
    queue,
    sign_in,
)

app_name = "shop"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("cars/<slug:slug>/", catalogue.model, name="model"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", sign_in.sign_in_code, name="sign_in_code"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("book/", booking.book, name="book"),
    path("book/confirm/", booking.confirm, name="confirm"),
    path("introduce/", introduction.introduce, name="introduce"),
    path("introduce/recognise/", introduction.recognise, name="recognise"),
    path("introduce/consent/", introduction.consent, name="consent"),
    path("introduce/face/", introduction.face, name="face"),
    path("introduce/pin/", introduction.pin, name="pin"),
    path("eligible/", introduction.eligible, name="eligible"),
    path("drives/", drives.list_mine, name="drives"),
    path("drives/<uuid:drive_id>/", drives.drive, name="drive"),
    path("drives/<uuid:drive_id>/now/", drives.drive_now, name="drive_now"),
    path("drives/<uuid:drive_id>/cancel/", drives.cancel, name="cancel"),
    path("drives/<uuid:drive_id>/accept/", changes.accept, name="accept"),
    path("drives/<uuid:drive_id>/change/", changes.change, name="change"),
    path("queue/join/", queue.join, name="join_queue"),
    path("queue/<uuid:place_id>/leave/", queue.leave, name="leave_queue"),
    path("drives/<uuid:drive_id>/buy/", purchase.buy, name="buy"),
    path("drives/<uuid:drive_id>/order/", purchase.order, name="order"),
    path("account/", account.account, name="account"),
    path("account/revoke/", account.revoke, name="revoke"),
    path("account/pin/", account.replace_pin, name="replace_pin"),
]
