"""Addresses of the console."""

from django.urls import path

from vendrive.retail.console import fleet_views, machine_views, rules_views, scan_views, views

app_name = "console"
urlpatterns = [
    path("", views.show_start, name="start"),
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("towers/", views.show_towers, name="towers"),
    path("towers/<slug:slug>/", views.show_tower, name="tower"),
    path("towers/<slug:slug>/picture/", views.show_picture, name="picture"),
    path("towers/<slug:slug>/stop/", views.stop_machine, name="stop"),
    path("towers/<slug:slug>/help/", views.acknowledge_help, name="help"),
    path("towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/", machine_views.show_alarm, name="alarm"),
    path("towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/steps/", machine_views.show_steps, name="steps"),
    path("towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/tick/", machine_views.tick, name="tick"),
    path("towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/by/<slug:by>/", machine_views.show_alarm, name="alarm"),
    path(
        "towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/by/<slug:by>/steps/",
        machine_views.show_steps,
        name="steps",
    ),
    path("towers/<slug:slug>/alarms/<slug:alarm>/<slug:part>/by/<slug:by>/tick/", machine_views.tick, name="tick"),
    path("towers/<slug:slug>/service/", machine_views.show_service, name="service"),
    path("towers/<slug:slug>/service/ask/", machine_views.ask, name="ask"),
    path("towers/<slug:slug>/requests/<uuid:request_id>/", machine_views.confirm, name="confirm"),
    path("operations/", machine_views.show_operations, name="operations"),
    path("operations/<slug:alarm>/", machine_views.show_procedure, name="procedure"),
    path("cars/<slug:model>/<slug:paint>.svg", views.draw_vehicle, name="car"),
    path("drives/", views.show_drives, name="drives"),
    path("drives/<uuid:drive_id>/", fleet_views.show_drive, name="drive"),
    path("vehicles/", views.show_vehicles, name="vehicles"),
    path("vehicles/<slug:tag>/window/", scan_views.show_window, name="window"),
    path("scan/", scan_views.show_scan, name="scan"),
    path("scan/models/<slug:model>/", scan_views.show_references, name="references"),
    path("scan/models/<slug:model>/<uuid:view_id>/remove/", scan_views.remove_reference, name="remove_reference"),
    path("scan/views/<uuid:view_id>.jpg", scan_views.show_reference, name="reference"),
    path("vehicles/<uuid:vehicle_id>/", fleet_views.show_vehicle, name="vehicle"),
    path("calendar/", fleet_views.show_calendar, name="calendar"),
    path("towers/<slug:slug>/outage/", fleet_views.show_outage, name="outage"),
    path("rules/", rules_views.show_rules, name="rules"),
    path("journal/", views.show_journal, name="journal"),
    path("journal/moment/", views.show_moment, name="moment"),
]
