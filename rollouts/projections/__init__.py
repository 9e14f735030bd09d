"""Messages in each provider's own form, and back. Pure functions, one module per form."""
