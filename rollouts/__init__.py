"""Replay one recorded turn on another model. Knows nothing of judging, Langfuse or storage."""
