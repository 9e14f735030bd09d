"""The plan as a person reads it before agreeing to spend."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import typer
from rich.console import Console

from connector.app import App
from connector.commands._common import table
from connector.planning.expecting import reaches, widths
from connector.planning.plan import Plan
from connector.planning.reckoning import Load, embedding, plan
from connector.types import Fate
from rollouts.cost import estimate_tokens
from rollouts.embedding import EmbeddingModel, batches, question

NOT_APPROVED = 3
"""The exit code of a verb that was not allowed to spend."""

COLUMNS = (
    "model",
    "role",
    "calls",
    "most",
    "tokens in",
    "tokens out",
    "expected $",
    "longest $",
)
_PRICES = ("model", "$ per million tokens, in / out", "price from")


async def make_plan(app: App, loads: Sequence[Load] | None = None) -> Plan:
    """Add up `loads`, or what is queued for today's challengers, and what that will tell."""
    arena, marks = app.engine.arena, app.engine.fingerprints
    if loads is None:
        loads = await app.store.loads(marks)
    made = plan(
        loads,
        list(arena.challengers.values()),
        arena.jury,
        app.config.budget.output_tokens,
        attempts=app.config.retry.attempts,
    )
    held = sum(each.count for each in await app.store.ledger() if each.of == "turn" and each.fate is Fate.HELD)
    judged = await app.store.judged_conversations(arena.jury.version, marks)
    told = widths(loads, judged, await app.engine.leaderboard(), arena.challengers)
    reached = reaches(app.budget.windows, made.lines, made.duels)
    return made.model_copy(update={"widths": tuple(told), "budgets": tuple(reached), "held": held})


async def plan_of_draw(app: App) -> Plan:
    """Return what drawing from the turns that wait would buy: vectors of their texts; for most it is nothing."""
    sampler = app.engine.sampler
    if sampler is None or not isinstance(sampler.embedder, EmbeddingModel):
        return Plan(duels=0, lines=())
    tokens = [estimate_tokens([question(batch)]) async for texts in app.engine.undrawn() for batch in batches(texts)]
    if not tokens:
        return Plan(duels=0, lines=())
    line = embedding(sampler.embedder.model, tokens, app.config.budget.output_tokens)
    return Plan(duels=0, lines=(line,), budgets=tuple(reaches(app.budget.windows, [line], 0)))


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
            money(line.longest_usd),
        )
        for line in made.lines
    ]
    console.print(table(_title(made), COLUMNS, rows))
    prices = dict.fromkeys((line.model, line.price or "unknown", line.price_source or "nobody") for line in made.lines)
    console.print(table("", _PRICES, list(prices), words=3))
    if len(made.tiers) > 1:
        console.print("duels by tier: " + " · ".join(f"{tier} {count:,}" for tier, count in made.tiers.items()))
    if made.held:
        console.print(
            f"{made.held:,} turns are held until they are drawn from: their duels are in none of these figures"
        )
    _show_sums(console, made)
    _show_widths(console, made)
    _show_budgets(console, made)


def _title(made: Plan) -> str:
    of_draw = not made.duels and any(line.role == "embedding" for line in made.lines)
    return "Plan for the draw" if of_draw else f"Plan for {made.duels:,} duels"


def _show_sums(console: Console, made: Plan) -> None:
    if made.maximum_usd is None:
        console.print("MAXIMUM SPEND unknown: a price is missing; set `price` or `free = true` on that model")
        return
    bound = "no more is left of the budget" if made.maximum_usd != made.lost_usd else "with every try but the last lost"
    console.print(f"MAXIMUM SPEND ≤ ${_up(made.maximum_usd)}: {bound}")
    console.print(
        f"with the longest answers ${_up(made.longest_usd or 0.0)} · expected about ${made.expected_usd or 0.0:.2f}"
    )
    if made.duels and not made.budgets and made.maximum_usd:
        console.print("No limit is set, so answers that nobody limits may be longer, and cost more: see [budget]")


def _show_widths(console: Console, made: Plan) -> None:
    known = [each for each in made.widths if each.fresh and each.half_width is not None]
    for each in known:
        sign = "at most ±" if each.assumed else "about ±"
        console.print(
            f"{each.challenger}: {each.judged} + {each.fresh} conversations → win rate {sign}"
            f"{100 * (each.half_width or 0.0):.1f} points"
        )
    if any(each.assumed for each in known):
        console.print("at most: nothing is judged yet, so the widest spread that scores can have is assumed")


def _show_budgets(console: Console, made: Plan) -> None:
    for each in made.budgets:
        pays = "" if each.pays_for is None else f", enough for about {min(each.pays_for, made.duels):,} of the duels"
        console.print(f"budget {each.window}: ${each.left_usd:.2f} of ${each.limit_usd:.2f} left{pays}")


def _up(usd: float) -> str:
    """Write a maximum, which is never rounded down."""
    return f"{math.ceil(round(usd * 100, 6)) / 100:.2f}"


def money(amount: float | None) -> str:
    """Write USD with as many digits as small sums need."""
    if amount is None:
        return "unknown"
    return f"{amount:.2f}" if amount >= 1 or amount == 0 else f"{amount:.4f}"


async def drawn(app: App, console: Console, *, yes: bool) -> bool:
    """Draw from the turns that wait; show and ask before anything is bought for it. Return whether it was allowed."""
    first = await plan_of_draw(app)
    if first.lines and not approved(console, first, yes=yes):
        return False
    with console.status("drawing …"):
        await app.engine.draw()
    return True


def approved(console: Console, made: Plan, *, yes: bool) -> bool:
    """Show the plan, and ask unless `yes`. Off a terminal nobody can be asked, so nothing is spent."""
    show(console, made)
    if yes:
        return True
    if not sys.stdin.isatty():
        console.print("error: off a terminal spending needs --yes")
        return False
    return typer.confirm("Spend it?", err=True)
