"""`understudy rejudge`: let today's judge look at stored answers. No challenger is asked."""

from __future__ import annotations

from pathlib import Path

import typer

from connector.app import build
from connector.commands._common import (
    DEFAULT_CONFIG,
    CacheMode,
    ConfigPath,
    Epoch,
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
from connector.commands._plan_table import NOT_APPROVED, approved, make_plan
from connector.config import Config


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(
        help="Judge stored answers again, with the judge that the configuration now names; then show its leaderboard. "
        "No challenger is asked, what a judge has said before is not bought again, and nothing that was said is lost."
    )
    def rejudge(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        epoch: Epoch = None,
        yes: Yes = False,
        max_cost: MaxCost = None,
        cache: CacheMode = None,
        no_cache: NoCache = False,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        read = caching(load(config, quiet=quiet, log_format=log_format), cache, off=no_cache)
        code = run(_rejudge(config, read, epoch, yes=yes, max_cost=max_cost, quiet=quiet))
        raise typer.Exit(code)


async def _rejudge(
    path: Path, config: Config, epoch: str | None, *, yes: bool, max_cost: float | None, quiet: bool
) -> int:
    console = chatter(quiet=quiet)
    async with build(config, path, max_cost_usd=max_cost, spending=True) as app:
        say_interrupted(app, console)
        version, marks = app.engine.arena.jury.version, app.engine.fingerprints
        others = await app.store.judged_by_others(version, marks, epoch)
        console.print(f"{len(others.to_judge)} duel(s) for {version} to judge; {others.known} it has judged before")
        if others.wordless:
            console.print(f"{others.wordless} duel(s) are left out: their texts are gone")
        # What a killed run has left answered is judged with the rest, and is paid for too.
        left = [load for load in await app.store.loads(marks) if load.rolled]
        made = await make_plan(app, [*others.to_judge, *left])
        if made.duels and not approved(console, made, yes=yes):
            return NOT_APPROVED
        await app.store.judge_again(version, marks, epoch)
        return await cycle(app, console, rolled=True)
