"""Buying the car that was driven."""
