"""`understudy demo`: the whole product on one machine, without a key, a network or a bill."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connector.app import App, build
from connector.commands._common import chatter, load, results, run, table
from connector.commands._cycle import cycle
from connector.commands._looking import look_twice
from connector.commands._plan_table import make_plan, show
from connector.demo.langfuse import Mode
from connector.demo.players import PRODUCTION, Player, true_order
from connector.demo.sights import Sights
from connector.demo.stage import Stage, stage
from judges.standings.leaderboard import Leaderboard

Keep = Annotated[Path | None, typer.Option(help="Keep configuration and state in this directory, which must be empty.")]
Serve = Annotated[bool, typer.Option("--serve", help="Keep both servers running until Ctrl-C, to look around.")]
ServerMode = Annotated[Mode, typer.Option(help="Which Langfuse to play: v4 as installed, in dual mode, later, or v3.")]
Seed = Annotated[int, typer.Option(help="Another seed is another week at the airline.")]


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Try everything on sample traffic: a small Langfuse, scripted models, no keys, no network.")
    def demo(*, keep: Keep = None, serve: Serve = False, mode: ServerMode = "events_only", seed: Seed = 7) -> None:
        raise typer.Exit(run(_demo(mode, seed=seed, keep=keep, serve=serve)))


async def _demo(mode: Mode, *, seed: int, keep: Path | None, serve: bool) -> int:
    console = chatter()
    async with stage(mode, seed=seed, keep=keep) as ready:
        console.print(f"a small Langfuse ({mode}) at {ready.langfuse.base_url}", soft_wrap=True)
        console.print(f"scripted models at {ready.models.url}", soft_wrap=True)
        async with build(load(ready.config), ready.config) as app:
            code = await _once(app, console)
            if code == 0:
                await _show(app)
        if serve and code == 0:
            await _serve(ready, console)
        return code


async def _once(app: App, console: Console) -> int:
    """What `understudy once --yes` does."""
    await look_twice(app, console)
    show(console, await make_plan(app))
    return await cycle(app, console)


async def _show(app: App) -> None:
    if app.client is None or app.server is None:
        raise AssertionError("the demo has a Langfuse")
    out = results()
    board = await app.engine.leaderboard()
    rows = [_compared(place, player, board) for place, player in enumerate(true_order(), start=1)]
    out.print()
    out.print(table("True order and recovered order", ("challenger", "true grade", "true place", "place found"), rows))
    out.print()
    seen = [(f"{sight.where} {sight.name}", sight.shows) for sight in await Sights(app.client, app.server).all()]
    out.print(table("What a person sees in Langfuse", ("what", "shows"), seen))


def _compared(place: int, player: Player, board: Leaderboard) -> tuple[str, ...]:
    """One challenger: how good its texts are on a scale from 0 to 2, and whether the leaderboard found out."""
    found = [standing.challenger for standing in board.standings if not standing.baseline]
    name = f"{player.model} (production's own)" if player is PRODUCTION else player.model
    return name, f"{player.strength:.2f}", str(place), str(found.index(player.model) + 1)


async def _serve(ready: Stage, console: Console) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    console.print("\nBoth servers stay until Ctrl-C. In another terminal:\n")
    for name, value in ready.environment.items():
        console.print(f"export {name}={value}", soft_wrap=True)
    address, keys = ready.langfuse.base_url, f"{ready.langfuse.public_key}:{ready.langfuse.secret_key}"
    console.print(f"curl -u {keys} '{address}/api/public/v3/scores?limit=3'", soft_wrap=True)
    console.print(f"understudy once --yes -c {ready.config}", soft_wrap=True)
    await stopped.wait()
