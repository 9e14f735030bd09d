"""Judges beside people: how far each agrees with them, and whether that is enough.

Several people may have decided one duel: each of their verdicts is a pair of its own. A pair weighs 1 / the chance with
which its duel was picked, so that the agreement is that on all duels, not on the uncertain ones that were preferred.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from judges.standings.agreement import Agreement, agreement
from judges.standings.outcomes import HumanVerdict, Opinion

Key = tuple[str, str]


def agreements(
    opinions: Iterable[Opinion],
    people: Sequence[HumanVerdict],
    clusters: Mapping[str, str],
    *,
    seed: int,
    rounds: int = 2000,
    level: float = 0.95,
) -> dict[str, Agreement]:
    """Return each judge's agreement with people on all duels that could have been picked.

    `clusters` names the conversation of each challenge. A judge none of whose duels people saw is left out.
    """
    seen = defaultdict[Key, list[HumanVerdict]](list)
    for verdict in people:
        seen[_key(verdict)].append(verdict)
    pairs = defaultdict[str, list[tuple[Opinion, HumanVerdict]]](list)
    for opinion in opinions:
        pairs[opinion.judge] += [(opinion, verdict) for verdict in seen.get(_key(opinion), ())]
    return {
        judge: agreement(
            [ours.verdict for ours, _ in some],
            [theirs.verdict for _, theirs in some],
            [clusters[ours.challenge_id] for ours, _ in some],
            weights=[1 / theirs.chance for _, theirs in some],
            seed=seed,
            rounds=rounds,
            level=level,
        )
        for judge, some in sorted(pairs.items())
        if some
    }


def trusted(found: Agreement | None, *, floor: float, needed: int) -> bool | None:
    """Return whether a judge agrees with people often enough; `None` where fewer than `needed` verdicts tell."""
    if found is None or found.agreement is None or found.pairs < needed:
        return None
    return found.agreement >= floor


def _key(row: Opinion | HumanVerdict) -> Key:
    return row.challenger, row.challenge_id
