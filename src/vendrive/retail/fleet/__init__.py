"""Towers, vehicles, and the line between retail and the stations."""
