"""`understudy forget`: take out what was said, and keep what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, NOT_AGREED, ConfigPath, agreed, chatter, load, results, run
from connector.config import Config
from connector.subjects import Forgot, Subject
from rollouts.errors import UnderstudyError

User = Annotated[list[str] | None, typer.Option("--user", help="Forget all that this user said, before now.")]
Session = Annotated[list[str] | None, typer.Option("--session", help="Forget all traces of this session.")]
Trace = Annotated[
    list[str] | None,
    typer.Option("--trace", help="Forget this trace, and the texts of later ones of its session, which repeat it."),
]


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(
        help="Remove texts from the store, the cache and Langfuse (only what Understudy wrote there); figures stay, "
        "without ids. What is forgotten is not taken again. Works beside the daemon."
    )
    def forget(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        user: User = None,
        trace: Trace = None,
        session: Session = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Without asking; needed off a terminal.")] = False,
    ) -> None:
        subjects = [
            *(Subject("user", each) for each in user or ()),
            *(Subject("trace", each) for each in trace or ()),
            *(Subject("session", each) for each in session or ()),
        ]
        if not subjects:
            raise typer.BadParameter("say whom to forget: --user, --trace or --session")
        read, console = load(config), chatter()
        found = run(_forget(config, read, subjects, really=False))
        console.print(_said(found))
        if dry_run:
            return
        if not yes and not agreed(console, "Forget them for good?"):
            raise typer.Exit(NOT_AGREED)
        run(_forget(config, read, subjects, really=True))
        results().print("forgotten here")
        raise typer.Exit(run(_elsewhere(config, read, console)))


async def _forget(path: Path, config: Config, subjects: Sequence[Subject], *, really: bool) -> Forgot:
    """Before anything else, and whether Langfuse can be reached or not."""
    async with build(config, path, online=False) as app:
        return await app.keeper.forget(subjects, really=really)


async def _elsewhere(path: Path, config: Config, console: Console) -> int:
    try:
        async with build(config, path, alone=False) as app:
            removed = await app.keeper.remove()
            await app.engine.publish(every=True)  # names of traces stand on leaderboards
            again = "the daemon or the next `once` looks once more, after 10 minutes or later"
            results().print(f"{removed} object(s) removed where results were posted; {again}")
    except UnderstudyError as error:
        console.print(f"error: {error}")
        console.print("hint: it is noted; `run` or the next `once` removes what is left")
        return 1
    return 0


def _said(found: Forgot) -> str:
    there = f"{found.elsewhere} thing(s) in Langfuse, the cache and the file"
    return f"{found.traces} trace(s), {found.challenges} turn(s) with texts, {found.duels} duel(s); {there} to remove"
