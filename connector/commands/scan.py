"""`understudy scan`: what could be challenged and what not, by reason and what logged it. Free, and keeps nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, LogFormat, Quiet, chatter, load, results, run
from connector.commands._looking import look_twice
from connector.commands._scan_table import print_masked, print_scan
from connector.store.sqlite import SqliteStore


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Show what could be challenged and what not, by reason. Calls no model and keeps nothing.")
    def scan(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        as_json: AsJson = False,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        run(_scan(config, as_json=as_json, quiet=quiet, log_format=log_format))


async def _scan(path: Path, *, as_json: bool, quiet: bool, log_format: str | None) -> None:
    config = load(path, quiet=quiet, log_format=log_format)
    async with build(config, path, store=SqliteStore(":memory:")) as app:
        await look_twice(app, chatter(quiet=quiet), draw=False)
        ledger, masked = await app.store.ledger(), await app.store.masked()
    if as_json:
        masks = [{"of": "mask", "kind": kind, **found.model_dump()} for kind, found in masked.items()]
        sys.stdout.write(orjson.dumps([*(each.model_dump() for each in ledger), *masks]).decode() + "\n")
    else:
        print_scan(results(), ledger)
        print_masked(results(), masked)
