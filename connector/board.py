"""From what is stored to the leaderboard, and by which rules."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any, Literal

import orjson
from pydantic import Field

from connector.calibration.options import Calibration
from connector.pipeline import Arena
from connector.ports import Store
from judges.standings.decision import Weights
from judges.standings.leaderboard import ALL_EPOCHS, Conditions, Leaderboard
from judges.standings.standings import standings
from judges.standings.tables import Columns
from judges.standings.terms import Asked, Bargain, Bench
from judges.types import Unit
from rollouts.types import Options


class BoardRules(Options):
    """How the leaderboard is reckoned. None of this asks a judge again."""

    scale: Literal["sevenths", "weight_3"] = "sevenths"
    """What a label is worth: 1, 6/7, 1/2, 1/7, 0, or Arena-Hard's battles: `much better` is three."""
    unit: Unit = "conversation"
    """What intervals resample: turns of one conversation, session or user are not independent."""
    margin: float = Field(default=0.02, gt=0, lt=0.5)
    """How far below production's one half a challenger may lie and still be called as good."""
    precision: float = Field(default=0.02, ge=0.0001, lt=0.5)
    """The half-width wished for intervals: how many more conversations that takes is shown."""
    rounds: int = Field(default=2000, ge=200)
    """Resamples of the bootstrap."""
    weights: Weights = Weights()


async def leaderboard(
    arena: Arena,
    store: Store,
    rules: BoardRules,
    calibration: Calibration,
    columns: Columns,
    *,
    seed: int,
    epoch: str | None,
) -> Leaderboard:
    """Add up `columns`, the decided duels of today's challengers under today's jury, off the event loop."""
    jury, fingerprints = arena.jury, arena.fingerprints
    opinions = await store.opinions(jury.version, fingerprints, epoch)
    under = conditions(arena, rules, epoch)
    board = await asyncio.to_thread(
        standings,
        columns,
        under,
        Asked(under.scale, seed, rounds=rules.rounds, wanted=rules.precision),
        Bench(
            jury.version,
            jury.rule,
            jury.quorum,
            floor=calibration.floor,
            needed=calibration.labels_needed,
            names=jury.names,
            set_aside=calibration.set_aside,
        ),
        Bargain(rules.weights, rules.margin, arena.rules.tier_weights),
        controls=[name for name, challenger in arena.challengers.items() if challenger.control],
        opinions=opinions,
        people=await store.people(fingerprints, epoch),
    )
    board = board.model_copy(update={"draws": tuple(await store.drawn(epoch))})
    if arena.cheaper is None:
        return board
    other = arena.cheaper.version
    elsewhere = await store.judged_by(other, fingerprints, epoch)
    return board.model_copy(update={"cheaper_judge": other, "cheaper_duels": elsewhere})


def conditions(arena: Arena, rules: BoardRules, epoch: str | None) -> Conditions:
    """Return what the figures depend on."""
    scale = rules.scale if arena.jury.scale == "sevenths" else arena.jury.scale
    return Conditions(
        judge=arena.jury.version,
        scale=scale,
        sampling=_sampling(arena),
        window=epoch or ALL_EPOCHS,
        unit=rules.unit,
    )


def _sampling(arena: Arena) -> str:
    selection, turns = arena.rules.selection, arena.rules.turns.model_dump(mode="json")
    wanted = {"filters": selection.filters.model_dump(mode="json"), "sampling": selection.sampling.design()}
    redaction = arena.rules.redaction
    masked = [] if redaction is None else [redaction.options.model_dump(mode="json")]
    drawn = _unordered([wanted, turns, *masked])
    return hashlib.sha256(orjson.dumps(drawn, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]


def _unordered(value: Any) -> Any:
    """Return `value` with every list of names sorted, and each name once: their order means nothing."""
    if isinstance(value, dict):
        return {key: _unordered(item) for key, item in value.items()}
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return sorted(set(value))
    return [_unordered(item) for item in value] if isinstance(value, list) else value
