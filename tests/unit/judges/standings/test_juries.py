from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.jury_verdict import Rule, jury_verdict
from judges.standings.columns import gathered
from judges.standings.leaderboard import Leaderboard, Seen
from judges.standings.opinions import heard
from judges.standings.outcomes import HumanVerdict, Opinion
from judges.standings.pooling import pooled
from judges.standings.setting_aside import without
from judges.standings.tables import VERDICTS
from judges.standings.terms import Bench
from judges.types import Judgment, Verdict
from judges.verdicts import outcome as said
from tests.outcomes import outcome, tallied, turn

SCORES = [0.0, 1 / 14, 1 / 7, 2 / 7, 9 / 28, 0.5, 19 / 28, 5 / 7, 6 / 7, 13 / 14, 1.0]

ABSENT = -1.0
"""The score of a judge that did not sit."""


def opinion(judge: str, challenger: str, challenge: str, score: float | None, **facts: Any) -> Opinion:
    """Return what a judge says."""
    return Opinion(judge, challenger, challenge, score, Verdict.UNREADABLE if score is None else said(score), **facts)


def jury(table: dict[str, Sequence[Sequence[float | None]]], **facts: Any) -> Leaderboard:
    """Return the leaderboard of duels by challenger, each with a score by each of the judges a, b, c …."""
    opinions = [
        opinion(judge, challenger, f"v{n}/1", score)
        for challenger, duels in table.items()
        for n, scores in enumerate(duels)
        for judge, score in zip("abcdefgh", scores, strict=False)
        if score != ABSENT
    ]
    outcomes = [outcome(challenger, f"v{n}/1") for challenger, duels in table.items() for n in range(len(duels))]
    return tallied(outcomes, opinions=opinions, rounds=20, **facts)


def judges(*table: Any, **facts: Any) -> tuple[Seen, ...]:
    """Return only what is said of the judges."""
    return jury(*table, **facts).judges


def test_a_harsh_judge_gives_less_than_the_others() -> None:
    """Harshness is the others' mean less one's own, on duels that others could read as well."""
    a, b, c = judges({"x": [(0.0, 1.0, 1.0), (0.5, 0.5, None), (1.0, None, None)]})
    assert (a.harshness, b.harshness, c.harshness) == (0.5, -0.25, -0.5)
    assert (a.duels, a.unreadable_share) == (3, 0.0)
    assert c.unreadable_share == pytest.approx(2 / 3)
    assert (a.disagreeing_share, a.seat_bias) == (None, None)


def test_seat_bias_and_rounds_that_disagree_are_means_of_what_is_known() -> None:
    """Duels that say nothing of either are left out of it, and judges have names for a person."""
    opinions = [
        opinion("a", "x", "v1/1", 0.5, consistent=False, seat_bias=0.4),
        opinion("a", "x", "v2/1", 1.0, consistent=True, seat_bias=0.0),
        opinion("a", "x", "v3/1", None),
    ]
    (judge,) = tallied([outcome("x", f"v{n}/1") for n in (1, 2, 3)], opinions=opinions, names={"a": "Ada"}).judges
    assert (judge.disagreeing_share, judge.name) == (0.5, "Ada")
    assert judge.seat_bias == pytest.approx(0.2)


def test_the_heat_map_has_a_cell_for_every_challenger_a_judge_has_seen() -> None:
    """A cell is the mean of what could be read; a judge that was never readable has a cell without a score."""
    a, b = judges({"x": [(1.0, None), (0.0, None)], "y": [(0.5, 0.5)], "z": [(0.5, ABSENT)]})
    assert a.by_challenger == {"x": 0.5, "y": 0.5, "z": 0.5}
    assert b.by_challenger == {"x": None, "y": 0.5}


def test_leaving_a_judge_out_shows_what_hangs_on_it() -> None:
    """A judge who alone favours one challenger changes the order of both when it is gone."""
    a, b, c = judges({"x": [(1.0, 0.5, 0.5)], "y": [(0.0, 5 / 7, 5 / 7)]}, quorum=3)
    assert a.swapped == (("x", "y"),)
    assert a.left_out == {"x": pytest.approx(-1 / 6), "y": pytest.approx(5 / 21)}
    assert b.swapped == c.swapped == ()


def test_leaving_out_follows_the_rule_and_the_quorum() -> None:
    """By majority the third judge decides; a duel that has no quorum without it, and had none with it, says nothing."""
    table = {"x": [(1.0, 0.0, 1.0), (1.0, ABSENT, ABSENT)]}
    assert judges(table, rule="majority", quorum=2)[2].left_out == {"x": -0.5}
    assert judges(table, rule="majority", quorum=2)[0].left_out == {"x": -0.5}
    assert judges(table, rule="median", quorum=1)[1].left_out == {"x": 0.0}


def test_a_lone_judge_leaves_nothing_behind() -> None:
    """Without its only judge a jury says nothing, and nothing is said to have changed."""
    (alone,) = judges({"x": [(1.0,)]})
    assert (alone.duels, alone.left_out, alone.swapped) == (1, {}, ())


def test_the_one_judge_is_seen_by_its_verdicts() -> None:
    """Without opinions the leaderboard's own verdicts speak for the judge, those that needed none left out."""
    outcomes = [
        outcome("x", "v1/1", 1.0, consistent=True),
        outcome("x", "v2/1", 0.5, consistent=False),
        outcome("x", "v3/1", 0.5, identical=True),
        outcome("x", "v4/1", 0.5, verdict=Verdict.UNREADABLE)._replace(score=None),
    ]
    (judge,) = tallied(outcomes).judges
    assert (judge.judge, judge.duels, judge.by_challenger) == ("j/1", 3, {"x": 0.75})
    assert judge.disagreeing_share == 0.5
    assert judge.unreadable_share == pytest.approx(1 / 3)


def test_each_judge_is_held_against_people() -> None:
    """One judge of a jury may be trusted while another is not; who was not asked about the same duels is neither."""
    table = {"x": [(1.0, 0.0, ABSENT)] * 20 + [(1.0, 1.0, 1.0)] * 5}
    people = [HumanVerdict("x", f"v{n}/1", 1.0, Verdict.WIN, 0.5) for n in range(20)]
    a, b, c = judges(table, people=people)
    assert [judge.trusted for judge in (a, b, c)] == [True, False, None]
    assert a.agreement is not None and b.agreement is not None  # noqa: PT018
    assert (a.agreement.agreement, b.agreement.agreement, c.agreement) == (1.0, 0.0, None)


def test_the_order_of_opinions_changes_nothing() -> None:
    """What was heard last weighs as much as what was heard first, and strangers' duels are no matter."""
    opinions = [
        opinion(judge, "x", f"v{n}/1", SCORES[(n * len(judge)) % 11]) for judge in ("a", "bb") for n in range(9)
    ]
    outcomes = [outcome("x", f"v{n}/1") for n in range(9)]
    first = tallied(outcomes, opinions=opinions)
    random.Random(1).shuffle(opinions)
    assert tallied(outcomes, opinions=[*opinions, opinion("a", "stranger", "v1/1", 0.0)]) == first


@given(
    st.lists(st.lists(st.sampled_from([None, *SCORES]), min_size=4, max_size=4), min_size=1, max_size=8),
    st.sampled_from(["mean", "median", "majority"]),
    st.integers(1, 4),
)
def test_juries_in_columns_say_what_juries_say(duels: list[list[float | None]], rule: Rule, quorum: int) -> None:
    """The columns of a thousand duels are pooled exactly as one duel is by the jury itself."""
    table = np.array(duels, dtype=float)
    verdicts = np.array(
        [[VERDICTS.index(Verdict.UNREADABLE if score is None else said(score)) for score in row] for row in duels]
    ).astype(np.int8)
    for row, found in zip(duels, pooled(table, verdicts, rule, quorum), strict=True):
        judgments = [
            Judgment(judge=str(n), verdict=VERDICTS[code], score=score, consistent=None, reason="")
            for n, (score, code) in enumerate(zip(row, verdicts[duels.index(row)], strict=True))
        ]
        score = jury_verdict(judgments, rule=rule, quorum=quorum).score
        assert np.isnan(found) if score is None else found == pytest.approx(score)


def told_apart(**facts: Any) -> Leaderboard:
    """Return a leaderboard on which people contradict judge `c` and agree with `a` and `b`; 40 duels of `x`."""
    table = [(1.0, 1.0, 0.0) if n % 2 else (0.0, 0.0, 1.0) for n in range(40)]
    people = [HumanVerdict("x", f"v{n}/1", scores[0], said(scores[0]), 1.0) for n, scores in enumerate(table)]
    return jury({"x": table}, people=people, **facts)


def test_a_judge_under_the_floor_is_set_aside_where_that_is_wished() -> None:
    """The win rates are then those of the others, under another name and another hash; nobody is asked again."""
    kept, left = told_apart(), told_apart(set_aside=True)
    assert [judge.trusted for judge in kept.judges] == [judge.trusted for judge in left.judges] == [True, True, False]
    assert (kept.set_aside, left.set_aside) == ((), ("c",))
    assert left.judge == f"{kept.judge} without c"
    assert left.comparability != kept.comparability
    rows = [next(row for row in board.standings if row.challenger == "x") for board in (kept, left)]
    assert [row.win_rate for row in rows] == [1.0, 0.5]
    assert (rows[1].wins, rows[1].losses, rows[1].unreadable) == (20, 20, 0)


def test_a_jury_as_a_whole_is_held_against_people() -> None:
    """Where too few verdicts tell of each judge, they may tell of all together, and the leaderboard says so."""
    table = [tuple(1.0 if judge in (n % 4, (n + 1) % 4) else ABSENT for judge in range(4)) for n in range(40)]
    people = [HumanVerdict("x", f"v{n}/1", 0.0, Verdict.LOSS, 1.0) for n in range(40)]
    board = jury({"x": table}, people=people, needed=30)
    assert {judge.trusted for judge in board.judges} == {None}
    assert board.trusted is False
    assert board.agreement is not None
    assert (board.agreement.pairs, board.agreement.agreement) == (40, 0.0)
    one = told_apart(set_aside=True)
    assert one.agreement is not None
    assert one.agreement.agreement == 1.0, "that of the judges who are left"


def test_a_jury_without_anybody_left_is_not_made() -> None:
    """Where people contradict all of them, the verdicts stand, untrusted: there is nothing to put in their place."""
    table = [(0.0, 0.0)] * 40
    people = [HumanVerdict("x", f"v{n}/1", 1.0, Verdict.WIN, 1.0) for n in range(40)]
    assert jury({"x": table}, people=people, set_aside=True).set_aside == ()


@given(st.data(), st.sampled_from(["mean", "median", "majority"]), st.integers(1, 3))
def test_who_is_set_aside_might_never_have_sat(data: st.DataObject, rule: Rule, quorum: int) -> None:
    """The verdicts are those of a jury of the others, whose quorum is lowered by whoever is missing."""
    table = data.draw(st.lists(st.tuples(*[st.sampled_from([*SCORES, None])] * 3), min_size=1, max_size=6))
    opinions = [
        opinion(judge, "x", f"v{n}/1", score)
        for n, scores in enumerate(table)
        for judge, score in zip("abc", scores, strict=True)
    ]
    columns = gathered(
        [turn(f"v{n}/1") for n in range(len(table))], [outcome("x", f"v{n}/1") for n in range(len(table))]
    )
    bench = Bench("jury", rule, quorum, 0.8, 1, {})
    found = without(columns, heard(columns, opinions), {"c"}, bench).duels
    for n, scores in enumerate(table):
        rest = [
            Judgment(
                judge=judge, verdict=Verdict.UNREADABLE if s is None else said(s), score=s, consistent=None, reason=""
            )
            for judge, s in zip("ab", scores, strict=False)
        ]
        verdict = jury_verdict(rest, rule=rule, quorum=max(1, quorum - 1))
        assert VERDICTS[found.verdicts[n]] is verdict.verdict
        assert found.scores[n] == pytest.approx(np.nan if verdict.score is None else verdict.score, nan_ok=True)
