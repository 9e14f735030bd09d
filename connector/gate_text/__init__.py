"""A gate as people and machines read it."""
