"""`understudy once`: one whole cycle. Running it again goes on where the last one stopped."""

from __future__ import annotations

from pathlib import Path

import typer

from connector.app import build
from connector.commands._common import (
    DEFAULT_CONFIG,
    CacheMode,
    ConfigPath,
    LogFormat,
    MaxCost,
    NoCache,
    Quiet,
    Yes,
    caching,
    chatter,
    load,
    run,
)
from connector.commands._cycle import cycle, say_interrupted
from connector.commands._looking import look_twice
from connector.commands._plan_table import NOT_APPROVED, approved, drawn, make_plan
from connector.config import Config


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Read, replay, judge and post everything that is due; then show the leaderboard.")
    def once(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        yes: Yes = False,
        max_cost: MaxCost = None,
        cache: CacheMode = None,
        no_cache: NoCache = False,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        read = caching(load(config, quiet=quiet, log_format=log_format), cache, off=no_cache)
        code = run(_once(config, read, yes=yes, max_cost=max_cost, quiet=quiet))
        raise typer.Exit(code)


async def _once(path: Path, config: Config, *, yes: bool, max_cost: float | None, quiet: bool) -> int:
    console = chatter(quiet=quiet)
    async with build(config, path, max_cost_usd=max_cost, spending=True) as app:
        say_interrupted(app, console)
        await look_twice(app, console, draw=False)
        if not await drawn(app, console, yes=yes):
            return NOT_APPROVED
        made = await make_plan(app)
        if made.held and not made.duels:
            console.print(
                f"{made.held:,} turns are held: the `challenges` of an epoch are spread over its time, and so far no "
                "more of them are due"
            )
        if made.duels and not approved(console, made, yes=yes):
            return NOT_APPROVED
        return await cycle(app, console)
