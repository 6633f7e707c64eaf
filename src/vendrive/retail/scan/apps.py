"""The scan as a Django application."""

from django.apps import AppConfig

from vendrive.retail.scan.checks import check_car_model

__all__ = ["ScanConfig", "check_car_model"]


class ScanConfig(AppConfig):
    """Importing this module registers the check of the car model."""

    name = "vendrive.retail.scan"
