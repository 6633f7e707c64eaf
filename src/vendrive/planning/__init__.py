"""The planner's workshop: bounds of what a tower can do, published instances and their optima, and simulation."""
