from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.jury_verdict import Rule, jury_verdict
from judges.types import Judgment, Verdict
from judges.verdicts import outcome

SCORES = [0.0, 1 / 14, 1 / 7, 2 / 7, 9 / 28, 0.5, 19 / 28, 5 / 7, 6 / 7, 13 / 14, 1.0]


def _said(judge: str, score: float | None) -> Judgment:
    verdict = Verdict.UNREADABLE if score is None else outcome(score)
    return Judgment(judge=judge, verdict=verdict, score=score, consistent=None, reason="")


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
