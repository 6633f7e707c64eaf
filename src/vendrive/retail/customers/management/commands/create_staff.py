"""Make an account for the console, or give it a new password."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    """Make an account for the console, or give it a new password."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("password")

    def handle(self, *args: object, **options: Any) -> None:
        user, _ = User.objects.get_or_create(username=options["name"])
        user.is_staff = True
        user.set_password(options["password"])
        user.save()
