"""Nouns of the scan. A scan knows more cars than the catalogue has: a photo is of whatever stands in the street."""

from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.catalogue.models import VehicleModel
from vendrive.retail.customers.models import Customer
from vendrive.retail.fields import SealedBytes, sealed_column


class KnownCar(models.Model):
    """A car that a scan can name. `model` is what the catalogue calls it, None where it is not for hire.

    `label` is what training data call it: "Ford Edge SUV 2012".
    """

    slug = models.SlugField(primary_key=True, max_length=80)
    make = models.CharField(max_length=60)
    make_zh = models.CharField(max_length=60)
    name = models.CharField(max_length=100)
    name_zh = models.CharField(max_length=100)
    label = models.CharField(max_length=160)
    body = models.CharField(max_length=30)
    year = models.PositiveSmallIntegerField(null=True)
    model = models.ForeignKey(VehicleModel, on_delete=models.SET_NULL, null=True, related_name="known_as")


class ReferenceView(models.Model):
    """One view of a known car: a unit vector (float16, little-endian) by one encoder, and the photo it came from.

    A photo is cropped, faces and plates blurred, and sealed; views that were shipped as vectors have none.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    car = models.ForeignKey(KnownCar, on_delete=models.CASCADE, related_name="views")
    encoder = models.CharField(max_length=80)
    vector = models.BinaryField()
    photo_box = sealed_column()
    photo = SealedBytes()
    digest = models.CharField(max_length=64)
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["car", "digest"], name="one_view_of_a_car_once")]
        indexes = [models.Index(fields=["encoder"], name="views_of_an_encoder")]


class IndexVersion(models.Model):
    """The one row that says whether the views changed: every writer of views draws a new mark, in its transaction."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    mark = models.UUIDField(default=new_uuid)


class Outcome(models.TextChoices):
    """How a scan ended."""

    found = "found"
    unknown = "unknown"  # a car, but none that we know
    window = "window"  # the code on the window of a car in a tower
    refused = "refused"  # no car that could be looked at; `problem` says why


class Scan(models.Model):
    """One search, without its photo and without whoever made it. `shown` is `[[slug, similarity], …]`, best first."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    at = models.DateTimeField(db_index=True)
    outcome = models.CharField(max_length=8, choices=Outcome)
    problem = models.CharField(max_length=40, blank=True)
    hints = models.JSONField(default=list)
    shown = models.JSONField(default=list)
    paint = models.CharField(max_length=20, blank=True)
    encoder = models.CharField(max_length=80, blank=True)
    took_ms = models.PositiveIntegerField(default=0)
    picked = models.ForeignKey(KnownCar, on_delete=models.SET_NULL, null=True, related_name="+")
    none_of_these = models.BooleanField(default=False)


class ScanTry(models.Model):
    """One use of the scan from a network address (a keyed hash), for the rate limit alone; gone after a day."""

    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address_hash", "at"], name="scan_tries_of_an_address")]


class PhotoConsent(models.Model):
    """Consent to keep photos for training, its text's version, and when it was taken back."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="photo_consents")
    text_version = models.CharField(max_length=20)
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer"], condition=models.Q(revoked_at=None), name="one_open_photo_consent"
            )
        ]


class KeptPhoto(models.Model):
    """A photo that its customer lets us keep: cropped to the car, faces and plates blurred, no position, sealed.

    With what was picked after its scan it is a pair to train on.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="kept_photos")
    scan = models.OneToOneField(Scan, on_delete=models.CASCADE, related_name="kept")
    photo_box = sealed_column()
    photo = SealedBytes()
    at = models.DateTimeField()
