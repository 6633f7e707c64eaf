"""The pure core: what a tower is, how long a move takes, what to do next, what is safe to ask."""
