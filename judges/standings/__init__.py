"""Statistics over judgments: pure functions."""
