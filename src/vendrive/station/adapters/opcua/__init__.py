"""OPC UA: `machine` is the adapter, `fence` what it does not take on trust, quality.yaml how far it is."""
