"""Calls → turns, each once, and which of them are worth challenging; the rules stand in `connector.split`."""
