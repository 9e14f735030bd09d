"""`understudy once`: one whole cycle. Running it again goes on where the last one stopped."""

from __future__ import annotations

from pathlib import Path

import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, LogFormat, MaxCost, Quiet, Yes, chatter, load, run
from connector.commands._cycle import cycle, say_interrupted
from connector.commands._looking import look_twice
from connector.commands._plan_table import NOT_APPROVED, approved, make_plan


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Read, replay, judge and post everything that is due; then show the leaderboard.")
    def once(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        yes: Yes = False,
        max_cost: MaxCost = None,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        code = run(_once(config, yes=yes, max_cost=max_cost, quiet=quiet, log_format=log_format))
        raise typer.Exit(code)


async def _once(path: Path, *, yes: bool, max_cost: float | None, quiet: bool, log_format: str | None) -> int:
    config, console = load(path, quiet=quiet, log_format=log_format), chatter(quiet=quiet)
    async with build(config, path, max_cost_usd=max_cost) as app:
        await say_interrupted(app, console)
        await look_twice(app, console)
        made = await make_plan(app)
        if made.duels and not approved(console, made, yes=yes):
            return NOT_APPROVED
        return await cycle(app, console)
