"""Scores are functions of the duel: the same ids, the same times, and nothing said that the judge did not say."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.scoring import (
    CONSISTENT,
    OWN,
    VERDICT,
    WIN,
    baseline_trace_id,
    judge_trace_id,
    judged_at,
    rollout_trace_id,
    scores,
    span_id,
    win_name,
)
from connector.types import Duel, Score
from judges.types import Judgment, Label, Round, Verdict
from judges.verdicts import add_up, score
from rollouts.types import Completion, Message, Rollout, Text, Usage
from tests.logged import BEGUN, challenges, growing_history, user

[CHALLENGE] = challenges(*growing_history("t", [user("hey"), {"role": "assistant", "content": "hello"}]))
ANSWERED = BEGUN + timedelta(days=1)


def look(seat: str, label: Label | None, after_s: float) -> Round:
    """Return one round of the judge."""
    return Round.model_validate(
        {
            "challenger_seat": seat,
            "label": label,
            "score": score(label, seat) if label else None,
            "text": f"My reason. [[{label}]]",
            "asks": 1,
            "model": "judge-1",
            "usage": Usage(),
            "cost_usd": None,
            "latency_s": None,
            "started_at": ANSWERED + timedelta(seconds=after_s),
        }
    )


def judged(first: Label | None, second: Label | None, challenger: str = "good") -> Duel:
    """Return a duel that both rounds have decided, or not."""
    said = Completion(message=Message(role="assistant", parts=(Text(content="hi"),)), started_at=ANSWERED)
    duel = Duel.of(CHALLENGE, challenger, "f1").rolled(Rollout(challenger=challenger, completion=said))
    return duel.judged(add_up("judge/1", [look("B", first, 2), look("A", second, 3)]))


def named(duel: Duel) -> dict[str, Score]:
    """Return the duel's scores by name."""
    return {score.name: score for score in scores(duel)}


def test_a_readable_duel_says_four_things() -> None:
    """Win, verdict and agreement on the rollout, and the win on production's own observation."""
    duel = judged(Label.B_MUCH_BETTER, Label.A_BETTER)
    found = named(duel)
    assert found.keys() == {WIN, VERDICT, CONSISTENT, "understudy_win.good"}
    assert found[WIN].value == pytest.approx((1 + 6 / 7) / 2)
    assert (found[VERDICT].value, found[CONSISTENT].value) == ("win", 1.0)
    assert {s.trace_id for s in (found[WIN], found[VERDICT], found[CONSISTENT])} == {rollout_trace_id(duel)}


def test_production_is_scored_at_the_turn() -> None:
    """The score stands on the generation that gave the baseline, with the turn, the reason and links to the rest."""
    duel = judged(Label.B_BETTER, Label.TIE)
    there = named(duel)["understudy_win.good"]
    assert (there.trace_id, there.observation_id, there.environment) == ("t", "t-0", "default")
    assert "My reason" in (there.comment or "")
    assert there.metadata["turn"] == 0
    assert (there.metadata["round_1"], there.metadata["round_2"]) == ("B>A", "A=B")
    assert there.metadata["rollout_trace_id"] == rollout_trace_id(duel)


@pytest.mark.parametrize(("first", "second"), [(None, None), (Label.A_BETTER, None), (None, Label.A_BETTER)])
def test_nothing_is_won_or_tied_that_could_not_be_read(first: Label | None, second: Label | None) -> None:
    """An unreadable judge leaves one score, which says that and no number."""
    [only] = scores(judged(first, second))
    assert (only.name, only.value, only.data_type) == (VERDICT, Verdict.UNREADABLE, "CATEGORICAL")


def test_a_duel_that_nobody_judged_says_nothing() -> None:
    """Neither a queued duel nor a failed one leaves a score."""
    assert scores(Duel.of(CHALLENGE, "good", "f1")) == []
    assert scores(Duel.of(CHALLENGE, "good", "f1").dead("rolled: refused")) == []


def test_saying_it_again_overwrites() -> None:
    """Ids and times come from the duel alone: the second posting is the first one again."""
    labels = (Label.A_BETTER, Label.B_BETTER)
    assert scores(judged(*labels)) == scores(judged(*labels))
    assert judged_at(judged(*labels)) == ANSWERED + timedelta(seconds=3)
    again = Duel.model_validate_json(judged(*labels).model_dump_json())
    assert scores(again) == scores(judged(*labels))


def test_without_a_judges_call_the_rollout_tells_the_time() -> None:
    """Identical answers are decided when the challenger answered; without even that, when production did."""
    tie = Judgment(judge="j", verdict=Verdict.TIE, score=0.5, consistent=True, reason="identical")
    duel = judged(Label.TIE, Label.TIE).judged(tie)
    assert judged_at(duel) == ANSWERED
    assert judged_at(Duel.of(CHALLENGE, "good", "f1")) == CHALLENGE.origin.started_at


def test_no_two_scores_share_an_id() -> None:
    """Neither within a duel nor between challengers or configurations."""
    duels = [judged(Label.TIE, Label.TIE, name) for name in ("good", "other")]
    renewed = duels[0].model_copy(update={"id": Duel.of(CHALLENGE, "good", "f2").id})
    ids = [score.id for duel in (*duels, renewed) for score in scores(duel)]
    assert len(set(ids)) == len(ids) == 12


@given(st.text(min_size=1, max_size=80), st.text(min_size=1, max_size=80))
def test_names_fit_and_stay_apart(one: str, other: str) -> None:
    """A score config's name may have 35 characters; two challengers never share one."""
    assume(one != other)
    assert win_name(one) != win_name(other)
    assert len(win_name(one)) <= 35
    assert win_name(one).startswith(f"{WIN}.")


def test_long_names_with_one_beginning_stay_apart() -> None:
    """Gateways give many models one long prefix."""
    names = {win_name(f"openrouter/anthropic/claude-{number}") for number in range(2000)}
    assert len(names) == 2000


def test_our_own_traces_are_known_by_their_ids() -> None:
    """Trace ids have 32 hex digits and span ids 16, as OpenTelemetry wants, and ours begin alike."""
    duel = judged(Label.TIE, Label.TIE)
    ids = [rollout_trace_id(duel), judge_trace_id(duel), baseline_trace_id(CHALLENGE.id)]
    assert len(set(ids)) == 3
    assert all(len(trace_id) == 32 and trace_id.startswith(OWN) and int(trace_id, 16) for trace_id in ids)
    assert len(span_id(duel.id)) == 16
    assert int(span_id(duel.id), 16)
