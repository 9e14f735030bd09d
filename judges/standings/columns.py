"""Turns and outcomes, read once as they come, and kept as columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from math import inf
from typing import Any, Final

import numpy as np

from judges.standings.outcomes import BASELINE, Outcome, Turn
from judges.standings.tables import (
    KINDS,
    TIERS,
    VERDICTS,
    Answers,
    Codes,
    Columns,
    Duels,
    Encounters,
    joined,
    picked,
)

_AT_ONCE: Final = 10_000  # rows that are Python objects at the same time
_VERDICT_CODES: Final = {None: -1} | {verdict: code for code, verdict in enumerate(VERDICTS)}
_KIND_CODES: Final = {str(kind): code for code, kind in enumerate(KINDS)}
_TIER_CODES: Final = {tier: code for code, tier in enumerate(TIERS)}
_NO_STYLE: Final = (np.nan,) * 4

_Block = dict[str, Sequence[Any]]


def gathered(turns: Iterable[Turn], outcomes: Iterable[Outcome]) -> Columns:
    """Read `turns` and then `outcomes`, each once; the order of their rows changes nothing.

    Raises `ValueError` for a turn that comes twice or stands for nothing, for an outcome whose challenge is not among
    the turns, and for a challenger that has the name of the `BASELINE`.
    """
    found = _Turns()
    for block in _blocks(Turn, turns):
        found.add(block)
    challenges = dict(zip(found.challenges, found.challenges.places().tolist(), strict=True))
    order = np.argsort(found.challenges.places())
    duelled = _Outcomes(challenges)
    for block in _blocks(Outcome, outcomes):
        duelled.add(block)
    if BASELINE in duelled.challengers:
        raise ValueError(f"no challenger can have the name {BASELINE!r}")
    return Columns(
        challengers=tuple(sorted(duelled.challengers)),
        challenges=challenges,
        clusters=found.clusters.places()[np.array(found.belongs, dtype=np.int32)][order],
        weights=np.array(found.weights)[order],
        strata=found.strata.places()[np.array(found.drawn_from, dtype=np.int32)][order],
        tiers=np.array(found.tiers, dtype=np.int8)[order],
        production=picked(joined(found.answers), order),
        slices=tuple(sorted(found.slices)),
        sliced=found.lying(),
        duels=duelled.duels(),
        encounters=duelled.encounters(),
    )


class _Numbered(dict[Any, int]):
    """Numbers its keys as they are first asked for."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]

    def places(self) -> Codes:
        """Return, by number, the place of each key when they are sorted."""
        places = np.empty(len(self), dtype=np.int32)
        places[[self[key] for key in sorted(self)]] = np.arange(len(self))
        return places


class _Turns:
    """The turns so far."""

    def __init__(self) -> None:
        self.challenges, self.clusters, self.slices = _Numbered(), _Numbered(), _Numbered()
        self.strata = _Numbered()
        self.belongs, self.sliced, self.drawn_from = array("i"), array("i"), array("i")
        self.weights, self.tiers = array("d"), array("b")
        self.answers: list[Answers] = []

    def add(self, block: _Block) -> None:
        for challenge, cluster, values in zip(block["challenge_id"], block["cluster"], block["slices"], strict=True):
            if challenge in self.challenges:
                raise ValueError(f"the turn {challenge!r} comes twice")
            place = self.challenges[challenge]
            self.belongs.append(self.clusters[cluster])
            for value in dict.fromkeys(values):
                self.sliced.extend((place, self.slices[value]))
        for challenge, weight in zip(block["challenge_id"], block["weight"], strict=True):
            if not 0 < weight < inf:
                raise ValueError(f"the turn {challenge!r} stands for {weight} turns of the traffic")
        self.weights.extend(block["weight"])
        self.drawn_from.extend(self.strata[stratum] for stratum in block["stratum"])
        self.tiers.extend(_TIER_CODES[tier] for tier in block["tier"])
        self.answers.append(_answers(block))

    def lying(self) -> Codes:
        """Return which challenge lies in which slice."""
        pairs = np.array(self.sliced, dtype=np.int32).reshape(-1, 2)
        placed = np.column_stack([self.challenges.places()[pairs[:, 0]], self.slices.places()[pairs[:, 1]]])
        return placed[np.lexsort(placed.T)]


class _Outcomes:
    """The outcomes so far."""

    def __init__(self, challenges: Mapping[str, int]) -> None:
        self._challenges = challenges
        self.challengers = _Numbered()
        self._blocks: list[Duels] = []
        self._met = array("i"), array("i"), array("i"), array("d")
        self._others = _Numbered()

    def add(self, block: _Block) -> None:
        duels = self._duels(block)
        self._blocks.append(duels)
        for place, (name, meetings) in enumerate(zip(block["challenger"], block["meetings"], strict=True)):
            for other, worth in meetings.items():
                if name < other:
                    self._met[0].append(duels.challenges[place])
                    self._met[1].append(self._others[name])
                    self._met[2].append(self._others[other])
                    self._met[3].append(worth)

    def duels(self) -> Duels:
        """Return all duels, sorted."""
        found = joined(self._blocks)
        found = found._replace(challengers=self.challengers.places()[found.challengers])
        return picked(found, np.lexsort((found.scores, found.challenges, found.challengers)))

    def encounters(self) -> Encounters:
        """Return every meeting of two that have duels themselves, sorted."""
        places = dict(zip(self.challengers, self.challengers.places().tolist(), strict=True))
        of = np.array([places.get(name, -1) for name in self._others], dtype=np.int32)
        challenges, firsts, seconds = (np.array(column, dtype=np.int32) for column in self._met[:3])
        found = Encounters(challenges, of[firsts], of[seconds], np.array(self._met[3]))
        order = np.lexsort((found.worths, found.challenges, found.seconds, found.firsts))
        return picked(found, order[(found.firsts[order] >= 0) & (found.seconds[order] >= 0)])

    def _duels(self, block: _Block) -> Duels:
        try:
            challenges = [self._challenges[name] for name in block["challenge_id"]]
        except KeyError as unknown:
            raise ValueError(f"an outcome of the challenge {unknown}, which is not among the turns") from None
        return Duels(
            challengers=np.array([self.challengers[name] for name in block["challenger"]], dtype=np.int32),
            challenges=np.array(challenges, dtype=np.int32),
            scores=np.array(block["score"], dtype=np.float64),
            won=np.array(block["won"], dtype=np.float64),
            battles=np.array(block["battles"], dtype=np.float64),
            verdicts=np.array([_VERDICT_CODES[verdict] for verdict in block["verdict"]], dtype=np.int8),
            consistent=np.array(block["consistent"], dtype=np.float32),
            same_calls=np.array(block["same_calls"], dtype=np.float32),
            identical=np.array(block["identical"], dtype=np.bool_),
            failed=np.array(block["failed"], dtype=np.bool_),
            answers=_answers(block),
        )


def _blocks(kind: type[Turn | Outcome], rows: Iterable[Turn] | Iterable[Outcome]) -> Iterator[_Block]:
    """Yield the fields of some rows at a time, each as one column; at least once, though empty."""
    left = iter(rows)
    some = list(islice(left, _AT_ONCE))
    while True:
        columns = zip(*some, strict=True) if some else repeat(())
        yield dict(zip(kind._fields, columns, strict=False))
        if not (some := list(islice(left, _AT_ONCE))):
            return


def _answers(block: _Block) -> Answers:
    faults = np.zeros((len(block["faults"]), len(KINDS)), dtype=np.int16)
    for place, words in enumerate(block["faults"]):
        for word in words:
            faults[place, _KIND_CODES[word]] += 1
    return Answers(
        costs_usd=np.array(block["cost_usd"], dtype=np.float64),
        latencies_s=np.array(block["latency_s"], dtype=np.float64),
        styles=np.array([look or _NO_STYLE for look in block["style"]], dtype=np.float32).reshape(-1, 4),
        calls=np.array(block["calls"], dtype=np.float32),
        faults=faults,
    )
