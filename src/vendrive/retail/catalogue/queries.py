"""Reads of the catalogue."""

from collections.abc import Sequence

from django.db.models import QuerySet

from vendrive.retail.catalogue.models import Brand, Paint, VehicleModel
from vendrive.wire.errors import ErrorCode, Refused


def list_brands() -> Sequence[Brand]:
    """Return brands with their models and paints, in the order of the shop."""
    return list(Brand.objects.order_by("position").prefetch_related("models__paints"))


def list_models() -> "QuerySet[VehicleModel]":
    """Return all models with brand and paints."""
    return (
        VehicleModel.objects.order_by("brand__position", "position").select_related("brand").prefetch_related("paints")
    )


def get_model(slug: str) -> VehicleModel:
    """Return the model; raise Refused (request_invalid)."""
    found = VehicleModel.objects.filter(slug=slug).select_related("brand").first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, model=slug)
    return found


def get_paint(model_slug: str, slug: str) -> Paint:
    """Return a paint of a model; raise Refused (request_invalid)."""
    found = Paint.objects.filter(model_id=model_slug, slug=slug).select_related("model__brand").first()
    if found is None:
        raise Refused(ErrorCode.request_invalid, paint=slug)
    return found
