"""The ledger. Triggers of the database refuse a transfer that does not balance, and every change of a posting."""

from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer


class Account(models.Model):
    """A place where money stands, such as `cash` or `sales:<order>`."""

    name = models.CharField(max_length=80)
    currency = models.CharField(max_length=3)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "currency"], name="account_once")]


class Transfer(models.Model):
    """Money that moved, once for `key`."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    key = models.CharField(max_length=120, unique=True)
    at = models.DateTimeField()
    purpose = models.CharField(max_length=60)


class Posting(models.Model):
    """One side of a transfer; positive is received by the account."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    amount_minor = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(amount_minor=0), name="posting_moves_money")]


class ChargeState(models.TextChoices):
    """Pending until the provider's answer is known."""

    pending = "pending"
    paid = "paid"
    declined = "declined"


class Charge(models.Model):
    """What a customer is asked to pay; `key` is the provider's idempotency key."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    key = models.CharField(max_length=120, unique=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT)
    purpose = models.CharField(max_length=60)
    amount_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=ChargeState, default=ChargeState.pending)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)


class Refund(models.Model):
    """What a customer gets back of a charge; `key` is the provider's idempotency key. Void where nothing was paid."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    key = models.CharField(max_length=120, unique=True)
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="refunds")
    amount_minor = models.PositiveBigIntegerField()
    state = models.CharField(max_length=8, choices=ChargeState, default=ChargeState.pending)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
