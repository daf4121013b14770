"""The unit of work and the stores that implement it."""
