"""Langfuse in, Langfuse out: the state, the schedule, and the one route that every record takes."""
