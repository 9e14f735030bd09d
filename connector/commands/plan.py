"""`understudy plan`: what the next cycle would cost. Free."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, LogFormat, Quiet, chatter, load, results, run
from connector.commands._looking import look_twice
from connector.commands._plan_table import make_plan, plan_of_draw, show


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Look for new turns and show calls, tokens and money per model. Calls no model.")
    def plan(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        as_json: AsJson = False,
        quiet: Quiet = False,
        log_format: LogFormat = None,
    ) -> None:
        run(_plan(config, as_json=as_json, quiet=quiet, log_format=log_format))


async def _plan(path: Path, *, as_json: bool, quiet: bool, log_format: str | None) -> None:
    async with build(load(path, quiet=quiet, log_format=log_format), path) as app:
        await look_twice(app, chatter(quiet=quiet), draw=not app.config.sampling.buys)
        made, before = await make_plan(app), await plan_of_draw(app)
        made = made.model_copy(update={"lines": (*before.lines, *made.lines)})
    if as_json:
        sums = {
            "expected_usd": made.expected_usd,
            "longest_usd": made.longest_usd,
            "maximum_usd": made.maximum_usd,
        }
        sys.stdout.write(orjson.dumps(made.model_dump(mode="json") | sums).decode() + "\n")
    else:
        show(results(), made)
