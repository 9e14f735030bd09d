"""The gate over what is stored: calls no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connector.engine import Engine
from connector.epochs import begins, ends, epoch_of
from connector.periods import Closed, Period
from judges.standings.gated import Gate, Gates
from judges.standings.gates import gate
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing
from rollouts.errors import Fatal

_MONTHS_DIFFER: Final = 3  # days, from 28 to 31


async def gated(
    engine: Engine, rules: Gates, *, epoch: str | None = None, only: str | None = None, looks: int = 1
) -> Gate:
    """Gate one epoch, or the newest that has results, under today's judge. Raises `Fatal` for an unknown challenger."""
    asked = epoch or await newest(engine)
    now = await engine.books.period(asked)
    board = _with_everybody(now, engine)
    names = [row.challenger for row in board.standings if not row.baseline]
    if only is not None and only not in names:
        raise Fatal(f"there is no challenger {only!r} in {asked}", hint=f"those there: {', '.join(names) or 'none'}")
    past = past_of(now, asked, await engine.store.closed())
    return gate(board, rules, past, now.unfinished, only=only, looks=looks)


async def newest(engine: Engine) -> str:
    """Return the newest epoch that has results under today's judge, or the present one."""
    known = await engine.store.epochs(engine.arena.jury.version)
    return max(known, key=begins) if known else epoch_of(engine.clock.now(), engine.arena.rules.epochs.length)


def past_of(now: Period, epoch: str, closed: Sequence[Closed]) -> Mapping[str, Sequence[Leaderboard]]:
    """Return each challenger's closed epochs before this one: same conditions, same configuration, same length."""
    length = ends(epoch) - begins(epoch)
    earlier = [
        each
        for each in closed
        if each.board.lasting == now.board.lasting
        and begins(each.epoch) < begins(epoch)
        and abs(ends(each.epoch) - begins(each.epoch) - length).days <= _MONTHS_DIFFER
    ]
    ordered = sorted(earlier, key=lambda each: begins(each.epoch))
    return {
        name: [each.board for each in ordered if each.fingerprints.get(name) == mark]
        for name, mark in now.fingerprints.items()
    }


def _with_everybody(now: Period, engine: Engine) -> Leaderboard:
    """Return the leaderboard with a row for those who have no result yet: nobody passes by being absent."""
    known = {row.challenger for row in now.board.standings}
    absent = [
        Standing(challenger=name, control=_control(engine, name), turns=0, conversations=0, win_rate=None)
        for name in now.fingerprints
        if name not in known
    ]
    return now.board.model_copy(update={"standings": (*now.board.standings, *absent)})


def _control(engine: Engine, name: str) -> bool:
    challenger = engine.arena.challengers.get(name)
    return challenger is not None and challenger.control
