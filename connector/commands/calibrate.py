"""`understudy calibrate`: people judge blind pairs, and judges are held against them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from connector.app import App, build
from connector.calibration import files
from connector.calibration.blinding import Preference
from connector.calibration.figures import Calibrated, calibrated
from connector.commands._calibration_table import print_calibration
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, Quiet, chatter, load, results, run
from connector.langfuse.annotation import Desk
from rollouts.errors import Fatal

Pick = Annotated[int, typer.Option("--pick", min=0, help="Show people about so many more duels; 60 is a good start.")]
Write = Annotated[Path | None, typer.Option("--write", help="Write the open pairs as JSON lines, not to Langfuse.")]
Read = Annotated[Path | None, typer.Option("--read", help="Read labels from such a file, not from Langfuse.")]


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Let people judge blind pairs, and show how far they agree with the judge. Calls no model.")
    def calibrate(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        pick: Pick = 0,
        write: Write = None,
        read: Read = None,
        as_json: AsJson = False,
        quiet: Quiet = False,
    ) -> None:
        found = run(_calibrate(config, pick, write, read, chatter(quiet=quiet)))
        if as_json:
            sys.stdout.write(found.model_dump_json() + "\n")
        else:
            print_calibration(results(), found)


async def _calibrate(path: Path, pick: int, write: Path | None, read: Path | None, console: Console) -> Calibrated:
    config = load(path, quiet=console.quiet)
    with_langfuse = write is None and read is None and config.sink.kind == "langfuse"
    if pick and write is None and not with_langfuse:
        raise Fatal("the pairs have nowhere to go", hint="--write FILE puts them into a file")
    async with build(config, path, online=with_langfuse, alone=False) as app:
        await _picked(app, pick, console)
        if write is not None:
            await _written(app, write, console)
        if read is not None:
            known = (await app.store.pair_ids()).values()
            await app.store.heard("file", files.read(read, known), whole=False)
        if app.client is not None and app.server is not None and with_langfuse:
            desk = Desk(app.client, app.server, queue=config.calibration.queue)
            await _shown(app, desk, console)
            await _heard(app, desk)
        return await _figures(app)


async def _picked(app: App, wanted: int, console: Console) -> None:
    """Pick, unless an earlier pick was interrupted: its pairs come first."""
    interrupted = await app.store.unshown()
    if not wanted:
        return
    if interrupted:
        console.print(f"{len(interrupted)} pair(s) of an earlier pick were not shown yet: these come first")
        return
    engine = app.engine
    judge, seed, now = engine.arena.jury.version, app.config.sampling.seed, engine.clock.now()
    there = await app.store.candidates(judge, engine.fingerprints)
    picked = await app.store.pick(judge, engine.fingerprints, wanted, seed=seed, at=now)
    console.print(f"picked {len(picked)} of {len(there)} judged duels over differing answers; {wanted} were asked for")


async def _written(app: App, path: Path, console: Console) -> None:
    exhibits = await app.store.unanswered()
    files.write(path, exhibits)
    await app.store.shown([each.pair for each in exhibits])
    console.print(f"wrote {len(exhibits)} open pair(s) to {path}")


async def _shown(app: App, desk: Desk, console: Console) -> None:
    fresh = await app.store.unshown()
    if not fresh:
        return
    await desk.open()
    await desk.show(fresh)
    await app.store.shown([each.pair for each in fresh])
    console.print(f"{len(fresh)} pair(s) wait at {desk.address}")
    if desk.no_queue:
        console.print(f"this server offers no annotation queue ({desk.no_queue}); score the pairs one by one")


async def _heard(app: App, desk: Desk) -> None:
    ids = await app.store.pair_ids()
    said = [each for each in await desk.said() if each.trace_id in ids]
    await app.store.heard("langfuse", [Preference(ids[each.trace_id], each.person, each.label) for each in said])


async def _figures(app: App) -> Calibrated:
    jury, store, fingerprints = app.engine.arena.jury, app.store, app.engine.fingerprints
    return await asyncio.to_thread(
        calibrated,
        jury.version,
        await store.columns(jury.version, fingerprints, None, app.config.leaderboard.unit),
        await store.opinions(jury.version, fingerprints, None),
        await store.survey(jury.version, fingerprints),
        names=jury.names,
        rules=app.config.calibration,
        seed=app.config.sampling.seed,
        rounds=app.config.leaderboard.rounds,
        scale=jury.scale,
    )
