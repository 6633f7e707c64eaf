"""A customer is an account with a phone; a person is a human being with a document. Quotas belong to persons."""

from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.fields import Sealed, sealed_column


class Customer(models.Model):
    """An account. `phone_hash` is keyed, so that a number is found without being readable."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    phone_hash = models.CharField(max_length=64, unique=True)
    phone_box = sealed_column()
    phone = Sealed()
    language = models.CharField(max_length=2, default="en")
    created_at = models.DateTimeField()


class SignInCode(models.Model):
    """A one-time code, kept as a keyed hash."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    phone_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["phone_hash", "created_at"], name="codes_of_a_phone"),
            models.Index(fields=["address_hash", "created_at"], name="codes_of_an_address"),
        ]


class DocumentKind(models.TextChoices):
    """What somebody shows to say who they are."""

    identity_card = "identity_card"
    passport = "passport"


class Person(models.Model):
    """A human being. Everything that was typed is sealed; `document_hash` is keyed and unique."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    customer = models.OneToOneField(Customer, on_delete=models.PROTECT, related_name="person")
    document_kind = models.CharField(max_length=15, choices=DocumentKind)
    document_hash = models.CharField(max_length=64, unique=True)
    name_box = sealed_column()
    document_box = sealed_column()
    birth_date_box = sealed_column()
    licence_class_box = sealed_column()
    licence_expiry_box = sealed_column()
    pin_box = sealed_column()
    name = Sealed()
    document = Sealed()
    birth_date = Sealed()
    licence_class = Sealed()
    licence_expiry = Sealed()
    pin = Sealed()
    # What the identity port last said of document and face together: yes, no, unknown or empty (not asked).
    proof = models.CharField(max_length=8, blank=True)
    proof_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()


class FaceConsent(models.Model):
    """Consent to the use of the face, its text's version, and when it was taken back."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="consents")
    text_version = models.CharField(max_length=20)
    given_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"], condition=models.Q(revoked_at=None), name="one_open_consent_of_a_person"
            )
        ]


class TemplateKey(models.Model):
    """The sealed key of one person's face template. Deleting the key deletes the template, in backups too."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="template_key")
    key_box = sealed_column()
    key = Sealed()


class FaceEnrolment(models.Model):
    """A face template under its own key."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="face")
    engine = models.CharField(max_length=40)
    template_box = models.BinaryField()
    enrolled_at = models.DateTimeField()


class Standing(models.Model):
    """What an outside party last said of a person, and until when that holds. No score is stored or learned."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="standings")
    kind = models.CharField(max_length=20)
    verdict = models.CharField(max_length=8)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind"], name="one_standing_of_a_kind")]
