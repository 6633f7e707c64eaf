"""Towers, the vehicles in their pools, and what passes between retail and each station."""

from django.db import models
from django.db.models.functions import Least

from vendrive.ids import new_uuid
from vendrive.retail.catalogue.models import Paint, VehicleModel
from vendrive.retail.fields import Sealed, sealed_column
from vendrive.tower.promises import BayMinutes


class Tower(models.Model):
    """A vending tower. Opening hours are minutes of the local day; 0 and 1440 mean always."""

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=80)
    city = models.CharField(max_length=60)
    city_zh = models.CharField(max_length=60)
    address = models.CharField(max_length=200)
    address_zh = models.CharField(max_length=200)
    latitude = models.FloatField()
    longitude = models.FloatField()
    time_zone = models.CharField(max_length=40)
    opens_minute = models.PositiveSmallIntegerField(default=0)
    closes_minute = models.PositiveSmallIntegerField(default=1440)
    layout = models.CharField(max_length=40)
    bays = models.PositiveSmallIntegerField(default=1)
    slots = models.PositiveSmallIntegerField()
    overflow = models.PositiveSmallIntegerField(default=0)
    reserve = models.PositiveSmallIntegerField(default=0)
    # The station's public keys, raw base64; empty until it is enrolled.
    signing_key = models.CharField(max_length=60, blank=True)
    sealing_key = models.CharField(max_length=60, blank=True)
    report = models.JSONField(null=True)
    report_at = models.DateTimeField(null=True)
    last_order = models.PositiveBigIntegerField(default=0)
    journal_seq = models.PositiveBigIntegerField(default=0)
    journal_digest = models.CharField(max_length=64, default="0" * 64)

    @property
    def bay_minutes(self) -> int:
        """Return the minutes of each quarter hour that can be promised, over all bays."""
        return int(BayMinutes(self.bays).limit)


class Outage(models.Model):
    """A tower hands nothing over: from `since` until `until`, None where nobody knows yet."""

    tower = models.ForeignKey(Tower, on_delete=models.CASCADE, related_name="outages")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    staff = models.CharField(max_length=150)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_outage_lasts", condition=models.Q(until=None) | models.Q(since__lt=models.F("until"))
            )
        ]


class VehicleState(models.TextChoices):
    """Where a vehicle is in its life."""

    pool = "pool"
    out = "out"
    reserved = "reserved"  # a purchase waits for its payment
    sold = "sold"
    service = "service"


class Damage(models.TextChoices):
    """What is known to be broken."""

    none = "none"
    noted = "noted"  # seen and written down; it may be driven
    unsafe = "unsafe"


PAPERS = ("registered_until", "insured_until", "inspected_until")


class Vehicle(models.Model):
    """One car; `tag` is what the readers of a tower sense.

    A car is lent only on days up to the last day of each paper; a paper that nobody has entered is none. `legal_until`
    is the first of these days, kept by the database.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    tag = models.CharField(max_length=40, unique=True)
    plate = models.CharField(max_length=20, unique=True)
    model = models.ForeignKey(VehicleModel, on_delete=models.PROTECT, related_name="vehicles")
    paint = models.ForeignKey(Paint, on_delete=models.PROTECT, related_name="vehicles")
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="vehicles")
    state = models.CharField(max_length=10, choices=VehicleState, default=VehicleState.pool)
    registered_until = models.DateField(null=True)
    insured_until = models.DateField(null=True)
    inspected_until = models.DateField(null=True)
    recall = models.CharField(max_length=200, blank=True)
    damage = models.CharField(max_length=6, choices=Damage, default=Damage.none)
    damage_note = models.CharField(max_length=200, blank=True)
    is_clean = models.BooleanField(default=True)
    legal_until = models.GeneratedField(
        expression=models.Case(
            # LEAST of PostgreSQL passes over what is not known; a missing paper must not.
            models.When(
                registered_until__isnull=False,
                insured_until__isnull=False,
                inspected_until__isnull=False,
                then=Least("registered_until", "insured_until", "inspected_until"),
            ),
            default=None,
        ),
        output_field=models.DateField(null=True),
        db_persist=True,
    )

    class Meta:
        indexes = [models.Index(fields=["tower", "model", "paint"], name="vehicles_of_a_pool")]


class OrderKind(models.TextChoices):
    """What a station can be told."""

    hand_over = "hand_over"
    cancel = "cancel"
    expect_return = "expect_return"
    release_return = "release_return"
    wipe_face = "wipe_face"
    stock = "stock"
    operator = "operator"


class StationOrder(models.Model):
    """What a station is to be told. `number` and the signed payload are given by the publisher, after commit."""

    order_id = models.UUIDField(unique=True, default=new_uuid, editable=False)
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="orders")
    kind = models.CharField(max_length=20, choices=OrderKind)
    # What the body is made from when it is published; it holds identifiers, no personal data.
    intent = models.JSONField()
    person_id = models.UUIDField(null=True)
    number = models.PositiveBigIntegerField(null=True)
    payload_box = sealed_column()
    payload = Sealed()
    signature = models.CharField(max_length=100, blank=True)
    created_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tower", "number"], name="order_number_once_per_tower")]
        indexes = [models.Index(fields=["person_id", "tower"], name="orders_of_a_person")]


class StaffRequest(models.Model):
    """What one member of staff asked for, and another has to confirm before the station is told."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="staff_requests")
    action = models.CharField(max_length=20)
    part = models.CharField(max_length=20, blank=True)
    operation = models.CharField(max_length=20, blank=True)
    arguments = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_by = models.CharField(max_length=150, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    order = models.OneToOneField(StationOrder, on_delete=models.PROTECT, null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="two_persons_are_not_one", condition=~models.Q(confirmed_by=models.F("asked_by"))
            ),
            models.CheckConstraint(
                name="confirmed_together_with_its_order",
                condition=models.Q(confirmed_by="", confirmed_at=None, order=None)
                | (~models.Q(confirmed_by="") & models.Q(confirmed_at__isnull=False, order__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["tower", "expires_at"], name="staff_requests_that_wait")]


class StationNonce(models.Model):
    """A nonce that a station has used; it counts once."""

    tower = models.ForeignKey(Tower, on_delete=models.CASCADE)
    nonce = models.CharField(max_length=64)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tower", "nonce"], name="nonce_once_per_tower")]


class JournalEntry(models.Model):
    """One row of a station's journal, as it was sent: `text` is the event as it was sealed, `event` its fields."""

    tower = models.ForeignKey(Tower, on_delete=models.PROTECT, related_name="journal")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=40)
    event = models.JSONField()
    text = models.TextField(default="")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tower", "seq"], name="journal_seq_once_per_tower")]
        indexes = [
            models.Index(
                fields=["tower", "seq"],
                name="alarms_of_a_tower",
                condition=models.Q(kind__in=("alarm", "alarm_ended")),
            )
        ]
