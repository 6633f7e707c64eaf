"""See a car, take a picture, find it: what the scan knows, what it was shown, and what people let us keep."""
