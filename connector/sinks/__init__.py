"""One file per place results go to; its name is the `kind` in config.toml."""
