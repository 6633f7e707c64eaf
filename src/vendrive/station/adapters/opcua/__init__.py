"""OPC UA: `vendrive.station.opcua` holds the adapter, quality.yaml how far it is."""
