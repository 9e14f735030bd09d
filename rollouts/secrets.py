"""Secrets come from the environment, by name, and are nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

from rollouts.errors import Fatal


def read_secret(*names: str) -> str | None:
    """Return the first of the variables `names` that is set, or the text of the file that `<NAME>_FILE` names.

    Raises `Fatal` for a file that cannot be read. The shell's own variable wins over its file.
    """
    for name in names:
        value = os.environ.get(name) or _from_file(name)
        if value and value.strip():
            return value.strip()
    return None


def _from_file(name: str) -> str | None:
    path = os.environ.get(f"{name}_FILE")
    try:
        return Path(path).read_text(encoding="utf-8") if path else None
    except (OSError, UnicodeDecodeError) as error:
        raise Fatal(f"{name}_FILE cannot be read: {error}", hint="name a readable text file") from None
