"""Compare a rollout with the baseline, and add up what the judges said. Knows nothing of Langfuse, storage or time."""
