"""`understudy show`: one challenge with everything that was said about it, or how one trace was read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connector.app import App, build
from connector.commands._challenge_panels import print_challenges
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, load, results, run
from connector.commands._trace_tree import print_drawing
from connector.config import Config
from connector.drawing import Drawing, draw
from connector.intake import ended, sort_out
from connector.pipeline import assembled
from connector.store.sqlite import SqliteStore
from connector.traces import Sighting, Trace
from connector.types import Disposition, Duel, Fate
from rollouts.errors import Fatal


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(
        help="Show a challenge: the history, both answers, both judge texts and the verdict, side by side. "
        "Or draw how a trace was read: its observations, their messages, the turns. Calls no model."
    )
    def show(
        wanted: Annotated[str, typer.Argument(metavar="ID", help="Of a challenge, or its beginning; or of a trace.")],
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        raw: Annotated[bool, typer.Option("--raw", help="Draw a trace as production logged it, unmasked.")] = False,
        as_json: AsJson = False,
    ) -> None:
        run(_show(config, wanted, raw=raw, as_json=as_json))


async def _show(path: Path, wanted: str, *, raw: bool, as_json: bool) -> None:
    config = load(path, quiet=True)
    if duels := await _stored(config, path, wanted):
        if as_json:
            sys.stdout.write(orjson.dumps(_told(duels)).decode() + "\n")
        else:
            print_challenges(results(), duels)
        return
    async with build(config, path, store=SqliteStore(":memory:")) as app:
        drawing = await _drawn(app, wanted, raw=raw)
    if as_json:
        sys.stdout.write(drawing.model_dump_json() + "\n")
    else:
        print_drawing(results(), drawing)


async def _stored(config: Config, path: Path, wanted: str) -> list[Duel]:
    """Return the duels over challenges whose id begins so."""
    if not (path.parent / config.state).exists():
        return []
    async with build(config, path, online=False) as app:
        return [duel for duel in await app.store.duels_of(wanted) if duel.challenge.id.startswith(wanted)]


def _told(duels: Sequence[Duel]) -> list[dict[str, object]]:
    """Return each challenge with its duels, as they are stored."""
    challenges = {duel.challenge.id: duel.challenge for duel in duels}
    return [
        challenge.model_dump(mode="json")
        | {"duels": [d.model_dump(mode="json", exclude={"challenge"}) for d in duels if d.challenge.id == challenge.id]}
        for challenge in challenges.values()
    ]


async def _drawn(app: App, trace_id: str, *, raw: bool) -> Drawing:
    """Fetch a trace and read it as a cycle would, whatever the filters say; masked as it would be stored, or `raw`."""
    source, rules = app.engine.arena.source, app.engine.arena.rules
    sighting = await source.find(trace_id)
    if sighting is None:
        raise Fatal(
            f"no stored challenge begins with {trace_id!r}, and no trace of the source has this id",
            hint="`understudy scan` lists examples of every kind; the id of a trace must be whole",
        )
    trace = (await source.read(sighting)).model_copy(update={"session_id": sighting.session_id})
    assembly = await assembled(app.engine.arena, sighting, trace)
    intake, left_out = sort_out(assembly, sighting, rules), _left_out(app, sighting, trace)
    intake = intake.model_copy(update={"trace": left_out or intake.trace})
    if raw or rules.redaction is None:
        return draw(trace, assembly, intake)
    told = {"name": trace.name and rules.said(trace.name), "session_id": rules.stored(sighting.session_id)}
    drawing = draw(trace, assembly, intake, rules.redaction.reader())
    return drawing.model_copy(update={**told, "masked": True})


def _left_out(app: App, sighting: Sighting, trace: Trace) -> Disposition | None:
    """Say why a cycle would not read the trace at all."""
    if sighting.ours or trace.ours:
        return ended(sighting, Fate.FILTERED, "our own writing")
    if reason := app.engine.arena.rules.selection.filters.excludes(sighting):
        return ended(sighting, Fate.FILTERED, reason)
    return None if trace.ended else ended(sighting, Fate.WAITING, "its root has not ended")
