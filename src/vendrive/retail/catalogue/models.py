"""Nouns of the catalogue. Prices are minor units of CNY; demo prices are called so on every page."""

from django.db import models


class Brand(models.Model):
    """A maker's brand."""

    slug = models.SlugField(primary_key=True, max_length=40)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)


class VehicleModel(models.Model):
    """A model that can be driven. Sizes are over all, mirrors folded."""

    slug = models.SlugField(primary_key=True, max_length=60)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="models")
    name = models.CharField(max_length=80)
    name_zh = models.CharField(max_length=80)
    body = models.CharField(max_length=30)
    energy = models.CharField(max_length=30)
    range_km = models.PositiveIntegerField()
    seats = models.PositiveSmallIntegerField(default=5)
    length_mm = models.PositiveIntegerField()
    width_mm = models.PositiveIntegerField()
    height_mm = models.PositiveIntegerField()
    mass_kg = models.PositiveIntegerField()
    price_minor = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3, default="CNY")
    position = models.PositiveSmallIntegerField(default=0)


class Paint(models.Model):
    """A colour of a model; `colour` is `#rrggbb`."""

    model = models.ForeignKey(VehicleModel, on_delete=models.CASCADE, related_name="paints")
    slug = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    name_zh = models.CharField(max_length=60)
    colour = models.CharField(max_length=7)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "slug"], name="paint_once_per_model")]
