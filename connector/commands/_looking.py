"""The free half of a cycle, with its ledger."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console

from connector.app import App
from connector.commands._common import table
from connector.types import Fate

SECOND_LOOK_S = 2.0
"""A trace counts as settled when two looks agree; a single cycle takes both by itself."""

Ledger = Mapping[tuple[str, Fate, str], int]


async def look_twice(app: App, console: Console) -> int:
    """Poll until what is there has been seen twice; return how many duels are new."""
    with console.status("reading traces …"):
        fresh = await app.engine.poll()
        if any(fate is Fate.WAITING for _, fate, _ in await app.store.ledger()):
            await app.engine.clock.sleep(SECOND_LOOK_S)
            fresh += await app.engine.poll()
    return fresh


def show_ledger(console: Console, ledger: Ledger, examples: Mapping[tuple[str, Fate, str], str]) -> None:
    """Print where every trace and every turn has ended, with an example of each; the sums last."""
    for of in ("trace", "turn"):
        kinds = {key: count for key, count in sorted(ledger.items(), key=lambda pair: -pair[1]) if key[0] == of}
        rows = [(key[1].value, key[2] or "—", f"{count:,}", examples.get(key, "—")) for key, count in kinds.items()]
        rows.append(("sum", "", f"{sum(kinds.values()):,}", ""))
        console.print(table(f"{of}s", (of, "reason", "count", "example trace"), rows, words=2))
        console.print()
