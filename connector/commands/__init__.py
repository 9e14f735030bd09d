"""One file per verb of the command line; its name is the verb."""
