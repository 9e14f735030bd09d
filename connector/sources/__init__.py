"""One file per place traces come from; its name is the `kind` in config.toml."""
