"""Brands, models and paints."""
