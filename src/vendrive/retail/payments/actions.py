"""Writes of money: charges through the port, transfers in the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.events.actions import record
from vendrive.retail.payments.models import Account, Charge, ChargeState, Posting, Refund, Transfer
from vendrive.retail.ports import Payment

CASH = "cash"
SALES_DEPOSITS = "sales_deposits"
DRIVE_RECEIPTS = "drive_receipts"
ACCOUNTS = {"down_payment": SALES_DEPOSITS}
"""Where the money of a purpose stands; that of drives, their deposits included, is the rest."""


@dataclass(frozen=True)
class Leg:
    """What an account receives (positive) or gives, in minor units."""

    account: str
    amount_minor: int
    currency: str


class Unbalanced(ValueError):
    """The legs of a transfer do not sum to zero in each currency."""


def post_transfer(key: str, purpose: str, legs: Sequence[Leg]) -> Transfer:
    """Move money once for `key`; a replay returns the first transfer. Raise Unbalanced."""
    for currency in {leg.currency for leg in legs}:
        if sum(leg.amount_minor for leg in legs if leg.currency == currency):
            raise Unbalanced(purpose)
    if len(legs) < 2:
        raise Unbalanced(purpose)
    with transaction.atomic():
        transfer, new = Transfer.objects.get_or_create(
            key=key, defaults={"at": ports().clock.now(), "purpose": purpose}
        )
        if new:
            Posting.objects.bulk_create(
                Posting(transfer=transfer, account=_account(leg), amount_minor=leg.amount_minor) for leg in legs
            )
    return transfer


def open_charge(customer: Customer, key: str, purpose: str, amount_minor: int, currency: str) -> Charge:
    """Write down that the customer will be asked to pay; nothing has been asked yet."""
    return Charge.objects.create(
        key=key,
        customer=customer,
        purpose=purpose,
        amount_minor=amount_minor,
        currency=currency,
        asked_at=ports().clock.now(),
    )


def settle_charge(charge_id: UUID) -> Charge:
    """Ask the provider about a pending charge and write down what is known; unknown stays pending.

    Call it outside a transaction: whatever the provider answers must not be rolled back with something else.
    """
    charge = Charge.objects.get(pk=charge_id)
    if charge.state != ChargeState.pending:
        return charge
    answer = ports().payments.charge(charge.key, charge.amount_minor, charge.currency)
    with transaction.atomic():
        charge = Charge.objects.select_for_update().get(pk=charge_id)
        if charge.state == ChargeState.pending and answer is not Payment.unknown:
            _settle(charge, answer)
    return charge


def open_refund(charge: Charge, key: str, amount_minor: int) -> None:
    """Write down that the customer gets money back, once for `key`; the worker hands it over."""
    if amount_minor:
        defaults = {"charge": charge, "amount_minor": amount_minor, "asked_at": ports().clock.now()}
        Refund.objects.get_or_create(key=key, defaults=defaults)


def settle_refunds() -> int:
    """Hand over what is owed, where its charge was paid; return how many refunds are settled now."""
    waiting = Refund.objects.filter(state=ChargeState.pending).exclude(charge__state=ChargeState.pending)
    return sum(_settle_refund(pk) for pk in list(waiting.order_by("asked_at").values_list("pk", flat=True)))


def _settle(charge: Charge, answer: Payment) -> None:
    charge.state = ChargeState.paid if answer is Payment.paid else ChargeState.declined
    charge.answered_at = ports().clock.now()
    charge.save(update_fields=["state", "answered_at"])
    record("retail", f"charge_{charge.state}", charge.id, amount_minor=charge.amount_minor, currency=charge.currency)
    if answer is Payment.paid:
        legs = (
            Leg(CASH, charge.amount_minor, charge.currency),
            Leg(ACCOUNTS.get(charge.purpose, DRIVE_RECEIPTS), -charge.amount_minor, charge.currency),
        )
        post_transfer(f"charge:{charge.id}", charge.purpose, legs)


def _settle_refund(refund_id: UUID) -> int:
    refund = Refund.objects.select_related("charge").get(pk=refund_id)
    charge, answer = refund.charge, Payment.declined
    if charge.state == ChargeState.paid:
        answer = ports().payments.refund(refund.key, charge.key, refund.amount_minor, charge.currency)
        if answer is not Payment.paid:
            return 0  # it is owed until it is handed over: asked again with the same key
    with transaction.atomic():
        refund = Refund.objects.select_for_update().get(pk=refund_id)
        if refund.state != ChargeState.pending:
            return 0
        refund.state = ChargeState.paid if answer is Payment.paid else ChargeState.declined
        refund.answered_at = ports().clock.now()
        refund.save(update_fields=["state", "answered_at"])
        if answer is Payment.paid:
            account = ACCOUNTS.get(charge.purpose, DRIVE_RECEIPTS)
            amount_minor, currency = refund.amount_minor, charge.currency
            legs = (Leg(CASH, -amount_minor, currency), Leg(account, amount_minor, currency))
            post_transfer(f"refund:{refund.id}", "refund", legs)
        record("retail", f"refund_{refund.state}", refund.id, amount_minor=refund.amount_minor)
    return 1


def _account(leg: Leg) -> Account:
    return Account.objects.get_or_create(name=leg.account, currency=leg.currency)[0]
