"""Live events for the console: a small ASGI process."""
