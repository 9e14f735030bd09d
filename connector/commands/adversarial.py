"""`understudy adversarial`: what is known to be hard, added and removed by hand. Calls no model."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connector.app import App, build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, load, results, run, table
from connector.tiers.refill import NO_TRACE, NotUsable, Refill
from connector.tiers.types import Member, Removal
from rollouts.errors import Fatal
from rollouts.types import Challenge

Observation = Annotated[str | None, typer.Option(help="Only the turn of this observation; all turns without it.")]
Because = Annotated[str, typer.Option("--reason", help="Why; it is kept.")]
Wanted = Annotated[str, typer.Argument(metavar="ID", help="Of the turn, or its beginning; `ls` shows them.")]
_DIGITS = 12  # of an id, as shown


def register(verb: typer.Typer) -> None:
    """Add the verbs. All of them may be used while the daemon runs: it goes by what they have written."""

    @verb.callback(help="Add, list and remove what is known to be hard and asked in every epoch. Calls no model.")
    def adversarial() -> None:
        pass

    @verb.command(help="Add the turns of a trace, however old, sampled out or filtered: they are asked in every epoch.")
    def add(
        trace: Annotated[str, typer.Argument(metavar="TRACE", help="The id of a trace.")],
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        observation: Observation = None,
        reason: Because = "",
    ) -> None:
        run(_add(config, trace, observation, reason.strip()))

    @verb.command(help="List the turns of the tier and where they come from, or what was removed and why.")
    def ls(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        removed: Annotated[bool, typer.Option("--removed", help="Show the record of removals instead.")] = False,
        as_json: AsJson = False,
    ) -> None:
        run(_ls(config, removed=removed, as_json=as_json))

    @verb.command(help="Take one turn out. A reason is needed, and a record is kept; what was asked already stays.")
    def remove(wanted: Wanted, config: ConfigPath = DEFAULT_CONFIG, *, reason: Because) -> None:
        run(_remove(config, wanted, reason.strip()))


async def _add(path: Path, trace: str, observation: str | None, why: str) -> None:
    async with build(load(path, quiet=True), path, alone=False) as app:
        turns = await _turns(app, trace, observation)
        now = app.engine.clock.now()
        members = [Member.of(turn, "by hand", now, why) for turn in turns]
        added = await app.store.add_members(members)
    known = len(members) - added
    print(f"added {added} turn(s) of trace {trace} to the adversarial tier" + (f"; {known} known" if known else ""))
    for member in members:
        print(f"  {member.id[:_DIGITS]}  observation {member.observation_id or '—'}")


async def _turns(app: App, trace: str, observation: str | None) -> list[Challenge]:
    refill = Refill(app.engine.arena, app.store, None, app.config.tiers)
    try:
        return await refill.turns_of(trace, observation)
    except NotUsable as error:
        if error.reason == NO_TRACE:
            where = app.engine.arena.source.name
            raise Fatal(f"{where} has no trace {trace!r}", hint="the id must be whole, as Langfuse shows it") from None
        said = f"nothing of trace {trace} can be asked again: {error.fate}: {error.reason}"
        raise Fatal(said, hint=f"`understudy show {trace}` draws how it was read") from None


async def _ls(path: Path, *, removed: bool, as_json: bool) -> None:
    async with build(load(path, quiet=True), path, online=False) as app:
        known = [each for each in await app.store.members() if each.tier == "adversarial" and not each.removed_at]
        found: Sequence[Member] | Sequence[Removal] = await app.store.removals() if removed else known
    if as_json:
        told = [each.model_dump(mode="json", exclude={"challenge"}) for each in found]
        sys.stdout.write(orjson.dumps(told).decode() + "\n")
        return
    columns = ("turn", "trace or item", "removed at", "reason", "") if removed else _COLUMNS
    results().print(table("adversarial tier", columns, [_shown(each) for each in found], words=len(columns)))


_COLUMNS = ("turn", "trace or item", "added", "from", "reason")


def _shown(each: Member | Removal) -> tuple[str, ...]:
    if isinstance(each, Removal):
        back = f"added again {each.returned_at:%Y-%m-%d}" if each.returned_at else ""
        return each.member_id[:_DIGITS], each.of or "—", f"{each.at:%Y-%m-%d %H:%M}", each.because, back
    why = each.why if each.active else f"not asked: {each.reason}"
    return each.id[:_DIGITS], each.item or each.trace_id or "—", f"{each.added_at:%Y-%m-%d %H:%M}", each.source, why


async def _remove(path: Path, wanted: str, because: str) -> None:
    if not because:
        raise Fatal("a turn is not removed without a reason", hint="--reason says why; it is kept")
    async with build(load(path, quiet=True), path, online=False) as app:
        name = await app.store.remove_member(wanted, because, app.engine.clock.now())
    print(f"removed {name[:_DIGITS]}; it is not asked any more, and what it was asked already still counts")
