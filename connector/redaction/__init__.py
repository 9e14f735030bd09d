"""Personal data and secrets: found in what production logged, and masked before anything else sees it."""
