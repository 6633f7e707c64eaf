"""Money of a drive: what is paid before it, what goes back, and what becomes of money that comes late."""

from uuid import UUID

from django.db import transaction

from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.lifecycle import book_held, end_drive
from vendrive.retail.drives.models import OPEN, Drive, DriveState
from vendrive.retail.drives.notices import TOLD_BY, tell_of
from vendrive.retail.drives.reserving import How, Wanted, reserve
from vendrive.retail.drives.terms import CURRENCY
from vendrive.retail.events.actions import record
from vendrive.retail.payments.actions import open_charge, open_refund, settle_charge
from vendrive.retail.payments.models import Charge, ChargeState
from vendrive.wire.errors import ErrorCode, Refused

PERCENT = 100
PURPOSE = "drive"


def pay(drive_id: UUID) -> None:
    """Ask for what a held drive costs and let it follow the answer; raise Refused (payment_declined).

    Call it outside a transaction: no lock waits for a bank, and what the bank says is not rolled back.
    """
    with transaction.atomic():
        drive = Drive.objects.select_for_update().get(pk=drive_id)
        if drive.state == DriveState.held and drive.charge_id is None:
            amount_minor = drive.fee_minor + drive.deposit_minor
            customer = Customer.objects.get(pk=drive.customer_id)
            drive.charge = open_charge(customer, f"drive:{drive.pk}", PURPOSE, amount_minor, CURRENCY)
            drive.save(update_fields=["charge"])
    settle_drive(drive_id)
    if Charge.objects.get(drive=drive_id).state == ChargeState.declined:
        raise Refused(ErrorCode.payment_declined)


def settle_drive(drive_id: UUID) -> None:
    """Ask what became of a drive's charge: paid books it, declined ends it, unknown leaves it as it is."""
    charge_id = Drive.objects.get(pk=drive_id).charge_id
    if charge_id is None:
        return
    charge = settle_charge(charge_id)
    late: Drive | None = None
    with transaction.atomic():
        drive = Drive.objects.select_for_update(of=("self",)).select_related("terms").get(pk=drive_id)
        if charge.state == ChargeState.declined and drive.state == DriveState.held:
            end_drive(drive, DriveState.lapsed, "payment_declined")
            record("retail", "hold_ended", drive.id, because="payment_declined")
        elif charge.state == ChargeState.paid and drive.state == DriveState.held:
            book_held(drive, "retail")
        elif charge.state == ChargeState.paid and drive.state == DriveState.lapsed:
            late = drive
    if late is not None:
        _book_late(late, charge)


def give_back(drive: Drive, kept_percent: int) -> None:
    """Owe the customer what was paid, the deposit and the fee without the share that is kept; once for a drive.

    Call it in the transaction that ends the drive; the worker hands the money over.
    """
    if drive.charge_id is None:
        return
    charge = Charge.objects.get(pk=drive.charge_id)
    kept_minor = drive.fee_minor * kept_percent // PERCENT
    open_refund(charge, f"drive:{drive.pk}:back", drive.fee_minor - kept_minor + drive.deposit_minor)


def _book_late(drive: Drive, charge: Charge) -> None:
    """Money came after the hold had lapsed: the same car and time where they are still free, else the money back."""
    customer = Customer.objects.get(pk=drive.customer_id)
    wanted = Wanted(drive.model_id, drive.paint.slug, drive.tower_id, drive.pickup_at, drive.due_at)
    how = How(DriveState.booked, None, drive.terms_accepted_at, drive.terms_language, f"{TOLD_BY}late_payment")
    try:
        with transaction.atomic():
            booked = reserve(customer, wanted, how)
            Drive.objects.filter(pk=drive.pk).update(charge=None, ended_because="booked_late")
            Drive.objects.filter(pk=booked.drive_id).update(
                charge=charge, fee_minor=drive.fee_minor, deposit_minor=drive.deposit_minor
            )
            tell_of(drive, "booked_late")
            record("retail", "drive_booked_late", booked.drive_id, instead_of=str(drive.pk))
    except Refused as refused:
        with transaction.atomic():
            give_back(drive, 0)
            Drive.objects.filter(pk=drive.pk, state=DriveState.lapsed).update(ended_because="paid_but_gone")
            tell_of(drive, "paid_but_gone")
            record("retail", "paid_but_gone", drive.pk, because=refused.code)


def list_unsettled() -> list[UUID]:
    """Return drives whose charge is pending, or was paid when the hold was over, oldest first."""
    held = Drive.objects.filter(charge__state=ChargeState.pending)
    late = Drive.objects.filter(charge__state=ChargeState.paid, state=DriveState.lapsed, ended_because="not_confirmed")
    waiting = Drive.objects.filter(charge__state=ChargeState.paid, state=DriveState.held)
    return list((held | late | waiting).exclude(state__in=OPEN).order_by("booked_at").values_list("pk", flat=True))
