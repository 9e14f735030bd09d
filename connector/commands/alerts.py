"""`understudy alerts`: try the webhooks, and see what they were told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.alerts.courier import addresses, send
from connector.alerts.events import trial
from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, load, results, run, table
from rollouts.errors import UnderstudyError

_COLUMNS = ("raised (UTC)", "kind", "what", "webhook", "state", "attempts")


def register(verb: typer.Typer) -> None:
    """Add the verbs."""
    verb.callback(help="Webhooks that are told of what must not wait: try them, or see what they were told.")(_nothing)

    @verb.command(help="Send a test to every webhook. Exits with 1 if any does not take it.")
    def test(config: ConfigPath = DEFAULT_CONFIG) -> None:
        raise typer.Exit(run(_test(config)))

    @verb.command(help="Show the newest alerts, and how far they have come.")
    def ls(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    ) -> None:
        run(_ls(config, limit))


def _nothing() -> None:
    """Each verb says what it does."""


async def _test(path: Path) -> int:
    console, known, code = results(), addresses(load(path).alerts), 0
    if not known:
        console.print("no webhooks are configured: [alerts] in the configuration names them")
    for address in known:
        now = datetime.now(UTC)
        try:
            await send(address, trial(now), now, now)
        except UnderstudyError as error:
            console.print(f"{error}{f'; {error.hint}' if error.hint else ''}")
            code = 1
        else:
            console.print(f"{address.name} took it")
    return code


async def _ls(path: Path, limit: int) -> None:
    async with build(load(path), path, online=False) as app:
        rows = await app.store.alerts(limit)
    shown = [
        (f"{at:%Y-%m-%d %H:%M}", event.kind, event.title, webhook or "-", state or "-", str(attempts))
        for at, event, webhook, state, attempts in rows
    ]
    results().print(table("Alerts", _COLUMNS, shown, words=5))
