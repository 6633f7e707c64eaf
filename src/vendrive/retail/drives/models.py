"""Programmes and drives, with the constraints that hold whatever the code does."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.fleet.models import Tower, Vehicle


class Programme(models.Model):
    """Rules as data; the defaults are the published ones. A change raises `revision`."""

    slug = models.SlugField(primary_key=True, max_length=40)
    revision = models.PositiveIntegerField(default=1)
    loan_days = models.PositiveSmallIntegerField(default=3)
    drives_in_two_months = models.PositiveSmallIntegerField(default=5)
    each_model_once = models.BooleanField(default=True)
    needs_super_member = models.BooleanField(default=True)
    least_credit = models.PositiveSmallIntegerField(default=700)
    # C1, C2 and B cover cars; A classes include them. The letters are those of GA 801, besides B of other countries.
    licence_classes = models.JSONField(default=list)
    min_age_years = models.PositiveSmallIntegerField(default=18)
    turnaround_minutes = models.PositiveIntegerField(default=360)
    early_minutes = models.PositiveIntegerField(default=15)
    no_show_grace_minutes = models.PositiveIntegerField(default=60)
    horizon_days = models.PositiveSmallIntegerField(default=14)
    down_payment_percent = models.PositiveSmallIntegerField(default=10)


class DriveState(models.TextChoices):
    """The life of a drive: booked, ready (the tower holds the pass), out, and one of three ends."""

    booked = "booked"
    ready = "ready"
    out = "out"
    returned = "returned"
    cancelled = "cancelled"
    no_show = "no_show"


OPEN = (DriveState.booked, DriveState.ready)
LIVE = (*OPEN, DriveState.out)
COUNTED = (*LIVE, DriveState.returned, DriveState.no_show)


class Drive(models.Model):
    """One person, one vehicle, one period. Ranges are half-open UTC."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    programme_revision = models.PositiveIntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="drives")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="drives")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="drives")
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT, related_name="drives")
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="drives")
    state = models.CharField(max_length=10, choices=DriveState, default=DriveState.booked)
    revision = models.PositiveIntegerField(default=1)
    pass_id = models.UUIDField(default=new_uuid, unique=True, editable=False)
    short_code = models.CharField(max_length=8, unique=True)
    pickup_at = models.DateTimeField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    due_at = models.DateTimeField()
    vehicle_period = DateTimeRangeField()
    person_period = DateTimeRangeField()
    booked_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_live_drive_of_a_vehicle",
                expressions=[("vehicle", RangeOperators.EQUAL), ("vehicle_period", RangeOperators.OVERLAPS)],
                condition=models.Q(state__in=LIVE),
            ),
            ExclusionConstraint(
                name="one_live_drive_of_a_person",
                expressions=[("person", RangeOperators.EQUAL), ("person_period", RangeOperators.OVERLAPS)],
                condition=models.Q(state__in=LIVE),
            ),
            models.UniqueConstraint(
                fields=["person", "programme", "model"],
                condition=models.Q(state__in=COUNTED),
                name="each_model_once_per_person",
            ),
        ]
        indexes = [models.Index(fields=["tower", "pickup_at"], name="drives_of_a_tower")]


class BayUse(models.Model):
    """One of the places of a tower's bays in one quarter hour; `place` counts from 0 below the capacity."""

    drive = models.OneToOneField(Drive, on_delete=models.CASCADE, related_name="bay_use")
    tower = models.ForeignKey(Tower, on_delete=models.CASCADE)
    quarter = models.DateTimeField()
    place = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tower", "quarter", "place"], name="bay_place_once_a_quarter")]
