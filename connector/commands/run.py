"""`understudy run`: the daemon."""

from __future__ import annotations

from pathlib import Path

import typer

from connector import daemon
from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, LogFormat, Quiet, chatter, load
from connector.commands._common import run as run_now
from connector.commands._cycle import say_interrupted


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Poll, replay, judge and post for as long as the process lives. Stops cleanly on SIGTERM.")
    def run(config: ConfigPath = DEFAULT_CONFIG, *, quiet: Quiet = False, log_format: LogFormat = None) -> None:
        run_now(_run(config, quiet=quiet, log_format=log_format))


async def _run(path: Path, *, quiet: bool, log_format: str | None) -> None:
    config = load(path, quiet=quiet, log_format=log_format)
    async with build(config, path) as app:
        await say_interrupted(app, chatter(quiet=quiet))
        await daemon.run(app)
