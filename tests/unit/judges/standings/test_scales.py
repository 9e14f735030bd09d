from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from judges.labels import read_label
from judges.standings.scales import Battle, Look, fought, fought_in, together
from judges.types import Judgment, Label, Round, Scale, Seat, Verdict
from judges.verdicts import add_up, score
from rollouts.types import Usage

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data"
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded judgments in {DATA}")

labels = st.sampled_from(list(Label))
SCALES: tuple[Scale, ...] = ("sevenths", "weight_3")


def lines(name: str) -> list[dict[str, Any]]:
    """Rows of JSON, split at line feeds alone."""
    opened = gzip.open if name.endswith(".gz") else open
    with opened(DATA / name, "rt", encoding="utf-8", newline="\n") as rows:
        return [json.loads(row) for row in rows]


def looks(games: Iterable[str | None]) -> list[Look]:
    """The challenger sits in B, then in A."""
    seats: tuple[Seat, Seat] = ("B", "A")
    return [(Label(label) if label else None, seat) for label, seat in zip(games, seats, strict=False)]


def percent(judgments: Iterable[list[Look]], scale: Scale) -> float:
    """The mean of all judgments."""
    whole = together(chain.from_iterable(fought(judgment, scale) for judgment in judgments))
    assert whole
    return 100 * whole.worth


@recorded
def test_all_75_published_scores_come_out() -> None:
    """Weight 3 gives every published score to a hundredth of a point.

    One row of 37,500 holds a single label. The publishers counted it for both games; by our own rule the row would be
    left out, which moves that one model by three hundredths.
    """
    with (DATA / "ko_arena" / "leaderboard_20250423_no_control.csv").open(encoding="utf-8") as file:
        published = {row["model"]: float(row["score"]) for row in csv.DictReader(file)}
    models = [row for row in lines("ko_arena/ensemble_labels.jsonl")[1:] if row["model"] != row["baseline"]]
    doubled = {row["model"]: [looks((games[0], games[-1])) for games in row["games"]] for row in models}
    ours = {model: percent(judged, "weight_3") for model, judged in doubled.items()}
    assert len(ours) == 75
    assert {model: published[model] for model in ours} == pytest.approx(ours, abs=0.01)
    strict = {row["model"]: percent(map(looks, row["games"]), "weight_3") for row in models}
    moved = {model: strict[model] - ours[model] for model in ours if abs(strict[model] - ours[model]) > 1e-9}
    assert moved == {"o4-mini-high": pytest.approx(0.03, abs=0.002)}


@recorded
@pytest.mark.parametrize(
    ("name", "complete", "weight_3", "sevenths"),
    [("r1d-bagel", 175, 6.33, 16.67), ("gpt4o-gpt4o", 129, 91.91, 82.83), ("gpt4o-mtb-self", 160, 49.84, 49.89)],
)
def test_the_table_of_the_recordings_comes_out(name: str, complete: int, weight_3: float, sevenths: float) -> None:
    """Labels that we read from the raw texts give both published figures, and as many whole pairs."""
    rows = [row for row in lines("arena_pairs/judgments.jsonl.gz") if row["set"] == name]
    read = [[read_label(game["judgment"]) for game in row["games"]] for row in rows]
    judged = [looks(label if isinstance(label, Label) else None for label in pair) for pair in read]
    assert sum(bool(fought(pair, "sevenths")) for pair in judged) == complete
    assert percent(judged, "weight_3") == pytest.approx(weight_3, abs=0.0051)
    assert percent(judged, "sevenths") == pytest.approx(sevenths, abs=0.0051)


def round_(label: Label | None, seat: Seat) -> Round:
    """A round without a text."""
    worth = score(label, seat) if label else None
    return Round(
        challenger_seat=seat, label=label, score=worth, text="", asks=1, model=None, usage=Usage(), cost_usd=None,
        latency_s=None,
    )  # fmt: skip


@given(labels, labels)
def test_sevenths_are_the_score_of_the_judgment(first: Label, second: Label) -> None:
    """The scale adds up rounds exactly as a judge does."""
    judgment = add_up("j", [round_(first, "B"), round_(second, "A")])
    whole = together(fought_in(judgment, "sevenths"))
    assert whole
    assert judgment.score is not None
    assert whole == pytest.approx((judgment.score, 1.0))


@given(st.lists(st.tuples(labels, labels), min_size=1, max_size=5))
def test_asking_more_often_weighs_no_more_on_sevenths(pairs: list[tuple[Label, Label]]) -> None:
    """A judgment of ten rounds counts as much as one of two, on either scale."""
    asked: list[Look] = [look for first, second in pairs for look in ((first, "B"), (second, "A"))]
    sevenths, weighed = together(fought(asked, "sevenths")), together(fought(asked, "weight_3"))
    assert sevenths
    assert weighed
    assert sevenths.weight == pytest.approx(1)
    battles_fought = sum(3 if ">>" in label else 1 for pair in pairs for label in pair)
    assert weighed.weight == pytest.approx(battles_fought / len(pairs))


@given(labels, labels, st.sampled_from(SCALES))
def test_turning_the_duel_round_turns_the_worth_round(first: Label, second: Label, scale: Scale) -> None:
    """What one side wins the other loses, on both scales."""
    here, there = (together(fought([(first, a), (second, b)], scale)) for a, b in (("B", "A"), ("A", "B")))
    assert here
    assert there
    assert here.worth + there.worth == pytest.approx(1)
    assert here.weight == pytest.approx(there.weight)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize(
    "incomplete",
    [[], [("A>B", "A")], [("A>B", "A"), (None, "B")], [("A>B", "A"), ("A>B", "A")], [(None, "A"), (None, "B")]],
)
def test_half_a_judgment_is_left_out_whole(incomplete: list[tuple[str | None, Seat]], scale: Scale) -> None:
    """A label that is missing, or a seat that was never tried, leaves nothing to add up: neither a tie nor a loss."""
    assert fought([(Label(label) if label else None, seat) for label, seat in incomplete], scale) == ()
    assert together([]) is None


def test_identical_answers_tie_in_both_seats() -> None:
    """They weigh as much as two ties that a judge called; an unreadable judgment weighs nothing."""
    same = Judgment(judge="j", verdict=Verdict.TIE, score=0.5, consistent=None, reason="")
    assert together(fought_in(same, "sevenths")) == Battle(0.5, 1)
    assert together(fought_in(same, "weight_3")) == Battle(0.5, 2)
    unread = Judgment(judge="j", verdict=Verdict.UNREADABLE, score=None, consistent=None, reason="")
    assert fought_in(unread, "weight_3") == ()


def test_what_was_lost_without_asking_is_lost_in_both_seats() -> None:
    """Calls that are known to be wrong are no tie, though there are no rounds."""
    lost = Judgment(judge="j", verdict=Verdict.LOSS, score=0.0, consistent=None, reason="")
    assert together(fought_in(lost, "sevenths")) == Battle(0, 1)
    assert together(fought_in(lost, "weight_3")) == Battle(0, 2)
