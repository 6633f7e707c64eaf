"""The interfaces for phones and for stations."""
