"""The plan as a person reads it before agreeing to spend."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import typer
from rich.console import Console

from connector.app import App
from connector.commands._common import table
from connector.planning import Load, Plan, plan

NOT_APPROVED = 3
"""The exit code of a verb that was not allowed to spend."""

COLUMNS = ("model", "role", "calls", "most", "tokens in", "tokens out", "expected $", "maximum $", "price from")


async def make_plan(app: App, loads: Iterable[Load] | None = None) -> Plan:
    """Add up `loads`, or what is queued for today's challengers."""
    arena = app.engine.arena
    if loads is None:
        loads = await app.store.loads(app.engine.fingerprints)
    challengers = list(arena.challengers.values())
    return plan(loads, challengers, arena.jury, app.config.budget.output_tokens)


def show(console: Console, made: Plan) -> None:
    """Print the plan, the sum last."""
    rows = [
        (
            line.model,
            line.role,
            f"{line.calls:,}",
            f"{line.most_calls:,}",
            f"{line.input_tokens:,}",
            f"{line.output_tokens:,}",
            money(line.expected_usd),
            money(line.maximum_usd),
            line.price_source or "nobody",
        )
        for line in made.lines
    ]
    console.print(table(f"Plan for {made.duels:,} duels", COLUMNS, rows))
    if made.maximum_usd is None:
        console.print("MAXIMUM SPEND unknown: a price is missing; set `price` or `free = true` on that model")
    else:
        console.print(f"MAXIMUM SPEND ≤ ${made.maximum_usd:.2f} · expected about ${made.expected_usd or 0.0:.2f}")


def money(amount: float | None) -> str:
    """Write USD with as many digits as small sums need."""
    if amount is None:
        return "unknown"
    return f"{amount:.2f}" if amount >= 1 or amount == 0 else f"{amount:.4f}"


def approved(console: Console, made: Plan, *, yes: bool) -> bool:
    """Show the plan, and ask unless `yes`. Off a terminal nobody can be asked, so nothing is spent."""
    show(console, made)
    if yes:
        return True
    if not sys.stdin.isatty():
        console.print("error: off a terminal spending needs --yes")
        return False
    return typer.confirm("Spend it?", err=True)
