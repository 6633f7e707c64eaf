"""Measured figures: one module per published table."""
