"""The draw itself: which of the held turns are taken, and with what chance. Pure.

It has three phases, each with chances that are known: of a conversation, and then of a user, that has more turns than
its cap, so many are left as the cap allows; of what is left, each stratum gives a simple random sample. A turn's weight
is one over the product of its chances, so that weighted totals are unbiased for all turns that were held (Särndal,
Swensson and Wretman 1992, "Model Assisted Survey Sampling", section 9.3: the π* estimator).

Chance is a digest of a turn's id, the seed, the epoch and the batch: the order of arrival does not matter.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from connector.sampling.allocation import LEAST, allocate
from connector.sampling.options import Sampling
from connector.sampling.strata import Held, merged
from connector.types import digest


class Batch(NamedTuple):
    """One draw of one epoch, by which its chance is told apart from every other's."""

    epoch: str
    number: int
    """Counts the epoch's draws from 1."""
    quota: int
    """The most that may be drawn."""


class Stratum(NamedTuple):
    """One part of the traffic in one draw."""

    name: str
    held: int
    """Turns that waited."""
    taking_part: int
    """Turns that the caps left."""
    drawn: int


class Drawing(NamedTuple):
    """What a draw came to."""

    weights: Mapping[str, float]
    """Of the turns that were drawn, by id: how many each stands for."""
    lies: Mapping[str, str]
    """The name of the stratum of each of them."""
    strata: tuple[Stratum, ...]
    """By name."""


def draw(held: Sequence[Held], strata: Mapping[str, str], batch: Batch, sampling: Sampling) -> Drawing:
    """Draw from `held`, whose strata are told by id; a quota of at least one is needed unless all can be taken."""

    def lottery(phase: str) -> Callable[[Held], str]:
        return lambda each: digest(phase, each.id, str(sampling.seed), batch.epoch, str(batch.number))

    held = sorted(held)
    chances = {each.id: 1.0 for each in held}
    left = _capped(held, lambda each: each.conversation_id, sampling.per_conversation, lottery("turn"), chances)
    left = _capped(left, lambda each: each.user_id or each.id, sampling.per_user, lottery("user"), chances)
    parts = merged(strata, max(1, batch.quota // LEAST)) if len(left) > batch.quota else dict(strata)
    members = defaultdict[str, list[Held]](list)
    for each in left:
        members[parts[each.id]].append(each)
    counts = allocate({name: len(some) for name, some in members.items()}, batch.quota, sampling.allocation)
    weights = {
        each.id: len(some) / counts[name] / chances[each.id]
        for name, some in members.items()
        for each in sorted(some, key=lottery("stratum"))[: counts[name]]
    }
    sizes = Counter(parts[each.id] for each in held)
    found = (Stratum(name, sizes[name], len(members[name]), counts.get(name, 0)) for name in sorted(sizes))
    return Drawing(weights, {name: parts[name] for name in weights}, tuple(found))


def _capped(
    held: Sequence[Held],
    owner: Callable[[Held], str],
    cap: int | None,
    lot: Callable[[Held], str],
    chances: dict[str, float],
) -> list[Held]:
    """Leave `cap` turns to each owner, drawn among its own, and note in `chances` what chance they had."""
    if cap is None:
        return list(held)
    owned = defaultdict[str, list[Held]](list)
    for each in held:
        owned[owner(each)].append(each)
    left = list[Held]()
    for some in owned.values():
        if len(some) > cap:
            chances.update((each.id, chances[each.id] * cap / len(some)) for each in some)
        left += sorted(some, key=lot)[:cap]
    return left
