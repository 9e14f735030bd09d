from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from judges.standings.bootstrap import Interval
from judges.standings.decision import Candidate, Switching, Weights, advice, pareto, weighted

PRODUCTION = Candidate(
    challenger="baseline", win_rate=0.5, tool_validity=0.99, cost_per_1000_turns_usd=10.0, p95_latency_s=2.0
)
figure = st.none() | st.sampled_from([0.0, 0.25, 0.5, 1.0])
candidates = st.lists(st.tuples(figure, figure, figure, figure), min_size=1, max_size=8).map(
    lambda rows: [
        Candidate(challenger=str(i), win_rate=a, tool_validity=b, cost_per_1000_turns_usd=c, p95_latency_s=d)
        for i, (a, b, c, d) in enumerate(rows)
    ]
)


def about(low: float, high: float, clusters: int = 400) -> Interval:
    """An interval from some conversations."""
    return Interval(low=low, high=high, level=0.95, clusters=clusters)


def challenger(low: float = 0.485, high: float = 0.535, **figures: Any) -> Candidate:
    """One that is as good and cheaper, unless told otherwise."""
    usual: dict[str, Any] = {"cost_per_1000_turns_usd": 3.8, "p95_latency_s": 2.5, "tool_validity": 0.99}
    given_figures = {"win_rate": (low + high) / 2, "interval": about(low, high), **usual, **figures}
    return Candidate(challenger="small", **given_figures)


def test_few_conversations_may_show_that_a_challenger_is_worse_but_never_support_it() -> None:
    """Staying costs nothing: ten conversations are enough to be warned, and thirty to be told to go."""
    for clusters, low, switching in (
        (9, 0.2, Switching.UNDECIDED),
        (10, 0.2, Switching.NOT_SUPPORTED),
        (29, 0.6, Switching.UNDECIDED),
        (30, 0.6, Switching.SUPPORTED),
    ):
        found = challenger(low, low + 0.1, interval=about(low, low + 0.1, clusters))
        assert advice(found, PRODUCTION).switching is switching


def test_the_adversarial_tier_counts_where_there_is_one() -> None:
    """Losing on the hard turns lowers the weighted figure and shields nobody; without such turns nothing changes."""
    hard, production = challenger(adversarial=0.2), PRODUCTION.model_copy(update={"adversarial": 0.5})
    plain, weights = challenger(), Weights()
    usual = weighted(plain, PRODUCTION, weights)
    lower = weighted(hard, production, weights)
    assert usual is not None
    assert lower is not None
    assert lower < usual
    assert weighted(plain, PRODUCTION, Weights(adversarial=100)) == usual
    even = plain.model_copy(update={"adversarial": 0.5, "challenger": "even"})
    assert pareto([even, hard]) == ("even",)


@pytest.mark.parametrize(
    ("candidate", "sentence"),
    [
        (
            challenger(),
            "as good within 2 points at 38 % of the cost and 125 % of the p95 latency; switching is supported",
        ),
        (
            challenger(0.55, 0.6, p95_latency_s=None),
            "better at 38 % of the cost; switching is supported",
        ),
        (
            challenger(0.40, 0.45),
            "worse by 5.0 to 10.0 points at 38 % of the cost and 125 % of the p95 latency; switching is not supported",
        ),
        (
            challenger(0.46, 0.52, p95_latency_s=None),
            "between -4.0 and +2.0 points of production at 38 % of the cost; switching is undecided",
        ),
        (
            challenger(win_rate=None, interval=None, cost_per_1000_turns_usd=None, p95_latency_s=None),
            "of unknown quality; switching is undecided",
        ),
        (
            challenger(tool_validity=0.88, tool_interval=about(0.84, 0.92), p95_latency_s=None),
            "as good within 2 points at 38 % of the cost; 88 % of its tool calls are valid; switching is not supported",
        ),
        (
            challenger(tool_validity=0.88, p95_latency_s=None),
            "as good within 2 points at 38 % of the cost; 88 % of its tool calls are valid; switching is undecided",
        ),
    ],
)
def test_one_plain_sentence(candidate: Candidate, sentence: str) -> None:
    """What the intervals allow to be said is said in these words."""
    assert advice(candidate, PRODUCTION).sentence == sentence


def test_who_is_one_of_many_is_called_different_only_if_it_still_is() -> None:
    """One interval above or below one half, among many, is not yet better or worse, nor a reason to switch."""
    dearer = {"cost_per_1000_turns_usd": 30.0, "p95_latency_s": 3.0}
    lucky = advice(challenger(0.51, 0.56, **dearer), PRODUCTION, distinct=False)
    assert lucky.sentence.startswith("as good within 2 points at 300 % of the cost")
    assert lucky.switching is Switching.NOT_SUPPORTED
    assert advice(challenger(0.51, 0.56, **dearer), PRODUCTION).switching is Switching.SUPPORTED
    unlucky = advice(challenger(0.42, 0.47), PRODUCTION, distinct=False)
    assert unlucky.sentence.startswith("between -8.0 and -3.0 points of production")
    assert unlucky.switching is Switching.UNDECIDED


def test_a_share_that_is_not_all_is_not_called_all() -> None:
    """Three broken calls of a thousand leave 99.7 % that are valid; nearly nothing is not nothing."""
    found = challenger(tool_validity=0.997, tool_interval=about(0.95, 0.999), cost_per_1000_turns_usd=0.04)
    production = PRODUCTION.model_copy(update={"tool_validity": 1.0})
    assert advice(found, production).sentence == (
        "as good within 2 points at 0.4 % of the cost and 125 % of the p95 latency; "
        "99.7 % of its tool calls are valid; switching is undecided"
    )


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_cannot_weigh_is_refused(weight: float) -> None:
    """Less than nothing would turn a figure around, or be left out in silence."""
    with pytest.raises(ValidationError):
        Weights(quality=weight)


def test_a_point_decides_nothing() -> None:
    """However good the win rate, an interval without width, or from a handful of conversations, leaves it open."""
    for interval in (about(0.7, 0.7), about(0.6, 0.8, clusters=29)):
        assert advice(challenger(win_rate=0.7, interval=interval), PRODUCTION).switching is Switching.UNDECIDED


def test_as_good_but_for_nothing() -> None:
    """As good but dearer and slower, or no different, is no reason to switch; with a price unknown it stays open."""
    dearer = challenger(cost_per_1000_turns_usd=30.0)
    assert advice(dearer, PRODUCTION).switching is Switching.NOT_SUPPORTED
    same = challenger(cost_per_1000_turns_usd=10.0, p95_latency_s=2.0)
    assert advice(same, PRODUCTION).switching is Switching.NOT_SUPPORTED
    unknown = challenger(cost_per_1000_turns_usd=None)
    assert advice(unknown, PRODUCTION).switching is Switching.UNDECIDED


def test_inside_the_noise_floor_nobody_is_worse() -> None:
    """A challenger that does as production's own model does when replayed is not called worse than production."""
    floor = about(0.42, 0.48)
    found = advice(challenger(0.43, 0.47), PRODUCTION, control=floor)
    assert found.indistinguishable
    assert found.switching is Switching.UNDECIDED
    assert "not distinguishable from replaying production" in found.sentence
    outside = advice(challenger(0.38, 0.42), PRODUCTION, control=floor)
    assert (outside.indistinguishable, outside.switching) == (False, Switching.NOT_SUPPORTED)


@given(candidates)
def test_nobody_on_the_front_is_beaten(found: list[Candidate]) -> None:
    """The front is never empty; nobody on it is beaten in full by anybody, and whoever is off it is."""

    def beaten(one: Candidate) -> bool:
        def gains(a: Candidate) -> list[float]:
            figures = [
                (a.win_rate, one.win_rate, 1),
                (a.tool_validity, one.tool_validity, 1),
                (a.cost_per_1000_turns_usd, one.cost_per_1000_turns_usd, -1),
                (a.p95_latency_s, one.p95_latency_s, -1),
            ]
            return [
                0.0 if x is None and y is None else float("nan") if x is None or y is None else sign * (x - y)
                for x, y, sign in figures
            ]

        return any(all(gain >= 0 for gain in gains(a)) and any(gain > 0 for gain in gains(a)) for a in found)

    front = pareto(found)
    assert front
    assert set(front) == {one.challenger for one in found if not beaten(one)}


def test_weights_put_production_at_one_half() -> None:
    """Production scores one half; half the cost counts two thirds, and a free challenger counts one."""
    assert weighted(PRODUCTION, PRODUCTION, Weights()) == pytest.approx(0.5)
    cost_only = Weights(quality=0, tool_validity=0, cost=3, latency=0)
    for cost, expected in ((10.0, 1 / 2), (5.0, 2 / 3), (0.0, 1.0)):
        assert weighted(challenger(cost_per_1000_turns_usd=cost), PRODUCTION, cost_only) == pytest.approx(expected)


def test_weights_invent_no_figure() -> None:
    """One unknown figure makes the score unknown, unless it does not count or production lacks it, too."""
    unknown = challenger(p95_latency_s=None)
    assert weighted(unknown, PRODUCTION, Weights()) is None
    assert weighted(unknown, PRODUCTION, Weights(latency=0)) is not None
    assert weighted(unknown, PRODUCTION.model_copy(update={"p95_latency_s": None}), Weights()) is not None
