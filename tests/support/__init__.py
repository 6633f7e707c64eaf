"""Shared by tests: waiting for conditions, real programs as fixtures."""
