from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.jury_habits import Duel, habits, heat_map, left_out
from judges.jury_verdict import Rule, jury_verdict
from judges.types import Judgment, Label, Verdict
from judges.verdicts import add_up, outcome
from tests.judged import round_of

SCORES = [0.0, 1 / 14, 1 / 7, 2 / 7, 9 / 28, 0.5, 19 / 28, 5 / 7, 6 / 7, 13 / 14, 1.0]


def _said(judge: str, score: float | None, *, consistent: bool | None = None) -> Judgment:
    verdict = Verdict.UNREADABLE if score is None else outcome(score)
    return Judgment(judge=judge, verdict=verdict, score=score, consistent=consistent, reason="")


def _jury(*scores: float | None) -> list[Judgment]:
    return [_said(name, score) for name, score in zip("abcdefgh", scores, strict=False)]


@pytest.mark.parametrize(
    ("rule", "scores", "verdict", "score"),
    [
        ("mean", (1.0, 1.0, 0.0), Verdict.WIN, 2 / 3),
        ("mean", (6 / 7, 1 / 7), Verdict.TIE, 0.5),
        ("mean", (0.0, 3 / 7, 3 / 7, 1.0), Verdict.LOSS, 13 / 28),
        ("median", (0.0, 6 / 7, 6 / 7), Verdict.WIN, 6 / 7),
        ("median", (0.0, 0.5, 0.5), Verdict.TIE, 0.5),
        ("majority", (6 / 7, 6 / 7, 0.0), Verdict.WIN, 6 / 7),
        ("majority", (1.0, 1 / 7, 1 / 7), Verdict.LOSS, 1 / 7),
        ("majority", (1.0, 0.5, 0.0), Verdict.TIE, 0.5),
        ("majority", (1.0, 1.0, 0.0, 0.0, 0.5), Verdict.TIE, 0.5),
        ("majority", (1.0, 6 / 7, 0.5, 0.0), Verdict.WIN, 13 / 14),
    ],
)
def test_a_jury_pools_by_its_rule(rule: Rule, scores: tuple[float, ...], verdict: Verdict, score: float) -> None:
    """Means and medians pool scores, majorities pool verdicts, and a divided jury is a tie."""
    said = jury_verdict(_jury(*scores), rule=rule)
    assert said.verdict is verdict
    assert said.score == pytest.approx(score)


def test_a_judge_that_cannot_be_read_is_neither_a_tie_nor_a_zero() -> None:
    """What cannot be read is left out, counts towards no quorum, and is named."""
    said = jury_verdict(_jury(1.0, None, 6 / 7), quorum=2)
    assert said.verdict is Verdict.WIN
    assert said.score == pytest.approx(13 / 14)
    assert (said.counted, said.unreadable) == (("a", "c"), ("b",))
    short = jury_verdict(_jury(1.0, None, None), quorum=2)
    assert (short.verdict, short.score, short.agreement) == (Verdict.UNREADABLE, None, None)
    assert jury_verdict([], quorum=0).verdict is Verdict.UNREADABLE


def test_agreement_is_the_share_that_says_the_same() -> None:
    """Three of four judges behind the verdict are three quarters."""
    assert jury_verdict(_jury(1.0, 6 / 7, 6 / 7, 0.0)).agreement == 0.75


@given(
    st.lists(st.sampled_from(SCORES) | st.none(), max_size=7),
    st.sampled_from(["mean", "median", "majority"]),
    st.integers(1, 4),
    st.randoms(use_true_random=False),
)
def test_the_order_of_judges_and_sides_makes_no_difference(
    scores: list[float | None], rule: Rule, quorum: int, random: Random
) -> None:
    """A shuffled jury says the same, and seen from the baseline it says the opposite."""
    jury = _jury(*scores)
    said = jury_verdict(jury, rule=rule, quorum=quorum)
    shuffled = jury_verdict(random.sample(jury, len(jury)), rule=rule, quorum=quorum)
    assert shuffled.verdict is said.verdict
    assert shuffled.score == pytest.approx(said.score)
    turned = jury_verdict(_jury(*(None if s is None else 1 - s for s in scores)), rule=rule, quorum=quorum)
    opposite = {Verdict.WIN: Verdict.LOSS, Verdict.LOSS: Verdict.WIN}
    assert turned.verdict is opposite.get(said.verdict, said.verdict)


@given(st.lists(st.sampled_from(SCORES), min_size=1, max_size=7), st.sampled_from(["mean", "median", "majority"]))
def test_a_verdict_lies_between_those_of_its_judges(scores: list[float], rule: Rule) -> None:
    """No rule goes beyond what some judge said, but for a tie of a divided jury, which lies between as well."""
    said = jury_verdict(_jury(*scores), rule=rule).score
    assert said is not None
    assert min(scores) - 1e-9 <= said <= max(scores) + 1e-9


def _duels(table: dict[str, list[tuple[float | None, ...]]]) -> list[Duel]:
    return [
        Duel(challenge_id=str(index), challenger=challenger, judgments=tuple(_jury(*scores)))
        for challenger, rows in table.items()
        for index, scores in enumerate(rows)
    ]


def test_a_harsh_judge_gives_less_than_the_others() -> None:
    """Harshness is the others' mean less one's own, on duels that others could read as well."""
    a, b, c = habits(_duels({"x": [(0.0, 1.0, 1.0), (0.5, 0.5, None), (1.0, None, None)]}))
    assert (a.harshness, b.harshness, c.harshness) == (0.5, -0.25, -0.5)
    assert (a.duels, a.unreadable_share) == (3, 0.0)
    assert c.unreadable_share == pytest.approx(2 / 3)
    assert a.disagreeing_share is None


def test_a_judge_drawn_to_a_seat_is_seen_to_be() -> None:
    """One who always prefers seat A gives it 6/7; rounds that cannot be read or seat one side more say nothing."""
    first = add_up("a", [round_of("B", Label.A_BETTER), round_of("A", Label.A_BETTER)])
    steady = add_up("b", [round_of("B", Label.A_BETTER), round_of("A", Label.B_BETTER)])
    broken = add_up("c", [round_of("B", Label.A_BETTER), round_of("A", None)])
    lone = add_up("d", [round_of("A", Label.A_BETTER)])
    found = habits([Duel(challenge_id="1", challenger="x", judgments=(first, steady, broken, lone))])
    assert [judge.seat_bias for judge in found] == [pytest.approx(6 / 7 - 0.5), pytest.approx(0), None, None]
    assert [judge.disagreeing_share for judge in found] == [1.0, 0.0, None, None]


def test_the_heat_map_has_a_cell_for_every_judge_and_challenger() -> None:
    """A cell is the mean of what could be read; a judge that was never readable has a cell without a score."""
    cells = heat_map(_duels({"x": [(1.0, None), (0.0, None)], "y": [(0.5, 0.5)]}))
    assert [(cell.judge, cell.challenger, cell.duels, cell.score) for cell in cells] == [
        ("a", "x", 2, 0.5),
        ("a", "y", 1, 0.5),
        ("b", "x", 0, None),
        ("b", "y", 1, 0.5),
    ]


def test_leaving_a_judge_out_shows_what_hangs_on_it() -> None:
    """A judge who alone favours one challenger changes the order of both when it is gone."""
    a, b, c = left_out(_duels({"x": [(1.0, 0.5, 0.5)], "y": [(0.0, 5 / 7, 5 / 7)]}), quorum=3)
    assert a.swapped == (("x", "y"),)
    assert a.change == {"x": pytest.approx(-1 / 6), "y": pytest.approx(5 / 21)}
    assert b.swapped == c.swapped == ()
    assert a.duels == 2


def test_a_lone_judge_leaves_nothing_behind() -> None:
    """Without its only judge a jury says nothing, and nothing is said to have changed."""
    (alone,) = left_out(_duels({"x": [(1.0,)]}))
    assert (alone.duels, alone.change, alone.swapped) == (0, {}, ())
