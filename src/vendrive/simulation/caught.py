"""Which seed catches which safeguard when it is removed; made by `vendrive simulate ablations`."""

CAUGHT_BY: dict[str, int] = {}
