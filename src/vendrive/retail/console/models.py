"""What the console keeps for itself: tries to sign in."""

from django.db import models


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
