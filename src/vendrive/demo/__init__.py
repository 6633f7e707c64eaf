"""Starts the programs on one machine, and what exists for demos alone."""
