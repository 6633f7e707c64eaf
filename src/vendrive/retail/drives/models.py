"""Programmes, their rules, and drives, with the constraints that hold whatever the code does."""

import json

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import (
    DateRangeField,
    DateTimeRangeField,
    IntegerRangeField,
    RangeOperators,
)
from django.db import models
from django.db.models.functions import Coalesce

from vendrive.ids import new_uuid
from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.customers.models import Customer, Person
from vendrive.retail.drives.rules import Rules, rules_from
from vendrive.retail.fleet.models import Tower, Vehicle
from vendrive.retail.payments.models import Charge


class Programme(models.Model):
    """What a drive is booked under. `revision` grows with every change of its rules."""

    slug = models.SlugField(primary_key=True, max_length=40)
    revision = models.PositiveIntegerField(default=1)


class RuleSet(models.Model):
    """Some rules of a programme: everywhere or at one tower, always or for pick-ups on the local days of `period`.

    Of two sets that name the same rule the narrower one holds: a tower's over all towers', a period's over always.
    """

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="rule_sets")
    tower = models.ForeignKey(Tower, on_delete=models.CASCADE, null=True, related_name="rule_sets")
    period = DateRangeField(null=True)
    rules = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "tower"],
                condition=models.Q(period=None),
                nulls_distinct=False,
                name="one_rule_set_for_always",
            ),
            ExclusionConstraint(
                name="one_rule_set_on_a_day",
                expressions=[
                    ("programme", RangeOperators.EQUAL),
                    (Coalesce("tower_id", models.Value("")), RangeOperators.EQUAL),
                    ("period", RangeOperators.OVERLAPS),
                ],
            ),
        ]


class RuleChange(models.Model):
    """The history of a programme's rules: never changed. `before` and `after` are stored rules, None for no set."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="changes")
    revision = models.PositiveIntegerField()
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, null=True)
    period = DateRangeField(null=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    staff = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["programme", "revision"], name="one_change_of_a_revision")]


class LoanTerms(models.Model):
    """What a customer accepts: the rules and their text in both languages, never changed. `version` is their digest."""

    version = models.CharField(primary_key=True, max_length=16)
    rules = models.JSONField()
    text_en = models.TextField()
    text_zh = models.TextField()
    written_at = models.DateTimeField()


class DriveState(models.TextChoices):
    """The life of a drive: held until confirmed, booked, ready (the tower holds the pass), out, and four ends."""

    held = "held"
    booked = "booked"
    ready = "ready"
    out = "out"
    returned = "returned"
    cancelled = "cancelled"
    no_show = "no_show"
    lapsed = "lapsed"  # a hold that nobody confirmed


OPEN = (DriveState.booked, DriveState.ready)
LIVE = (DriveState.held, *OPEN, DriveState.out)
COUNTED = (*LIVE, DriveState.returned, DriveState.no_show)


class Drive(models.Model):
    """One person, one vehicle, one period. Ranges are half-open UTC.

    `month` counts the calendar months of the pick-up in the tower's time zone (year * 12 + month). Each month lies in
    one pair that begins with an even month and one that begins with an odd month; in both the drive has a place below
    `quota`, so that a unique index forbids one drive too many.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    programme_revision = models.PositiveIntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="drives")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="drives")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="drives")
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT, related_name="drives")
    # The colour that was wished for; another one is an offer.
    paint = models.ForeignKey(Paint, on_delete=models.PROTECT, related_name="drives")
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="drives")
    return_tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="returns")
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
    month = models.IntegerField()
    quota = models.PositiveSmallIntegerField()
    even_place = models.PositiveSmallIntegerField()
    odd_place = models.PositiveSmallIntegerField()
    once = models.BooleanField(default=True)
    hold_until = models.DateTimeField(null=True)
    terms = models.ForeignKey(LoanTerms, on_delete=models.PROTECT)
    terms_language = models.CharField(max_length=2, default="en")
    terms_accepted_at = models.DateTimeField(null=True)
    # What is to be paid before the drive is booked, and the charge that asks for it.
    fee_minor = models.PositiveBigIntegerField(default=0)
    deposit_minor = models.PositiveBigIntegerField(default=0)
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT, null=True, related_name="drive")
    # The drive whose rest this one is, after a swap or a breakdown.
    follows = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="followed_by")
    ended_because = models.CharField(max_length=30, blank=True)
    booked_at = models.DateTimeField()
    handed_over_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    # A drive that ended while its station may hold its pass keeps the vehicle until then, or until the station knows.
    leased_until = models.DateTimeField(null=True)

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
                condition=models.Q(state__in=COUNTED, once=True),
                name="each_model_once_per_person",
            ),
            models.UniqueConstraint(
                "person",
                "programme",
                models.F("month") / 2,
                "even_place",
                condition=models.Q(state__in=COUNTED),
                name="quota_of_even_months",
            ),
            models.UniqueConstraint(
                "person",
                "programme",
                (models.F("month") + 1) / 2,
                "odd_place",
                condition=models.Q(state__in=COUNTED),
                name="quota_of_odd_months",
            ),
            models.CheckConstraint(
                name="quota_has_this_place",
                condition=models.Q(even_place__lt=models.F("quota"), odd_place__lt=models.F("quota")),
            ),
            models.CheckConstraint(
                name="held_until_a_time", condition=~models.Q(state="held") | models.Q(hold_until__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["tower", "pickup_at"], name="drives_of_a_tower"),
            models.Index(
                fields=["tower", "model"],
                name="vehicles_that_are_leased",
                condition=models.Q(leased_until__isnull=False),
            ),
            models.Index(fields=["hold_until"], name="holds_that_lapse", condition=models.Q(state="held")),
            models.Index(fields=["tower", "model"], name="live_drives_of_a_pool", condition=models.Q(state__in=LIVE)),
            models.Index(
                fields=["return_tower"],
                name="live_returns_elsewhere",
                condition=models.Q(state__in=LIVE) & ~models.Q(return_tower=models.F("tower")),
            ),
        ]

    @property
    def rules(self) -> Rules:
        """Return the rules that the customer accepted."""
        return rules_from(json.dumps(self.terms.rules, sort_keys=True))


class BayVisit(models.TextChoices):
    """What a car comes to a bay for."""

    pickup = "pickup"
    back = "back"


class BayUse(models.Model):
    """Minutes of a tower's bays in one quarter hour that are promised: [first, last) below the limit of the tower."""

    drive = models.ForeignKey(Drive, on_delete=models.CASCADE, related_name="bay_uses")
    visit = models.CharField(max_length=6, choices=BayVisit)
    tower = models.ForeignKey(Tower, on_delete=models.CASCADE)
    quarter = models.DateTimeField()
    minutes = IntegerRangeField()
    most = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="a_bay_minute_once",
                expressions=[
                    ("tower", RangeOperators.EQUAL),
                    ("quarter", RangeOperators.EQUAL),
                    ("minutes", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="bay_minutes_of_a_quarter",
                condition=models.Q(minutes__startswith__gte=0, minutes__endswith__lte=models.F("most")),
            ),
            models.UniqueConstraint(fields=["drive", "visit"], name="one_visit_of_a_kind"),
        ]


class WaitState(models.TextChoices):
    """The life of a place in the queue: an offer is a hold, and the place follows what becomes of it."""

    waiting = "waiting"
    offered = "offered"
    taken = "taken"
    missed = "missed"  # the offer was not taken in time
    left = "left"
    ended = "ended"  # the time that was waited for has passed, or the person may not drive


QUEUED = (WaitState.waiting, WaitState.offered)


class WaitPlace(models.Model):
    """Somebody waits for a model at a tower, in any colour or one, with a pick-up in [from_at, until_at).

    Places are served by `priority` (who was let down by us comes first), then in the order of joining, over all
    models, colours and times of a tower.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="wait_places")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="wait_places")
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT)
    paint = models.ForeignKey(Paint, on_delete=models.PROTECT, null=True)
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="wait_places")
    from_at = models.DateTimeField()
    until_at = models.DateTimeField()
    priority = models.PositiveSmallIntegerField(default=0)
    joined_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=WaitState, default=WaitState.waiting)
    offer = models.OneToOneField(Drive, on_delete=models.PROTECT, null=True, related_name="wait_place")
    ended_because = models.CharField(max_length=30, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "model", "tower"],
                condition=models.Q(state__in=QUEUED),
                name="one_place_in_a_queue",
            ),
            models.CheckConstraint(name="waits_for_some_time", condition=models.Q(from_at__lt=models.F("until_at"))),
            models.CheckConstraint(
                name="an_offer_is_a_hold", condition=~models.Q(state="offered") | models.Q(offer__isnull=False)
            ),
        ]
        indexes = [
            models.Index(
                fields=["tower", "model", "from_at"], name="places_that_wait", condition=models.Q(state="waiting")
            )
        ]


class OverdueStep(models.Model):
    """A rung of the overdue ladder that was climbed, once."""

    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="overdue_steps")
    minutes = models.PositiveIntegerField()
    act = models.CharField(max_length=6)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["drive", "minutes"], name="one_rung_once")]


class BlockReason(models.TextChoices):
    """Why a person gets no car."""

    licence_lost = "licence_lost"
    died = "died"
    car_kept = "car_kept"  # the overdue ladder came to its end


class PersonBlock(models.Model):
    """A person gets no car until the block is lifted."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="blocks")
    reason = models.CharField(max_length=12, choices=BlockReason)
    staff = models.CharField(max_length=150)
    since = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "reason"], condition=models.Q(lifted_at=None), name="one_block_of_a_kind"
            )
        ]
