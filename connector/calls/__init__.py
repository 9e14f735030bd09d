"""Observations → calls, each once and with all that the model saw; `connector.assemble` takes the steps in order."""
