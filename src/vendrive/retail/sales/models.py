"""Orders for cars."""

from django.db import models

from vendrive.ids import new_uuid
from vendrive.retail.customers.models import Customer
from vendrive.retail.drives.models import Drive
from vendrive.retail.fleet.models import Vehicle
from vendrive.retail.payments.models import Charge


class SalesState(models.TextChoices):
    """Pending until the down payment's outcome is known."""

    pending = "pending"
    placed = "placed"
    declined = "declined"


class SalesOrder(models.Model):
    """A customer buys the vehicle of a drive. Prices are minor units."""

    id = models.UUIDField(primary_key=True, default=new_uuid, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="sales_orders")
    drive = models.ForeignKey(Drive, on_delete=models.PROTECT, related_name="sales_orders")
    vehicle = models.ForeignKey(Vehicle, on_delete=models.PROTECT, related_name="sales_orders")
    charge = models.OneToOneField(Charge, on_delete=models.PROTECT)
    price_minor = models.PositiveBigIntegerField()
    down_payment_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=8, choices=SalesState, default=SalesState.pending)
    ordered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"], condition=models.Q(state__in=("pending", "placed")), name="a_vehicle_is_sold_once"
            )
        ]
