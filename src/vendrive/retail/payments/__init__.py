"""Money: integers of minor units in a double-entry ledger."""
