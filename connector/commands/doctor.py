"""`understudy doctor`: is everything in place? Free but for one tiny question to each model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connector.app import build
from connector.checkup import Finding, examine
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, load, results, run, table
from connector.store.sqlite import Occupied, SqliteStore
from rollouts.errors import UnderstudyError


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Check keys, Langfuse's version and mode, write permission, models and prices.")
    def doctor(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        ask: Annotated[bool, typer.Option(help="Ask each model one short question; it costs next to nothing.")] = True,
        as_json: AsJson = False,
    ) -> None:
        findings = run(_doctor(config, ask=ask))
        if as_json:
            sys.stdout.write(orjson.dumps([finding.model_dump() for finding in findings]).decode() + "\n")
        else:
            _print(findings)
        raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


async def _doctor(path: Path, *, ask: bool) -> list[Finding]:
    """What the questions cost counts, so they are asked only where the ledger is free: one process spends at a time."""
    config, found = load(path, quiet=True), list[Finding]()
    try:
        try:
            store = SqliteStore(str(path.parent / config.state) if ask else ":memory:")
        except Occupied as error:
            found.append(Finding(what="state", ok=True, said=f"{error}, so no model is asked now"))
            store, ask = SqliteStore(":memory:"), False
        async with build(config, path, store=store, role="doctor") as app:
            return [*found, *await examine(app, ask=ask)]
    except UnderstudyError as error:
        return [*found, Finding(what="start", ok=False, said=str(error), hint=error.hint)]


def _print(findings: list[Finding]) -> None:
    rows = [("ok" if f.ok else "FAILED", f.what, f"{f.said}{f' → {f.hint}' if f.hint else ''}") for f in findings]
    results().print(table("", ("", "what", "found"), rows, words=3))
