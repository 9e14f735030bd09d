"""A history as people read it."""
