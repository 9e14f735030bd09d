"""A gate as a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from connector.gate_text.sayings import notes, reasons, sheet
from connector.leaderboard_text.markdown import plain, table
from judges.standings.gated import Gate

MARKER: Final = "<!-- understudy-gate -->"
"""The first line, which nobody sees: who finds it in a comment of theirs updates that one instead of adding another."""


def comment(gate: Gate) -> str:
    """Return Markdown: the table, why anything does not pass, and what it rests on."""
    why = _items(reasons(gate))
    sections = [table(sheet(gate), "###"), *([f"#### Why\n\n{why}"] if why else []), _items(notes(gate))]
    return "\n\n".join([MARKER, *sections])


def _items(texts: Iterable[str]) -> str:
    return "\n".join(f"- {plain(text)}" for text in texts)
