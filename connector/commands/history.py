"""`understudy history`: every challenger from epoch to epoch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from connector.app import build
from connector.chronicle import History, chronicle
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, load, results, run
from connector.commands._history_table import print_history
from connector.history_text.as_csv import as_csv
from rollouts.errors import Fatal
from rollouts.types import Tier


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Show win rates epoch by epoch, and whether a challenger changed or its traffic. Calls nobody.")
    def history(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        challenger: Annotated[str | None, typer.Option(help="Only this one.")] = None,
        tier: Annotated[Tier | None, typer.Option(help="Only this tier.")] = None,
        as_json: AsJson = False,
        csv: Annotated[bool, typer.Option("--csv", help="The result as CSV.")] = False,
    ) -> None:
        found = run(_history(config, challenger, tier))
        if as_json:
            sys.stdout.write(found.model_dump_json() + "\n")
        elif csv:
            sys.stdout.write(as_csv(found))
        else:
            print_history(results(), found, of=" in ".join(filter(None, (challenger, tier and f"the {tier} tier"))))


async def _history(path: Path, challenger: str | None, tier: Tier | None) -> History:
    async with build(load(path), path, online=False) as app:
        periods = await app.engine.books.periods()
        names = sorted({*app.config.challengers, *(name for each in periods for name in each.fingerprints)})
    if challenger is not None and challenger not in names:
        raise Fatal(f"there is no challenger {challenger!r}", hint=f"those there: {', '.join(names)}")
    return chronicle(periods, only=challenger, tier=tier)
