"""What must never happen, by the number of the mistake."""
