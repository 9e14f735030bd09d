"""Bought answers in a file of their own."""
