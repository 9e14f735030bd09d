"""What a scan found, in a hundred columns: by fate and reason, and below each by format and integration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from connector.formats.detect import NO_FORMAT
from connector.ledger import by_reason
from connector.types import Count, Fate, Masked

_FORMAT, _INTEGRATION, _COUNT, _EXAMPLE = 20, 30, 9, 36
"""Widths in columns; with what is between them, 100. Trace ids have 32 or 36 characters."""
_NOTES = {
    NO_FORMAT: (
        "tables of your own are read as soon as [formats.custom_keys] in config.toml names their keys;",
        "`understudy show TRACE` draws how a trace was read",
    ),
}
_BLOCKED = (
    "blocked: what cannot be searched goes to nobody; `fail_closed = false` in [redaction] lets pictures, sounds and",
    "files pass as they are, and has texts that are too long replaced by a placeholder",
)
"""What helps, by reason; and what does where nothing may pass unmasked."""


def print_scan(console: Console, ledger: Sequence[Count]) -> None:
    """Print where every trace and every turn would end, with an example trace of each; the sums last."""
    for of in sorted({"trace", "turn", *(each.of for each in ledger)}, key=("trace", "turn", "item").index):
        counts = [each for each in ledger if each.of == of]
        logged = ("format", "integration") if of == "turn" else ("", "")
        console.print(Text(f"{of}s", "bold"))
        console.print(_grid([(*logged, "count", "example trace")], style="bold"))
        for kind in by_reason(counts):
            console.print(Text(f"{kind.fate}: {kind.reason}" if kind.reason else kind.fate))
            alike = [each for each in counts if (each.fate, each.reason) == (kind.fate, kind.reason)]
            console.print(_grid([(*_logged(each), f"{each.count:,}", each.example) for each in alike]))
        console.print(_grid([("sum", "", f"{sum(each.count for each in counts):,}", "")]))
        console.print()
    for reason in _NOTES.keys() & {each.reason for each in ledger}:
        console.print(Text("\n".join((f"{reason}:", *_NOTES[reason]))))
    if any(each.fate == Fate.BLOCKED for each in ledger):
        console.print(Text("\n".join(_BLOCKED)))


def print_masked(console: Console, masked: Mapping[str, Masked]) -> None:
    """Print how much would be masked, by kind; never what it is."""
    if not masked:
        return
    console.print(Text("masked", "bold"))
    console.print(_grid([("kind", "", "values", "turns that hold any")], style="bold"))
    counts = [(kind, "", f"{found.values:,}", f"{found.challenges:,}") for kind, found in masked.items()]
    console.print(_grid(counts))


def _logged(count: Count) -> tuple[str, str]:
    if count.of != "turn":
        return "", ""
    return count.format or "—", _cut(count.integration or "—")


def _cut(name: str) -> str:
    """Names of integrations differ at their end."""
    return name if len(name) <= _INTEGRATION else f"…{name[1 - _INTEGRATION :]}"


def _grid(rows: Sequence[tuple[str, str, str, str]], *, style: str = "") -> Table:
    found = Table.grid(padding=(0, 1))
    found.add_column(width=1)
    for width in (_FORMAT, _INTEGRATION):
        found.add_column(width=width, no_wrap=True)
    found.add_column(width=_COUNT, justify="right", no_wrap=True)
    found.add_column(width=_EXAMPLE, no_wrap=True)
    for row in rows:
        found.add_row("", *(Text(cell, style) for cell in row))
    return found
