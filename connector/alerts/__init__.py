"""What must not wait until somebody looks: told to webhooks, once an event."""
