"""The simulated tower: physics, sensors, faults, a safety PLC, and a real OPC UA server before them."""
