"""Other people's judgments, read and added up again. Needs the data folder beside the repository."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from judges.labels import read_label
from judges.standings.bootstrap import cluster_interval
from judges.standings.outcomes import Outcome
from judges.standings.scales import fought_in, together
from judges.types import Judgment, Label, Scale, Seat
from judges.verdicts import add_up, battles, score
from tests.judged import round_of
from tests.outcomes import rows, tallied

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded judgments in {DATA}")

EXPLAINED: dict[tuple[str, str, int], str] = {}
"""Games whose label we read otherwise than was recorded, with the reason: set, question and number of the game."""

BASELINE = "claude-3.7-sonnet"
SCALES: tuple[Scale, Scale] = ("sevenths", "weight_3")


class Pair(NamedTuple):
    """The labels of both games: the challenger sits in B, then in A."""

    question: str
    first: Label | None
    second: Label | None

    def seats(self) -> list[tuple[Seat, Label | None]]:
        """Name the challenger's seat of each label."""
        return [("B", self.first), ("A", self.second)]

    def judgment(self) -> Judgment:
        """Add both up as our judge would."""
        return add_up("recorded", [round_of(seat, label) for seat, label in self.seats()])

    def battles(self) -> list[tuple[float, int]]:
        """Count as Arena-Hard does: battles won, and of how many."""
        return [battles(label, seat) for seat, label in self.seats() if label]


def recorded() -> list[dict[str, Any]]:
    """All rows of arena_pairs."""
    path = DATA / "arena_pairs" / "judgments.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


@cache
def pairs(name: str) -> list[Pair]:
    """One set of arena_pairs, every label read by us from the raw text."""
    found = []
    for row in recorded():
        if row["set"] == name:
            labels = [read_label(game["judgment"]) for game in row["games"]]
            first, second = (label if isinstance(label, Label) else None for label in labels)
            found.append(Pair(row["question_id"], first, second))
    return found


@cache
def korean() -> dict[str, list[Pair]]:
    """ko_arena by model. Where one label alone is recorded it stands for both games, as in the published figures."""
    with (DATA / "ko_arena" / "ensemble_labels.jsonl").open(encoding="utf-8", newline="\n") as lines:
        questions, *models = (json.loads(line) for line in lines)
    return {
        row["model"]: [
            Pair(question, Label(games[0]), Label(games[-1]))
            for question, games in zip(questions["ids"], row["games"], strict=True)
        ]
        for row in models
    }


def weight_3(found: Iterable[Pair]) -> float:
    """Return the mean of battles over complete pairs, in percent."""
    fought = [battle for pair in found if pair.first and pair.second for battle in pair.battles()]
    return 100 * sum(won for won, _ in fought) / sum(of for _, of in fought)


def outcomes(name: str, found: Iterable[Pair]) -> Iterable[Outcome]:
    """Yield what the leaderboard reads."""
    for pair in found:
        judgment = pair.judgment()
        fights = together(fought_in(judgment, "weight_3"))
        yield Outcome(
            name,
            pair.question,
            judgment.score,
            judgment.verdict,
            judgment.consistent,
            won=fights.worth * fights.weight if fights else None,
            battles=fights.weight if fights else None,
        )


def share(found: Iterable[bool]) -> float:
    """How many of all are true."""
    return float(np.mean(list(found)))


def hard_flip(pair: Pair) -> bool:
    """Whether one game is won and the other lost."""
    scores = [look.score for look in pair.judgment().rounds if look.score is not None]
    return min(scores) < 0.5 < max(scores)


def test_every_recorded_label_is_read_as_it_was_recorded() -> None:
    """1,028 raw judgments: our label, or lack of one, is the recorded one, except where the reason is written down."""
    different = {}
    for row in recorded():
        for number, game in enumerate(row["games"]):
            label = read_label(game["judgment"])
            ours = label.value if isinstance(label, Label) else None
            if ours != game["score"]:
                different[row["set"], row["question_id"], number] = (game["score"], ours)
    assert different.keys() == EXPLAINED.keys(), different


def test_judgments_without_a_label_were_cut_off_or_forgot_it() -> None:
    """The eight that the original parser could not read hold no label outside of thoughts for us either."""
    unread = [game for row in recorded() for game in row["games"] if game["score"] is None]
    assert len(unread) == 8
    assert {getattr(read_label(game["judgment"]), "what", None) for game in unread} == {"no label"}


class Reference(NamedTuple):
    """One row of the table published with the data."""

    name: str
    complete: int
    every: int
    weight_3: float
    sevenths: float
    same: float
    other_sign: float
    hard_flip: float


@pytest.mark.parametrize(
    "known",
    [
        Reference("r1d-bagel", 175, 181, 6.33, 16.67, 0.571, 0.154, 0.046),
        Reference("gpt4o-gpt4o", 129, 129, 91.91, 82.83, 0.628, 0.171, 0.109),
        Reference("gpt4o-mtb-self", 160, 160, 49.84, 49.89, 0.994, 0.006, 0.000),
    ],
    ids=lambda known: known.name,
)
def test_the_reference_figures_come_out(known: Reference) -> None:
    """Both scales, agreement after the swap, and flips, as published with the data."""
    found = pairs(known.name)
    row, weighed = (rows(tallied(outcomes(known.name, found), scale=scale))[known.name] for scale in SCALES)
    assert (row.turns, row.turns + row.unreadable, len(found)) == (known.complete, known.every, known.every)
    assert row.win_rate is not None
    assert weighed.win_rate is not None
    assert 100 * weighed.win_rate == pytest.approx(known.weight_3, abs=0.0051)
    assert 100 * row.win_rate == pytest.approx(known.sevenths, abs=0.0051)
    assert row.round_agreement == pytest.approx(1 - known.other_sign, abs=0.00051)
    whole = [pair for pair in found if pair.first and pair.second]
    assert share(hard_flip(pair) for pair in whole) == pytest.approx(known.hard_flip, abs=0.00051)
    rounds = [pair.judgment().rounds for pair in whole]
    assert share(first.score == second.score for first, second in rounds) == pytest.approx(known.same, abs=0.00051)


def test_answers_that_are_errors_never_win() -> None:
    """Against a model whose every answer is an error message the baseline wins every game."""
    assert weight_3(pairs("gpt4_32k-errors")) == 0


def test_all_published_scores_of_a_leaderboard_come_out() -> None:
    """The mean of weight-3 battles gives all 75 published scores to a hundredth of a point."""
    with (DATA / "ko_arena" / "leaderboard_20250423_no_control.csv").open(encoding="utf-8") as file:
        published = {row["model"]: float(row["score"]) for row in csv.DictReader(file)}
    ours = {model: weight_3(found) for model, found in korean().items() if model != BASELINE}
    assert len(ours) == 75
    assert {model: published[model] for model in ours} == pytest.approx(ours, abs=0.01)


def test_identical_answers_would_not_tie_without_the_short_cut() -> None:
    """Shown one text twice, the judge named a winner in 205 of 1,000 games; that is why nobody is asked."""
    games = [label for pair in korean()[BASELINE] for label in (pair.first, pair.second)]
    assert len(games) == 1000
    assert sum(label is not Label.TIE for label in games) == 205


def test_both_games_of_75_models_disagree_as_often_as_was_measured() -> None:
    """Other sign 25.4 %, hard flip 14.4 %, first seat worth +0.050."""
    found = [pair for model, rows in korean().items() if model != BASELINE for pair in rows]
    labels = [label for pair in found for label in (pair.first, pair.second) if label]
    assert share(not pair.judgment().consistent for pair in found) == pytest.approx(0.254, abs=0.0005)
    assert share(hard_flip(pair) for pair in found) == pytest.approx(0.144, abs=0.0005)
    assert np.mean([score(label, "A") for label in labels]) - 0.5 == pytest.approx(0.050, abs=0.0005)


def test_resampling_questions_widens_the_usual_error_by_1_71() -> None:
    """Arena-Hard resamples copies of battles as if each were a question of its own; ours keeps a question whole.

    The published range over models, 1.44 to 2.08, carries the noise of its own resamples.
    """

    def error(values: Sequence[float], clusters: Sequence[int]) -> float:
        interval = cluster_interval(values, clusters, seed=1, rounds=8000, level=0.6827)
        assert interval is not None
        return (interval.high - interval.low) / 2

    ratios = []
    for found in (found for model, found in korean().items() if model != BASELINE):
        copies = [(won / of, n) for n, pair in enumerate(found) for won, of in pair.battles() for _ in range(of)]
        values, questions = zip(*copies, strict=True)
        ratios.append(error(values, questions) / error(values, range(len(values))))
    assert np.mean(ratios) == pytest.approx(1.71, abs=0.02)
    assert min(ratios) == pytest.approx(1.44, abs=0.04)
    assert max(ratios) == pytest.approx(2.08, abs=0.08)
