"""`understudy import`: traces of a file into the state, as if Langfuse had held them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, Quiet, chatter, load, run
from connector.commands._looking import look_twice, show_ledger
from connector.sources.jsonl import JsonlSource


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command("import", help="Queue the turns of a file that `export` wrote; `once` then carries them.")
    def import_(
        file: Annotated[Path, typer.Argument(help="Traces as JSON lines.")],
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        quiet: Quiet = False,
    ) -> None:
        run(_import(config, file, quiet=quiet))


async def _import(path: Path, file: Path, *, quiet: bool) -> None:
    console = chatter(quiet=quiet)
    async with build(load(path, quiet=quiet), path, online=False, alone=True) as app:
        app.engine.arena = replace(app.engine.arena, source=JsonlSource(file))
        fresh = await look_twice(app, console)
        show_ledger(console, await app.store.ledger())
    console.print(f"queued {fresh} duel(s)")
