"""What a cycle will cost, and what that money will tell."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.planning.expecting import half_width, reaches, widths
from connector.planning.reckoning import Load, embedding, plan
from judges.jury import Jury
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing
from rollouts.budget import Budget
from rollouts.cost import Price
from rollouts.journal import MemoryJournal
from rollouts.ledger import PICODOLLARS
from rollouts.limits import Limits
from rollouts.model import SAFETY, Model
from rollouts.providers.openai_compatible import OpenAICompatible
from rollouts.replay import Challenger
from rollouts.windows import WindowState
from tests.duelling import Ties, Told

QUEUED, ROLLED = False, True
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PRICE = Price(input=1, output=10)


def priced(name: str = "good", *, retries: int | None = None, price: Price | None = PRICE) -> Model:
    """Return a model of that price; with `retries` one behind HTTP."""
    behind = OpenAICompatible(base_url="http://127.0.0.1:9", model=name, max_retries=retries or 0)
    provider = Told(model=name) if retries is None else behind
    limits = Limits(concurrency=1)
    return Model(provider, name=name, price=price, limits=limits, journal=MemoryJournal(), budget=Budget(None))


JURY = Jury.of(Ties(), priced("judge", price=Price(input=0, output=0, free=True)))


def challenger(**facts: object) -> Challenger:
    """Return the one challenger."""
    known: dict[str, object] = {"name": "good", "model": priced()}
    return Challenger(**(known | facts))  # type: ignore[arg-type]


@given(attempts=st.integers(1, 5), retries=st.integers(0, 5), most=st.integers(1, 9_000) | st.none())
def test_the_maximum_is_never_less_than_can_be_spent(attempts: int, retries: int, most: int | None) -> None:
    """Every try of every attempt may be lost and paid, the answer as long as allowed, the prompt in single bytes."""
    met = challenger(model=priced(retries=retries))
    made = plan([Load("good", QUEUED, 100, 20, most)], [met], JURY, 500, attempts=attempts)
    once = (SAFETY * 100 + 10 * (most or 500)) / 1e6
    assert made.longest_usd == pytest.approx(once)
    assert made.maximum_usd == pytest.approx(once * attempts * (1 + retries))
    assert made.expected_usd == pytest.approx((100 + 10 * 20) / 1e6)


def test_what_a_challenger_brings_along_is_priced() -> None:
    """Its own system prompt is read with every turn, and its own limit is that of its answers."""
    plain, wordy = (
        plan([Load("good", QUEUED, 100, 20, 50)], [who], JURY, 500)
        for who in (challenger(), challenger(system="x" * 400))
    )
    assert (wordy.lines[0].input_tokens - plain.lines[0].input_tokens) == 100


def test_a_judge_who_has_spoken_is_not_paid_again() -> None:
    """A duel that all jurors have judged costs nothing, and neither do answers that are there."""
    heard = Load("good", ROLLED, 100, 20, 50, "c1", frozenset({JURY.jurors[0].version}))
    fresh = heard._replace(heard=frozenset({"another"}))
    assert [line.most_calls for line in plan([heard], [challenger()], JURY, 500).lines] == [0, 0]
    assert [line.most_calls for line in plan([heard, fresh], [challenger()], JURY, 500).lines] == [0, 2]


def test_an_unknown_price_makes_the_sums_unknown() -> None:
    """Unknown is not free, and the line says that nobody knows."""
    made = plan([Load("good", QUEUED, 1, 1, 1)], [challenger(model=priced(price=None))], JURY, 500)
    assert (made.expected_usd, made.longest_usd, made.maximum_usd) == (None, None, None)
    assert (made.lines[0].price, made.lines[0].price_source) == (None, None)


def board(*standings: Standing) -> Leaderboard:
    """Return a leaderboard of these rows."""
    return Leaderboard(judge="j", seed=0, level=0.95, standings=standings)


def test_the_width_to_come_follows_from_the_spread_seen_so_far() -> None:
    """Four times the conversations halve an interval; conversations that were judged before are not fresh."""
    row = Standing(challenger="good", turns=100, conversations=100, win_rate=0.5, low=0.4, high=0.6)
    loads = [Load("good", QUEUED, 1, 1, None, f"c{number}") for number in range(310)]
    judged = {"good": frozenset(f"c{number}" for number in range(10))}
    [found] = widths(loads, judged, board(row), ["good"])
    assert (found.judged, found.fresh, found.assumed) == (100, 300, False)
    assert found.half_width == pytest.approx(0.05, rel=0.02)


def test_only_the_traffic_narrows_the_win_rate_of_the_traffic() -> None:
    """Golden, regression and adversarial turns have figures of their own, and promise nothing of this one."""
    loads = [Load("good", QUEUED, 1, 1, None, f"c{number}") for number in range(20)]
    hard = [Load("good", QUEUED, 1, 1, None, f"h{number}", tier="adversarial") for number in range(80)]
    nothing = {"good": frozenset[str]()}
    assert widths([*loads, *hard], nothing, board(), ["good"]) == widths(loads, nothing, board(), ["good"])


def test_where_nothing_was_judged_the_widest_spread_is_assumed() -> None:
    """It is said that it was, and one conversation tells nothing."""
    loads = [Load("good", QUEUED, 1, 1, None, f"c{number}") for number in range(400)]
    nothing = {"good": frozenset[str](), "fair": frozenset[str]()}
    good, fair = widths([*loads, Load("fair", QUEUED, 1, 1, None, "c1")], nothing, board(), ["good", "fair"])
    assert good.assumed
    assert good.half_width == pytest.approx(1.966 * 0.5 / math.sqrt(400), rel=0.01)
    assert (fair.fresh, fair.half_width) == (1, None)


@given(spread=st.floats(0, 0.5), conversations=st.integers(2, 10_000))
def test_more_conversations_never_widen_an_interval(spread: float, conversations: int) -> None:
    """And no interval of a rate is wider than one half to each side."""
    now, later = half_width(spread, conversations), half_width(spread, conversations + 1)
    assert now is not None
    assert later is not None
    assert later <= now <= 0.5


def test_a_budget_says_how_many_duels_it_pays_for() -> None:
    """All models share one limit; a model's own counts what that model costs."""
    made = plan([Load("good", QUEUED, 100, 20, 50)] * 10, [challenger()], JURY, 500)
    each = (made.lines[0].expected_usd or 0) / 10
    limit = round(4.5 * each * PICODOLLARS)
    windows = [
        WindowState(period="day", since=NOW, until=NOW, spent=limit, limit=2 * limit),
        WindowState(period="week", model="judge", since=NOW, until=NOW, limit=limit),
    ]
    day, of_judge = reaches(windows, made.lines, made.duels)
    assert (day.window, day.pays_for) == ("day", 4)
    assert day.left_usd == pytest.approx(4.5 * each)
    assert (of_judge.window, of_judge.pays_for) == ("judge/week", None)


def test_duels_are_counted_by_tier() -> None:
    """Those of a tier without any are left out."""
    load = Load("good", QUEUED, 100, 20, 50)
    made = plan([load, load, load._replace(tier="golden")], [challenger()], JURY, 500)
    assert (made.duels, made.tiers) == (3, {"fresh": 2, "golden": 1})


def test_vectors_are_paid_by_what_is_read() -> None:
    """One call for each number of tokens; at the most each may be several times as long."""
    asked = challenger().model
    line = embedding(asked, [1000, 500], 0)
    assert (line.calls, line.most_calls, line.input_tokens, line.output_tokens) == (2, 2, 1500, 0)
    assert line.longest_usd == pytest.approx(SAFETY * (line.expected_usd or 0))
