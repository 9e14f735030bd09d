from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from judges.standings.bootstrap import TOO_FEW
from judges.standings.decision import Switching
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import BASELINE, HumanVerdict, Outcome, Turn
from judges.standings.spread import NO_SPREAD
from judges.standings.standing import Standing
from judges.types import Verdict
from tests.outcomes import conditions, names, outcome, rows, tallied, turn


def board(
    outcomes: Iterable[Outcome], turns: Iterable[Turn] = (), **facts: Any
) -> tuple[dict[str, Standing], Leaderboard]:
    """Return the rows by name, and the whole leaderboard."""
    leaderboard = tallied(outcomes, turns, rounds=300, **facts)
    return rows(leaderboard), leaderboard


def unreadable() -> Outcome:
    """Return a duel whose judge could not be read."""
    return Outcome("x", "v1/1", None, Verdict.UNREADABLE)


def failed() -> Outcome:
    """Return a duel that ended without an answer."""
    return Outcome("x", "v1/1", None, None, failed=True)


def mixed(name: str = "x", *, conversations: int = 50, turns: int = 4, shift: int = 0, **facts: Any) -> list[Outcome]:
    """Return duels of which a third is won, tied and lost each."""
    return [
        outcome(name, f"v{i}/{j}", (i + j + shift) % 3 / 2, **facts) for i in range(conversations) for j in range(turns)
    ]


def test_the_baseline_stands_at_one_half() -> None:
    """Production is the yardstick: always there, at exactly one half, between the better and the worse."""
    found, leaderboard = board([outcome("better"), outcome("worse", score=0.0)])
    assert names(leaderboard) == ["better", BASELINE, "worse"]
    assert (found[BASELINE].win_rate, found[BASELINE].low, found[BASELINE].high) == (0.5, 0.5, 0.5)
    assert found[BASELINE].baseline
    assert (found[BASELINE].elo, found[BASELINE].weighted) == (1000, 0.5)


def test_an_empty_leaderboard_has_the_baseline() -> None:
    """Before the first duel is decided there is already something true to show."""
    _, leaderboard = board([])
    assert names(leaderboard) == [BASELINE]
    assert (leaderboard.differences, leaderboard.meetings, leaderboard.slices, leaderboard.judges) == ((), (), (), ())


def test_the_baseline_brings_its_cost_and_speed() -> None:
    """Turns say what production costs and calls, whether anybody was judged on them or not."""
    calls = {"calls": 4, "faults": ("schema",)}
    turns = [turn("v1/1", cost_usd=0.002, latency_s=1.0, **calls), turn("v2/1", cost_usd=0.004)]
    found, _ = board([outcome()], turns=turns)
    row = found[BASELINE]
    assert (row.turns, row.conversations, row.costs_known) == (2, 2, 2)
    assert row.cost_per_1000_turns_usd == pytest.approx(3)
    assert row.p50_latency_s == 1.0
    assert (row.calls, row.faulty_calls, row.faults, row.tool_validity) == (4, 1, {"schema": 1}, 0.75)


def test_row_1_failures_are_counted_beside_the_win_rate() -> None:
    """Nineteen failing calls of a hundred leave the win rate where the others put it."""
    judged = [outcome(score=float(i % 2), challenge=f"v{i}/1") for i in range(80)]
    found, _ = board([*judged, *[failed()] * 19, unreadable()])
    x = found["x"]
    assert (x.win_rate, x.turns, x.failed, x.unreadable) == (0.5, 80, 19, 1)
    assert (x.wins, x.ties, x.losses) == (40, 0, 40)


def test_a_duel_that_died_after_it_was_judged_still_counts() -> None:
    """What could not be posted was judged all the same."""
    found, _ = board([outcome(failed=True)])
    assert (found["x"].turns, found["x"].failed) == (1, 0)


def test_a_challenger_without_a_score_has_no_win_rate() -> None:
    """Unknown is `None`, never zero, and comes last, without a place."""
    found, leaderboard = board([failed(), unreadable(), outcome("loser", score=0.0)])
    assert (found["x"].win_rate, found["x"].low, found["x"].high, found["x"].turns) == (None, None, None, 0)
    assert (found["x"].rank_best, found["x"].elo) == (None, None)
    assert leaderboard.standings[-1].challenger == "x"
    assert found["x"].no_interval == TOO_FEW


def test_a_missing_interval_says_why() -> None:
    """One conversation, however long, has no interval."""
    found, _ = board([outcome(score=i % 2, challenge=f"v1/{i}") for i in range(50)])
    assert (found["x"].low, found["x"].no_interval, found["x"].conversations) == (None, TOO_FEW, 1)


@pytest.mark.parametrize(
    ("outcomes", "caveat"),
    [
        (mixed(conversations=12), "only 12 conversations, a rough guide"),
        (mixed(conversations=30, turns=3), NO_SPREAD),
        (mixed(conversations=30), None),
        (mixed(conversations=40, turns=1) + [outcome("x", f"v0/{n}", 1.0) for n in range(1, 60)], "count as 1 only"),
    ],
)
def test_small_samples_say_so(outcomes: list[Outcome], caveat: str | None) -> None:
    """A few conversations, some that outweigh all others, or none that differ: the interval carries a warning."""
    found, _ = board(outcomes)
    assert (caveat or "") in (found["x"].caveat or "")
    assert (caveat is None) == (found["x"].caveat is None)


def test_the_interval_holds_the_win_rate() -> None:
    """Centre and interval come from the same numbers, as do the precision and what it would take to have more."""
    found, _ = board(mixed(), wanted=0.001)
    x = found["x"]
    assert x.low is not None and x.win_rate is not None and x.high is not None  # noqa: PT018
    assert x.low < x.win_rate < x.high
    assert (x.conversations, x.no_interval) == (50, None)
    assert x.detectable is not None and 1 < 2 * x.detectable / (x.high - x.low) < 2  # noqa: PT018
    assert x.more_conversations is not None and x.more_conversations > 1000  # noqa: PT018
    assert board(mixed(), wanted=0.4)[0]["x"].more_conversations == 0


def test_identical_answers_do_not_flatter_the_judge() -> None:
    """Agreement is the judge's: rounds that never took place cannot agree."""
    asked = [outcome(consistent=True), outcome(consistent=False), unreadable()]
    found, _ = board([*asked, *[outcome(score=0.5, consistent=True, identical=True)] * 7])
    assert (found["x"].round_agreement, found["x"].identical, found["x"].ties) == (0.5, 7, 7)
    found, leaderboard = board([outcome(score=0.5, consistent=True, identical=True)])
    assert found["x"].round_agreement is None
    assert leaderboard.judges == ()


def test_unknown_costs_are_not_free() -> None:
    """The mean is over known costs, and says over how many."""
    found, _ = board([outcome(cost_usd=0.004), outcome(cost_usd=0.002), outcome(), outcome("y")])
    assert found["x"].cost_per_1000_turns_usd == pytest.approx(3)
    assert (found["x"].costs_known, found["y"].costs_known) == (2, 0)
    assert found["y"].cost_per_1000_turns_usd is None


def test_speed_is_that_of_the_slow_ones_too() -> None:
    """Median and 95th percentile of what is known."""
    found, _ = board([outcome(latency_s=float(i)) for i in range(101)] + [outcome("y")])
    assert (found["x"].p50_latency_s, found["x"].p95_latency_s) == (50, 95)
    assert found["y"].p50_latency_s is None


def test_truncated_calls_jump_to_the_eye() -> None:
    """Faulty calls are counted by kind and shared out over all calls, with an interval over conversations."""
    outcomes = [
        outcome("x", f"v{n}/1", 0.5, calls=2, faults=("truncated",) * (n % 4 == 0), same_calls=n % 2 == 0)
        for n in range(100)
    ]
    found, _ = board([*outcomes, outcome("y"), outcome("z", calls=0)])
    x = found["x"]
    assert (x.calls, x.faulty_calls, x.faults, x.tool_validity) == (200, 25, {"truncated": 25}, 0.875)
    assert x.tool_low is not None and x.tool_high is not None  # noqa: PT018
    assert 0.8 < x.tool_low < 0.875 < x.tool_high < 0.93
    assert x.same_calls == 0.5
    assert (found["y"].tool_validity, found["z"].tool_validity, found["z"].calls) == (None, None, 0)


def test_weight_3_counts_battles() -> None:
    """On Arena-Hard's scale the mean is all battles won over all fought, and judgments without labels are not in it."""
    outcomes = [
        outcome("x", "v1/1", 1.0, won=6.0, battles=6.0),
        outcome("x", "v2/1", 0.5, won=1.0, battles=2.0),
        outcome("x", "v3/1", 0.9),
    ]
    weighed, leaderboard = board(outcomes, scale="weight_3")
    assert (weighed["x"].win_rate, weighed["x"].turns, weighed["x"].wins) == (7 / 8, 2, 2)
    assert leaderboard.scale == "weight_3"
    assert board(outcomes)[0]["x"].win_rate == pytest.approx(0.8)


def test_a_new_challenger_moves_nobody() -> None:
    """Neither another challenger nor the order of outcomes changes what a row says of itself."""
    alone, _ = board(mixed(shift=1, cost_usd=0.1))
    more = mixed(shift=1, cost_usd=0.1) + [outcome("y", f"v{i}/{i}", i % 2) for i in range(50)] + mixed("a", shift=2)
    random.Random(1).shuffle(more)
    shared = {"rank_best", "rank_worst", "pareto", "elo_low", "elo_high"}
    together, x = board(more)[0]["x"], alone["x"]
    assert together.model_dump(exclude=shared) == x.model_dump(exclude=shared)
    assert (together.elo_low, together.elo_high) == pytest.approx((x.elo_low, x.elo_high))


def test_the_order_of_rows_changes_nothing() -> None:
    """The same duels in another order are the same leaderboard to the last digit."""
    outcomes = [outcome(name, f"v{i}/{j}", (i * j + k) % 7 / 7, meetings={"xyz"[k - 1]: 0.3}, latency_s=i / 7)
                for k, name in enumerate("xyz") for i in range(35) for j in range(i % 5)]  # fmt: skip
    turns = [turn(name, slices=(("tag", name[-1]),), cost_usd=0.1) for name in {row.challenge_id for row in outcomes}]
    first = tallied(outcomes, sorted(turns), rounds=100)
    random.Random(1).shuffle(outcomes)
    assert tallied(outcomes, sorted(turns)[::-1], rounds=100) == first


def test_the_control_arm_is_the_noise_floor() -> None:
    """Production's own model, replayed, shows how far chance alone goes; who is inside cannot be told from it."""
    good = [outcome("good", f"v{n}/1", 1 - n % 7 / 10) for n in range(60)]
    found, leaderboard = board([*mixed("y"), *mixed("x", shift=1), *good], controls=["y"], epoch="e1")
    assert (found["x"].control, found["y"].control) == (False, True)
    assert leaderboard.noise_floor == (found["y"].low, found["y"].high)
    assert {name: row.within_noise for name, row in found.items()} == {
        "x": True,
        "y": None,
        "good": False,
        BASELINE: None,
    }
    assert "not distinguishable from replaying production" in (found["x"].advice or "")
    assert (leaderboard.judge, leaderboard.seed, leaderboard.scale, leaderboard.epoch) == ("j/1", 1, "sevenths", "e1")
    assert leaderboard.comparability == conditions(epoch="e1").hash != conditions("weight_3", epoch="e1").hash
    assert board(mixed())[0]["x"].within_noise is None


def test_any_of_several_controls_shows_noise() -> None:
    """Inside the interval of one of two controls is inside."""
    low = [outcome("low", f"v{n}/1", n % 3 / 10) for n in range(60)]
    found, _ = board([*mixed("y"), *low, *mixed("x", shift=1)], controls=["low", "y"])
    assert found["x"].within_noise is True


def test_a_control_of_few_conversations_excuses_nobody() -> None:
    """Its interval reaches over everything: whoever loses nearly always is worse, not like production replayed."""
    control = [outcome("y", f"v{n}/1", n / 2) for n in range(3)]
    bad = [outcome("bad", f"v{n}/1", n % 3 / 10) for n in range(100)]
    found, leaderboard = board([*control, *bad], controls=["y"])
    assert (found["y"].low or 0) < (found["bad"].win_rate or 0)
    assert (found["bad"].within_noise, leaderboard.noise_floor) == (None, None)
    assert found["bad"].switching is Switching.NOT_SUPPORTED


def test_who_is_told_apart_from_a_control_is_not_within_the_noise() -> None:
    """A wide interval of the control may hold a challenger that does worse on each turn that both answered."""
    control = [outcome("y", f"v{n}/1", float(n % 2)) for n in range(40)]
    behind = [outcome("x", f"v{n}/1", n % 2 * 0.8 + n % 3 / 100) for n in range(40)]
    found, leaderboard = board([*control, *behind], controls=["y"])
    (pair,) = [each for each in leaderboard.differences if BASELINE not in (each.first, each.second)]
    assert (found["y"].low or 1) < (found["x"].win_rate or 0) < (found["y"].high or 0)
    assert pair.adjusted is not None and pair.adjusted <= 0.05  # noqa: PT018
    assert found["x"].within_noise is False


def test_prices_are_held_against_production_on_the_same_turns() -> None:
    """A challenger that has answered short turns only is not cheap because production's other turns are long."""
    turns = [turn(f"v{i}/1", cost_usd=0.01 * (1 + i // 100), latency_s=1.0 + i // 100) for i in range(200)]
    both = [outcome("old", f"v{i}/1", i % 3 / 2, cost_usd=0.01 * (1 + i // 100), latency_s=1.0) for i in range(200)]
    new = [outcome("new", f"v{i}/1", i % 3 / 2, cost_usd=0.012, latency_s=1.25) for i in range(100)]
    found, _ = board([*both, *new], turns)
    assert (found["new"].cost_per_1000_turns_usd or 0) < (found[BASELINE].cost_per_1000_turns_usd or 0)
    assert found["new"].cost_ratio == pytest.approx(1.2)
    assert found["new"].p95_latency_ratio == pytest.approx(1.25)
    assert "at 120 % of the cost and 125 % of the p95 latency" in (found["new"].advice or "")
    assert found["new"].weighted is not None and found["new"].weighted < 0.5  # noqa: PT018
    alone, _ = board(new, turns[:100])
    assert (found["new"].advice, found["new"].weighted) == (alone["new"].advice, alone["new"].weighted)


def test_prices_that_are_never_known_on_one_turn_are_not_held_against_each_other() -> None:
    """The cost of production's turns is known, and that of the challenger's, but of other turns."""
    turns = [turn(f"v{i}/1", cost_usd=0.01 if i < 40 else None) for i in range(80)]
    found, _ = board(
        [outcome("x", f"v{i}/1", i % 3 / 2, cost_usd=0.001 if i >= 40 else None) for i in range(80)], turns
    )
    assert found["x"].cost_ratio is None
    assert "of the cost" not in (found["x"].advice or "")
    assert found["x"].weighted is None


def test_each_row_has_its_place_in_the_decision() -> None:
    """Cheaper, faster and as good is worth switching to; a dearer twin is dominated; production stands at one half."""
    turns = [turn(f"v{i}/{j}", cost_usd=0.01, latency_s=2.0) for i in range(200) for j in range(4)]
    cheap = mixed("cheap", conversations=200, cost_usd=0.004, latency_s=1.0)
    dear = mixed("dear", conversations=200, cost_usd=0.02, latency_s=3.0)
    found, _ = board([*cheap, *dear], turns, margin=0.05)
    assert (found["cheap"].switching, found["dear"].switching) == (Switching.SUPPORTED, Switching.NOT_SUPPORTED)
    assert "40 % of the cost" in (found["cheap"].advice or "")
    assert (found["cheap"].pareto, found["dear"].pareto, found[BASELINE].weighted) == (True, False, 0.5)
    assert found["cheap"].weighted is not None and found["cheap"].weighted > 0.5  # noqa: PT018


def test_a_judge_that_people_contradict_decides_nothing() -> None:
    """Below the floor of agreement the judge is called untrusted, and no switching rests on its word."""
    turns = [turn(f"v{i}/{j}", cost_usd=0.01, latency_s=2.0) for i in range(200) for j in range(4)]
    cheap = mixed("cheap", conversations=200, cost_usd=0.004, latency_s=1.0)
    for said, trusted, switching in (
        (lambda row: row.verdict, True, Switching.SUPPORTED),
        (lambda _: Verdict.LOSS, False, Switching.UNDECIDED),
    ):
        people = [HumanVerdict("cheap", row.challenge_id, 0.5, said(row), 0.1) for row in cheap[:60]]
        found, leaderboard = board(cheap, turns, margin=0.05, people=people)
        (judge,) = leaderboard.judges
        assert (judge.judge, judge.trusted, found["cheap"].switching) == ("j/1", trusted, switching)
        assert ("the judge is not trusted" in (found["cheap"].advice or "")) is not trusted
    assert board(cheap, turns, people=people, needed=100)[1].judges[0].trusted is None


def test_people_correct_the_win_rate() -> None:
    """Where people see more losses than the judge, the corrected win rate is lower, and the gap says by how much."""
    judged = mixed(conversations=100)
    people = [
        HumanVerdict("x", row.challenge_id, max(0.0, (row.score or 0) - n % 5 / 8), Verdict.LOSS, 1.0)
        for n, row in enumerate(judged[::2])
    ]
    x = board(judged, people=people)[0]["x"]
    assert x.win_rate is not None and x.human_win_rate is not None and x.human_low is not None  # noqa: PT018
    assert x.human_low < x.human_win_rate < x.win_rate
    assert x.human_gap == pytest.approx(x.win_rate - x.human_win_rate)
    assert x.human_labels == 200
    battles = [row._replace(won=row.score, battles=1.0) for row in judged]
    assert board(battles, people=people, scale="weight_3")[0]["x"].human_win_rate is None


def test_against_one_baseline_the_rating_is_the_win_rate() -> None:
    """On either scale Bradley-Terry's chance to win is the weighted mean."""
    outcomes = [outcome("x", f"v{n}/1", n % 8 / 7, won=float(n % 3), battles=2.0 + n % 2) for n in range(50)]
    for scale in ("sevenths", "weight_3"):
        x = board(outcomes, scale=scale)[0]["x"]
        assert x.elo is not None
        assert 1 / (1 + 10 ** ((1000 - x.elo) / 400)) == pytest.approx(x.win_rate, abs=1e-12)
        assert x.elo_low is not None and x.elo_high is not None and x.elo_low < x.elo < x.elo_high  # noqa: PT018


def test_meetings_are_direct_where_a_judge_compared_the_two() -> None:
    """A ranking counts each two once; others meet by way of their paired difference, which no rating is fed with."""
    outcomes = [
        row._replace(meetings=meetings)
        for name, meetings in (("x", {"y": 0.75}), ("y", {"x": 0.25}), ("z", {}))
        for row in mixed(name, shift="xyz".index(name))
    ]
    _, leaderboard = board(outcomes, scale="ranks")
    cells = {(cell.first, cell.second): cell for cell in leaderboard.meetings}
    assert (cells["x", "y"].share, cells["x", "y"].turns, cells["x", "y"].direct) == (0.75, 200, True)
    assert (cells["x", "z"].direct, cells["y", "z"].turns) == (False, 200)
    difference = next(row for row in leaderboard.differences if (row.first, row.second) == ("x", "z"))
    assert difference.difference is not None
    assert cells["x", "z"].share == pytest.approx(0.5 + difference.difference / 2)
    elos = {name: row.elo for name, row in rows(leaderboard).items()}
    assert elos["x"] > elos["z"] > elos["y"]  # type: ignore[operator]


def test_slices_are_held_against_the_rest() -> None:
    """A tool on which a challenger loses is found; a value that nobody is judged on has no row; few are not tested."""
    turns = [
        turn(f"v{i}/{j}", slices=(("tool", "bad" if j == 0 else "good"), ("tag", "few" if i < 5 else "many")))
        for i in range(100)
        for j in range(4)
    ]
    outcomes = [outcome("x", row.challenge_id, 0.2 if ("tool", "bad") in row.slices else 0.7) for row in turns]
    outcomes = [row._replace(score=(row.score or 0) + n % 5 / 50) for n, row in enumerate(outcomes)]
    _, leaderboard = board(outcomes, [*turns, turn("w/1", slices=(("tag", "nobody"),))])
    found = {(row.dimension, row.value): row for row in leaderboard.slices}
    assert set(found) == {("tool", "bad"), ("tool", "good"), ("tag", "few"), ("tag", "many")}
    bad, few = found["tool", "bad"], found["tag", "few"]
    assert bad.win_rate is not None and bad.low is not None and bad.high is not None  # noqa: PT018
    assert bad.win_rate == pytest.approx(0.24, abs=0.01)
    assert bad.low < bad.win_rate < bad.high
    assert (bad.turns, bad.conversations, bad.small) == (100, 100, False)
    assert bad.adjusted is not None and bad.adjusted < 1e-6  # noqa: PT018
    assert (few.small, few.adjusted, few.conversations) == (True, None, 5)


def test_a_dimension_shows_its_most_frequent_values() -> None:
    """A tag of its own for every turn does not drown the rest."""
    turns = [turn(f"v{n}/1", slices=(("tag", f"t{min(n, 30 + n % 12):02}"), ("tag", "all"))) for n in range(200)]
    _, leaderboard = board([outcome("x", row.challenge_id) for row in turns], turns)
    shown = [row.value for row in leaderboard.slices]
    assert len(shown) == 12
    assert shown[0] == "all"
    assert "t05" not in shown


def test_the_adversarial_tier_weighs_in_the_decision_matrix() -> None:
    """Who is as good on the traffic and loses where it is hard stands behind who holds; production at one half."""
    turns = [turn(f"v{n}/1", tier="adversarial" if n < 4 else "fresh", cost_usd=1.0, latency_s=1.0) for n in range(12)]
    facts = {"cost_usd": 1.0, "latency_s": 1.0}
    outcomes = [outcome("weak", f"v{n}/1", 0.5 * (n >= 4), **facts) for n in range(12)]
    outcomes += [outcome("firm", f"v{n}/1", 0.5, **facts) for n in range(12)]
    known = rows(tallied(outcomes, turns))
    assert known["firm"].weighted == known["baseline"].weighted == 0.5
    assert known["weak"].weighted == (5 * 0.5 + 3 * 0.0 + 2 * 0.5 + 1 * 0.5) / 11
    assert (known["weak"].win_rate, known["weak"].pareto, known["firm"].pareto) == (0.5, False, True)
