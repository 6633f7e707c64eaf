"""Rows that are written in the transaction of the change they tell of."""

from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.fields import Sealed, sealed_column


class AuditRow(models.Model):
    """One thing that somebody did. Written plain; the sealer gives it its place in the chain afterwards."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    action = models.CharField(max_length=60)
    subject = models.CharField(max_length=80)
    details = models.JSONField(default=dict)
    seq = models.BigIntegerField(null=True, unique=True)
    digest = models.BinaryField(null=True)

    class Meta:
        indexes = [models.Index(fields=["id"], name="audit_unsealed", condition=models.Q(seq=None))]


class AuditHead(models.Model):
    """The chain up to `seq`, signed by retail."""

    seq = models.BigIntegerField(unique=True)
    digest = models.BinaryField()
    at = models.DateTimeField()
    signature = models.CharField(max_length=100)


class Notice(models.Model):
    """The outbox: a message to a phone, sent once by the worker."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    at = models.DateTimeField()
    to_box = sealed_column()
    text_box = sealed_column()
    to = Sealed()
    text = Sealed()
    # What it tells of, so that nothing is told twice; none for a code, which is asked for.
    key = models.CharField(max_length=120, null=True, unique=True)
    due_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["at"], name="notice_unsent", condition=models.Q(sent_at=None))]


class Cursor(models.Model):
    """How far a consumer has read the sealed audit rows."""

    name = models.CharField(primary_key=True, max_length=40)
    seq = models.BigIntegerField(default=0)


class IdempotencyKey(models.Model):
    """A write from outside, stored in the transaction of its effect; `subject` is the identifier of what came of it.

    `answer` is empty while outside parties are being asked, and for callers that make their answer from the subject.
    """

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    subject = models.CharField(max_length=80, blank=True)
    answer_box = sealed_column()
    answer = Sealed()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="one_answer_for_a_key")]
        indexes = [models.Index(fields=["at"], name="keys_by_age")]
