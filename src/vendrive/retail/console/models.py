"""What the console keeps for itself: tries to sign in, and the steps of procedures that staff ticked."""

from django.db import models

from vendrive.retail.fleet.models import Tower


class SignInTry(models.Model):
    """One try to sign in as staff, counted before the password is looked at. Names and addresses are keyed hashes."""

    name_hash = models.CharField(max_length=64)
    address_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["name_hash", "at"], name="staff_tries_of_a_name"),
            models.Index(fields=["address_hash", "at"], name="staff_tries_of_an_address"),
        ]


class StepTick(models.Model):
    """A member of staff looked, and says that a step is done. `alarm_seq` is the row that opened the alarm."""

    tower = models.ForeignKey(Tower, on_delete=models.PROTECT)
    alarm_seq = models.PositiveBigIntegerField()
    step = models.CharField(max_length=40)
    staff = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tower", "alarm_seq", "step"], name="a_step_is_ticked_once")]
