"""The adapter for the machines of TEMPLATE."""
