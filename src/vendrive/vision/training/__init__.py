"""Training of the car encoder: needs the extra `train` (torch, onnx), which no program needs at run time."""
