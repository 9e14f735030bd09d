"""The free half of a cycle, with its ledger."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from connector.app import App
from connector.commands._common import table
from connector.ledger import by_reason
from connector.types import Count, Fate

SECOND_LOOK_S = 2.0
"""A trace counts as settled when two looks agree; a single cycle takes both by itself."""


async def look_twice(app: App, console: Console, *, draw: bool = True) -> int:
    """Poll until what is there has been seen twice, and `draw` from it; return how many duels are new."""
    with console.status("reading traces …"):
        fresh = await app.engine.poll()
        if any(each.fate is Fate.WAITING for each in await app.store.ledger()):
            await app.engine.clock.sleep(SECOND_LOOK_S)
            fresh += await app.engine.poll()
        fresh += await app.engine.refill()
        fresh += await app.engine.draw() if draw else 0
    return fresh


def show_ledger(console: Console, ledger: Sequence[Count]) -> None:
    """Print where every trace and every turn has ended, with an example of each; the sums last."""
    for of in sorted({"trace", "turn", *(each.of for each in ledger)}, key=("trace", "turn", "item").index):
        kinds = [each for each in by_reason(ledger) if each.of == of]
        rows = [(each.fate.value, each.reason or "—", f"{each.count:,}", each.example) for each in kinds]
        rows.append(("sum", "", f"{sum(each.count for each in kinds):,}", ""))
        console.print(table(f"{of}s", (of, "reason", "count", "example trace"), rows, words=2))
        console.print()
