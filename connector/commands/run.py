"""`understudy run`: the daemon."""

from __future__ import annotations

from pathlib import Path

import typer

from connector import daemon
from connector.app import build
from connector.commands._common import (
    DEFAULT_CONFIG,
    CacheMode,
    ConfigPath,
    LogFormat,
    NoCache,
    Quiet,
    caching,
    chatter,
    load,
)
from connector.commands._common import run as run_now
from connector.commands._cycle import say_interrupted
from connector.config import Config


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Poll, replay, judge and post for as long as the process lives. Stops cleanly on SIGTERM.")
    def run(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        cache: CacheMode = None,
        no_cache: NoCache = False,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        read = caching(load(config, quiet=quiet, log_format=log_format), cache, off=no_cache)
        run_now(_run(config, read, quiet=quiet))


async def _run(path: Path, config: Config, *, quiet: bool) -> None:
    async with build(config, path, spending=True) as app:
        say_interrupted(app, chatter(quiet=quiet))
        broke = await daemon.run(app)
    if broke is not None:
        raise broke
