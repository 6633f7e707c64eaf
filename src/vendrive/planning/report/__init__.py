"""The pages of `vendrive tower`: what a simulation, a comparison or a search for a size has found, in plain words."""
