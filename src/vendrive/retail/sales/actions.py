"""Buying the car that was driven: 10 % down, once it is back."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction

from vendrive.retail.config import ports
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import LIVE, Drive, DriveState
from vendrive.retail.drives.queries import access_drive
from vendrive.retail.drives.scarcity import pool_key, take
from vendrive.retail.events.actions import once, record
from vendrive.retail.fleet.models import Vehicle, VehicleState
from vendrive.retail.payments.actions import open_charge, settle_charge
from vendrive.retail.payments.models import ChargeState
from vendrive.retail.sales.models import SalesOrder, SalesState
from vendrive.wire.errors import ErrorCode, Refused

PERCENT = 100
ASK_AGAIN_AFTER = timedelta(seconds=30)


def buy_vehicle(customer: Customer, drive_id: UUID | str, key: str) -> SalesOrder:
    """Order the vehicle of a returned drive and charge the down payment; a replay of `key` returns the same order.

    The vehicle leaves the pool at once. The order is pending while the provider's answer is unknown.
    Raise Refused: drive_not_found, drive_not_open (not returned yet), not_for_sale, payment_declined.
    """
    drive = access_drive(customer, drive_id)
    request = {"drive_id": str(drive.id)}
    order_id = once(f"{customer.id}:buy_vehicle", key, request, lambda: str(take(PurchasePlan(customer, drive)).id))
    order = settle_order(UUID(order_id))
    if order.state == SalesState.declined:
        raise Refused(ErrorCode.payment_declined)
    return order


def settle_order(order_id: UUID) -> SalesOrder:
    """Ask about the down payment where it is pending, and let the order and the vehicle follow the answer."""
    order = SalesOrder.objects.get(pk=order_id)
    charge = settle_charge(order.charge_id)
    with transaction.atomic():
        order = SalesOrder.objects.select_for_update().get(pk=order_id)
        if order.state == SalesState.pending and charge.state != ChargeState.pending:
            paid = charge.state == ChargeState.paid
            order.state = SalesState.placed if paid else SalesState.declined
            order.save(update_fields=["state"])
            after = VehicleState.sold if paid else VehicleState.pool
            Vehicle.objects.filter(pk=order.vehicle_id).update(state=after)
            record("retail", f"sale_{order.state}", order.id)
    return order


def settle_pending_orders() -> int:
    """Go on with every order that has waited for its down payment for a while; return how many those are.

    The order counts, not the charge: whoever died between the two left a charge that is paid and an order that waits.
    """
    before = ports().clock.now() - ASK_AGAIN_AFTER
    waiting = SalesOrder.objects.filter(state=SalesState.pending, charge__asked_at__lte=before).order_by("ordered_at")
    for order in waiting:
        settle_order(order.pk)
    return len(waiting)


def get_sales_order(drive: Drive) -> SalesOrder | None:
    """Return the order that stands for the drive's vehicle, or None."""
    standing = (SalesState.pending, SalesState.placed)
    return SalesOrder.objects.filter(drive=drive, state__in=standing).first()


@dataclass
class PurchasePlan:
    """One vehicle leaves the pool for good."""

    customer: Customer
    drive: Drive

    @property
    def keys(self) -> tuple[str, ...]:
        vehicle = self.drive.vehicle
        # The pool's key too, so that no booking takes the vehicle at the same moment.
        return (
            f"drive:{self.drive.pk}",
            pool_key(vehicle.tower_id, vehicle.model_id),
            f"vehicle:{vehicle.pk}",
        )

    def check(self) -> None:
        drive = Drive.objects.select_for_update().get(pk=self.drive.pk)
        if drive.state != DriveState.returned:
            raise Refused(ErrorCode.drive_not_open, state=drive.state)
        vehicle = Vehicle.objects.select_for_update().get(pk=drive.vehicle_id)
        promised = Drive.objects.filter(vehicle=vehicle, state__in=LIVE).exists()
        if vehicle.state != VehicleState.pool or promised:
            raise Refused(ErrorCode.not_for_sale)

    def apply(self) -> SalesOrder:
        model = self.drive.model
        down_minor = model.price_minor * self.drive.rules.down_payment_percent // PERCENT
        order = SalesOrder(
            customer=self.customer,
            drive=self.drive,
            vehicle=self.drive.vehicle,
            price_minor=model.price_minor,
            down_payment_minor=down_minor,
            currency=model.currency,
            ordered_at=ports().clock.now(),
        )
        order.charge = open_charge(self.customer, f"sale:{order.id}", "down_payment", down_minor, model.currency)
        order.save(force_insert=True)
        Vehicle.objects.filter(pk=order.vehicle_id).update(state=VehicleState.reserved)
        record(f"customer:{self.customer.pk}", "vehicle_ordered", order.id, drive=str(self.drive.pk))
        return order
