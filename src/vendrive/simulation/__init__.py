"""The deterministic world: production code in virtual time, against the plant's own truth."""
