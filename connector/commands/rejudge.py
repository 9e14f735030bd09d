"""`understudy rejudge`: let today's judge look at stored answers. No challenger is asked."""

from __future__ import annotations

from pathlib import Path

import typer

from connector.app import build
from connector.commands._common import (
    DEFAULT_CONFIG,
    ConfigPath,
    Epoch,
    LogFormat,
    MaxCost,
    Quiet,
    Yes,
    chatter,
    load,
    run,
)
from connector.commands._cycle import cycle, say_interrupted
from connector.commands._plan_table import NOT_APPROVED, approved, make_plan


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
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        code = run(_rejudge(config, epoch, yes=yes, max_cost=max_cost, quiet=quiet, log_format=log_format))
        raise typer.Exit(code)


async def _rejudge(
    path: Path, epoch: str | None, *, yes: bool, max_cost: float | None, quiet: bool, log_format: str | None
) -> int:
    config, console = load(path, quiet=quiet, log_format=log_format), chatter(quiet=quiet)
    async with build(config, path, max_cost_usd=max_cost) as app:
        await say_interrupted(app, console)
        version, marks = app.engine.arena.jury.version, app.engine.fingerprints
        others = await app.store.judged_by_others(version, marks, epoch)
        console.print(f"{len(others.to_judge)} duel(s) for {version} to judge; {others.known} it has judged before")
        # What a killed run has left answered is judged with the rest, and is paid for too.
        left = [load for load in await app.store.loads(marks) if load.rolled]
        made = await make_plan(app, [*others.to_judge, *left])
        if made.duels and not approved(console, made, yes=yes):
            return NOT_APPROVED
        await app.store.judge_again(version, marks, epoch)
        return await cycle(app, console, rolled=True)
