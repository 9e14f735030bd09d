"""One provider per file: its name is its kind, its fields are its keys in config.toml."""
