"""A gate decides by whole intervals, says what it does not know, and errs as seldom as it promises."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from judges.standings.gated import Check, Gate, Gates, Result
from judges.standings.gates import UNTRUSTED, gate
from judges.standings.leaderboard import Leaderboard
from judges.standings.measures import ALIKE, NO_DATA, TOO_SMALL, measure
from judges.standings.tiers import TierStanding
from tests.gating import board, drawn, row

RULES = Gates()


def fresh(low: float, rate: float, high: float, name: str = "rival", conversations: int = 200) -> TierStanding:
    """Return fresh turns with a given interval."""
    return TierStanding(
        tier="fresh",
        challenger=name,
        turns=2 * conversations,
        conversations=conversations,
        win_rate=rate,
        low=low,
        high=high,
    )


def golden(low: float, held: float, high: float, conversations: int = 200) -> TierStanding:
    """Return golden turns of which this share is held; their scores differ."""
    return fresh(0.45, 0.5, 0.55, conversations=conversations).model_copy(
        update={"tier": "golden", "held": held, "held_low": low, "held_high": high}
    )


def only(found: Gate, against: str = "baseline", tier: str = "fresh") -> Check:
    """Return the one check of this kind."""
    [check] = [each for each in found.checks if (each.against, each.tier) == (against, tier)]
    return check


@pytest.mark.parametrize(
    ("interval", "result"),
    [
        ((0.481, 0.50, 0.52), Result.PASS),
        ((0.48, 0.55, 0.62), Result.INCONCLUSIVE),
        ((0.40, 0.47, 0.54), Result.INCONCLUSIVE),
        ((0.40, 0.44, 0.479), Result.FAIL),
    ],
)
def test_the_whole_interval_decides(interval: tuple[float, float, float], result: Result) -> None:
    """Above the bar passes, below it fails, across it is open; a good point estimate alone passes nothing."""
    found = gate(board(fresh(*interval)), RULES)
    assert only(found).result is result
    assert found.result is result


def test_floors_are_on_turns_held() -> None:
    """A model as good as production has a win rate of one half and must be able to pass a floor of 0.85."""
    found = gate(board(fresh(0.49, 0.5, 0.51), golden(0.9, 0.93, 0.96)), RULES)
    assert found.result is Result.PASS
    assert only(found, "floor", "golden").estimate == 0.93
    assert gate(board(fresh(0.49, 0.5, 0.51), golden(0.7, 0.75, 0.8)), RULES).result is Result.FAIL


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"trusted": False}, UNTRUSTED),
        ({"counts": {"rival": {"failed": 60}}}, "13 % of its duels have no result (60 failed"),
        ({"counts": {"rival": {"unreadable": 60}}}, "60 could not be read"),
    ],
)
def test_what_makes_all_figures_doubtful_decides_nothing(change: dict[str, Any], reason: str) -> None:
    """An untrusted judge, or many duels without a result, neither pass nor fail anybody, however clear the figures."""
    for interval in ((0.6, 0.65, 0.7), (0.2, 0.25, 0.3)):
        check = only(gate(board(fresh(*interval), **change), RULES))
        assert check.result is Result.INCONCLUSIVE
        assert reason in check.reason
        assert check.more_conversations is None


def test_open_duels_count_as_missing() -> None:
    """An epoch whose money ran out before its duels were done decides nothing."""
    check = only(gate(board(fresh(0.6, 0.65, 0.7)), RULES, unfinished={"rival": 100}))
    assert (check.result, "100 are not finished" in check.reason) == (Result.INCONCLUSIVE, True)
    assert gate(board(fresh(0.6, 0.65, 0.7)), RULES, unfinished={"rival": 10}).result is Result.PASS


def test_few_conversations_and_no_data_decide_nothing() -> None:
    """What is missing is said, and how many conversations there must be at least."""
    check = only(gate(board(fresh(0.55, 0.7, 0.8, conversations=12)), RULES))
    assert (check.result, check.reason, check.more_conversations) == (Result.INCONCLUSIVE, TOO_SMALL, 18)
    check = only(gate(board(golden(0.9, 0.93, 0.96)), RULES))
    assert (check.result, check.reason, check.more_conversations) == (Result.INCONCLUSIVE, NO_DATA, 30)


def test_an_interval_without_width_passes_nothing() -> None:
    """A judge that ties whatever it sees is not a challenger that is as good."""
    ties = [[0.5, 0.5]] * 300
    found = gate(board(row(ties), row(ties, tier="golden")), RULES)
    assert [check.reason for check in found.checks] == [ALIKE, ALIKE]
    assert found.result is Result.INCONCLUSIVE


@pytest.mark.parametrize(("score", "result"), [(0.0, Result.FAIL), (1 / 7, Result.FAIL), (1.0, Result.PASS)])
def test_who_loses_every_turn_fails_and_who_wins_every_turn_passes(score: float, result: Result) -> None:
    """Scores that never differ leave little room for others, beyond 30 conversations."""
    every = [[score, score]] * 40
    found = gate(board(row(every), row(every, tier="golden")), RULES)
    assert [check.result for check in found.checks] == [result, result]
    few = gate(board(row(every[:5]), row(every[:5], tier="golden")), RULES)
    assert [check.result for check in few.checks] == [Result.INCONCLUSIVE] * 2


@pytest.mark.parametrize("conversations", [4, 34])
def test_perfect_scores_are_no_certainty(conversations: int) -> None:
    """Above the lower bound lies what would give so many perfect conversations in more than 2.5 % of studies."""
    check = only(gate(board(row([[1.0]] * conversations)), RULES))
    assert check.low == pytest.approx(0.025 ** (1 / conversations))
    assert (check.estimate, check.high) == (1.0, 1.0)


def test_scores_that_never_differ_decide_when_they_are_enough() -> None:
    """Just below the bar 30 conversations do not; it takes as many more as are named, and not one less."""
    every = [[3 / 7]] * 30
    check = only(gate(board(row(every)), RULES))
    assert (check.result, check.more_conversations) == (Result.INCONCLUSIVE, 10)
    assert only(gate(board(row(every + every[:9])), RULES)).result is Result.INCONCLUSIVE
    assert only(gate(board(row(every + every[:10])), RULES)).result is Result.FAIL


@pytest.mark.parametrize("conversations", [4, 34, 60])
def test_how_many_more_held_turns_would_settle_it(conversations: int) -> None:
    """Near a floor intervals narrow faster than by the root: so many more pass, and much fewer do not."""

    def found(number: int) -> Check:
        scores = [[0.5], [1.0]] * (number // 2)
        return only(gate(board(row(scores, tier="regression")), RULES), "floor", "regression")

    more = found(conversations).more_conversations
    assert more is not None
    assert found(conversations + more + 4).result is Result.PASS
    assert found(conversations + round(0.6 * more)).result is Result.INCONCLUSIVE


def test_few_conversations_near_the_bar_need_more_than_the_least_number() -> None:
    """Thirty make a figure count; they do not settle what lies so near the bar."""
    check = only(gate(board(fresh(0.40, 0.55, 0.70, conversations=20)), RULES))
    assert check.more_conversations is not None
    assert check.more_conversations > 50


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_held_at_either_end_has_its_chance(share: float) -> None:
    """Where none was held, or all, the chance at the bar is that of the interval, and not unknown."""
    scores = [[1.0 if n < 300 * share else 0.0] for n in range(300)]
    found = measure(row(scores, tier="golden"))
    assert found.unknown is None
    assert (found.chance_above(0.85, 0.95) < 1e-6) == (share < 0.85)


def test_all_turns_held_pass_when_they_are_enough() -> None:
    """Where scores differ and every turn is held, 80 conversations show more than 0.95, and 70 do not."""
    for conversations, result in ((80, Result.PASS), (70, Result.INCONCLUSIVE)):
        scores = [[0.5], [1.0]] * (conversations // 2)
        assert only(gate(board(row(scores, tier="regression")), RULES), "floor", "regression").result is result


def test_no_turn_held_fails() -> None:
    """A share of nothing has an interval too, and lies below every floor."""
    scores = [[0.0], [0.1]] * 50
    assert only(gate(board(row(scores, tier="golden")), RULES), "floor", "golden").result is Result.FAIL


def test_how_many_more_would_settle_it() -> None:
    """With so many conversations more, and the same spread, the interval lies on one side; on the bar none do."""
    rng = np.random.default_rng(5)
    scores = drawn(rng, 150, (0.36, 0.30, 0.34))
    check = only(gate(board(row(scores)), RULES))
    assert check.result is Result.INCONCLUSIVE
    assert check.more_conversations is not None
    assert check.estimate is not None
    assert check.low is not None
    share = 150 / (150 + check.more_conversations)
    assert check.estimate - (check.estimate - check.low) * share**0.5 == pytest.approx(0.48, abs=0.004)
    border = only(gate(board(fresh(0.42, 0.481, 0.54)), RULES))
    assert (border.more_conversations, "stands on the bar" in border.reason) == (None, True)


def earlier(*rates: float, name: str = "rival") -> dict[str, list[Leaderboard]]:
    """Return closed epochs with these win rates, each surer than two points."""
    return {
        name: [
            board(fresh(rate - 0.015, rate, rate + 0.015, name), epoch=f"2026-W{30 + n}")
            for n, rate in enumerate(rates)
        ]
    }


@pytest.mark.parametrize(
    ("interval", "result"),
    [
        ((0.53, 0.55, 0.57), Result.PASS),
        ((0.48, 0.52, 0.56), Result.INCONCLUSIVE),
        ((0.45, 0.47, 0.49), Result.FAIL),
    ],
)
def test_a_fall_below_ones_own_past_fails(interval: tuple[float, float, float], result: Result) -> None:
    """Against the mean of its last five epochs, 0.57: by the interval of the difference."""
    check = only(gate(board(fresh(*interval)), RULES, earlier(0.2, 0.57, 0.56, 0.58, 0.57, 0.57)), "history")
    assert (check.result, check.held_against) == (result, "the mean of 5 earlier epochs")
    assert check.estimate == pytest.approx(interval[1] - 0.57)
    assert check.bar == -0.05


def test_without_a_past_history_is_not_asked() -> None:
    """The gate says so, and passes all the same."""
    found = gate(board(fresh(0.49, 0.5, 0.51)), RULES)
    assert [each.against for each in found.checks] == ["baseline"]
    assert [(each.challenger, each.against) for each in found.unasked] == [("rival", "history")]
    assert found.result is Result.PASS


def test_an_uncertain_past_asks_for_more_epochs() -> None:
    """Where no number of conversations now can settle it, the gate does not name one."""
    past = {"rival": [board(fresh(0.30, 0.55, 0.80), epoch="2026-W46")]}
    check = only(gate(board(fresh(0.49, 0.52, 0.55)), RULES, past), "history")
    assert check.more_conversations is None
    assert "it takes more of them" in check.reason


def test_controls_are_left_out_unless_asked_for() -> None:
    """Production replayed is no candidate; by name it is gated."""
    whole = board(fresh(0.4, 0.44, 0.47, "replayed"), fresh(0.49, 0.5, 0.51))
    rows = [each.model_copy(update={"control": each.challenger == "replayed"}) for each in whole.standings]
    whole = whole.model_copy(update={"standings": tuple(rows)})
    assert {check.challenger for check in gate(whole, RULES).checks} == {"rival"}
    assert {check.challenger for check in gate(whole, RULES, only="replayed").checks} == {"replayed"}
    everybody = gate(whole, Gates(controls=True))
    assert {check.challenger for check in everybody.checks} == {"rival", "replayed"}


def test_one_of_many_is_not_failed_by_chance() -> None:
    """Just below the bar fails alone, and not among twenty; looking eight times counts as eight."""
    below = (0.42, 0.45, 0.479)
    assert gate(board(fresh(*below)), RULES).result is Result.FAIL
    others = [fresh(0.49, 0.52, 0.55, f"m{number}") for number in range(19)]
    crowd = gate(board(fresh(*below), *others), RULES)
    [check] = [check for check in crowd.checks if check.challenger == "rival"]
    assert (check.result, "Holm" in check.reason) == (Result.INCONCLUSIVE, True)
    assert gate(board(fresh(*below)), RULES, looks=8).result is Result.INCONCLUSIVE
    assert gate(board(fresh(0.3, 0.33, 0.36)), RULES, looks=8).result is Result.FAIL


def shares_at(rate: float, ties: float = 0.3) -> tuple[float, float, float]:
    """Return how often to win, tie and lose for a win rate."""
    return rate - ties / 2, ties, 1 - rate - ties / 2


@pytest.mark.parametrize("conversations", [40, 200])
def test_errors_at_the_threshold_are_rare(conversations: int) -> None:
    """A challenger exactly at the bar passes in at most 5 % of studies, and fails in at most 5 %."""
    rng, results = np.random.default_rng(conversations), Counter[Result]()
    for _ in range(400):
        scores = drawn(rng, conversations, shares_at(0.48))
        results[only(gate(board(row(scores)), RULES)).result] += 1
    assert results[Result.PASS] <= 20
    assert results[Result.FAIL] <= 20


@pytest.mark.parametrize("conversations", [60, 300])
def test_errors_at_a_floor_are_rare(conversations: int) -> None:
    """The same of a floor near one, where shares are skewed."""
    rng, results = np.random.default_rng(conversations), Counter[Result]()
    for _ in range(400):
        scores = drawn(rng, conversations, (0.5, 0.45, 0.05))
        results[only(gate(board(row(scores, tier="regression")), RULES), "floor", "regression").result] += 1
    assert results[Result.PASS] <= 20
    assert results[Result.FAIL] <= 20


def test_errors_against_the_past_are_rare() -> None:
    """A fall of exactly five points fails in at most 5 % of studies and passes in at most 5 %."""
    rng, results = np.random.default_rng(3), Counter[Result]()
    for _ in range(300):
        past = {"rival": [board(row(drawn(rng, 100, shares_at(0.55)))) for _ in range(5)]}
        now = board(row(drawn(rng, 100, shares_at(0.50))))
        results[only(gate(now, RULES, past), "history").result] += 1
    assert results[Result.PASS] <= 15
    assert results[Result.FAIL] <= 15


def test_who_is_worse_fails_in_the_end_and_who_is_as_good_passes() -> None:
    """With enough conversations nine of ten studies decide, and rightly."""
    for rate, right in ((0.42, Result.FAIL), (0.54, Result.PASS)):
        rng = np.random.default_rng(7)
        studies = [gate(board(row(drawn(rng, 1500, shares_at(rate)))), RULES).result for _ in range(20)]
        assert studies.count(right) >= 18
