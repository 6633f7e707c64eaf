"""Vendrive runs unattended car vending towers."""
