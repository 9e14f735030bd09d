"""Traffic drawn stratum by stratum, by the product's own draw: intervals are as wide as they need be."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from connector.sampling.draw import Batch, draw
from connector.sampling.options import Sampling
from connector.sampling.strata import Held
from judges.standings.apart import apart
from judges.standings.columns import gathered
from judges.standings.outcomes import Outcome, Turn
from judges.standings.rows import row
from judges.standings.stratified import steadied
from judges.standings.tables import Columns
from judges.standings.terms import Asked
from judges.standings.weighing import weighed
from judges.verdicts import outcome

SHARES = np.array([0.4, 0.16, 0.11, 0.08, 0.06, 0.05, 0.04, 0.04, 0.02, 0.02, 0.01, 0.01])
RATES = np.array([0.85, 0.3, 0.45, 0.6, 0.2, 0.5, 0.4, 0.65, 0.25, 0.55, 0.15, 0.75])
"""The challenger's win rate in each kind of conversation, of which a third differ among themselves."""
TRUTH = float(SHARES @ RATES)


class Traffic(NamedTuple):
    """A week's turns."""

    held: list[Held]
    kinds: dict[str, str]
    worths: dict[str, float]


def traffic(rng: np.random.Generator, conversations: int, longest: int) -> Traffic:
    """Let conversations come, each of one kind, whose turns are alike."""
    kinds = rng.choice(len(SHARES), size=conversations, p=SHARES)
    found = Traffic([], {}, {})
    for number, kind in enumerate(kinds.tolist()):
        steady = rng.uniform() < RATES[kind]
        for turn in range(int(rng.integers(1, longest + 1))):
            name = f"{number:05}/{turn}"
            found.held.append(Held(name, str(number)))
            found.kinds[name] = f"kind {kind}"
            found.worths[name] = float(steady if rng.uniform() < 0.5 else rng.uniform() < RATES[kind])
    return found


def drawn(week: Traffic, quota: int, seed: int, *, told: bool = True) -> Columns:
    """Draw by the square root of each kind, and judge; without `told` nobody knows the strata."""
    made = draw(week.held, week.kinds, Batch("w", 1, quota), Sampling(seed=seed, allocation="square_root"))
    turns = [
        Turn(name, name.partition("/")[0], weight=weight, stratum=made.lies[name] if told else "")
        for name, weight in made.weights.items()
    ]
    said = [Outcome("m", name, week.worths[name], outcome(week.worths[name])) for name in made.weights]
    return apart(gathered(turns, said), "fresh")


@cache
def weeks(conversations: int, quota: int, longest: int) -> tuple[float, float, float]:
    """Return how often the interval holds the truth, and how wide it is with strata and without."""
    rng, held, widths = np.random.default_rng(3), list[bool](), list[tuple[float, float]]()
    for seed in range(120):
        week = traffic(rng, conversations, longest)
        asked = Asked("sevenths", seed, rounds=200)
        with_strata, without = (
            row(drawn(week, quota, seed, told=told), 0, asked, control=False).standing for told in (True, False)
        )
        assert with_strata.win_rate == pytest.approx(without.win_rate, abs=1e-12)
        held.append((with_strata.low or 0) <= TRUTH <= (with_strata.high or 0))
        widths.append(((with_strata.high or 0) - (with_strata.low or 0), (without.high or 0) - (without.low or 0)))
    means = np.mean(widths, axis=0)
    return float(np.mean(held)), float(means[0]), float(means[1])


@pytest.mark.parametrize(("conversations", "quota", "longest"), [(1000, 150, 1), (600, 150, 4)])
def test_intervals_are_about_traffic_like_this_and_no_wider_than_that(
    conversations: int, quota: int, longest: int
) -> None:
    """They hold the long run's win rate in about 95 of 100 weeks, and are a tenth narrower than if nobody knew."""
    share, known, unknown = weeks(conversations, quota, longest)
    assert 0.9 <= share <= 0.99
    assert known < 0.93 * unknown


def test_what_is_taken_whole_is_still_a_sample_of_such_traffic() -> None:
    """Where every turn stands for itself nothing is settled beforehand: no figure changes."""
    columns = drawn(traffic(np.random.default_rng(1), 100, 2), 1000, 0)
    found = weighed(columns.duels, columns.weights, "sevenths")
    assert steadied(found, columns) is found


def test_one_turn_that_stands_for_nearly_all_is_no_certainty() -> None:
    """A part of one conversation has no spread of its own: it is seen together with others."""
    turns = [
        Turn(f"c{n}", f"v{n}", weight=1e6 if n == 99 else 2.0, stratum="rare" if n == 99 else "a") for n in range(100)
    ]
    said = [Outcome("m", f"c{n}", n % 3 / 2, outcome(n % 3 / 2)) for n in range(100)]
    known = row(apart(gathered(turns, said), "fresh"), 0, Asked("sevenths", 0), control=False).standing
    assert known.low is not None
    assert known.high is not None
    assert known.high - known.low > 0.9


def test_nothing_is_made_of_strata_of_a_few_conversations() -> None:
    """Many small strata are one: two turns that agree by chance prove nothing."""
    turns = [Turn(f"c{n}", f"v{n}", weight=9.0, stratum=f"s{n // 2}") for n in range(40)]
    said = [Outcome("m", f"c{n}", n // 2 % 2, outcome(n // 2 % 2)) for n in range(40)]
    columns = apart(gathered(turns, said), "fresh")
    found = weighed(columns.duels, columns.weights, "sevenths")
    assert steadied(found, columns) is found
