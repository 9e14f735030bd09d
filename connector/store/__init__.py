"""Where progress is kept. One SQLite file with one writer thread."""
