"""Asking people: which duels they see, how these are made blind, and what the answers come to."""
