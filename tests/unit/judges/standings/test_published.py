"""The whole leaderboard against what was published of ko-arena-hard-auto."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from judges.standings.bootstrap import cluster_interval
from judges.standings.columns import gathered
from judges.standings.leaderboard import Leaderboard
from judges.standings.outcomes import Outcome, Turn
from judges.standings.scales import Battle, fought, together
from judges.standings.style import Style
from judges.types import Label, Seat
from judges.verdicts import outcome
from tests.outcomes import plainly, rows

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "ko_arena"
SEATS: tuple[Seat, Seat] = ("B", "A")
A_A = "claude-3.7-sonnet"
"""The baseline, judged against itself."""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded judgments in {DATA}")


def lines(name: str) -> list[dict[str, Any]]:
    """One record a line, packed or not."""
    raw = (DATA / name).read_bytes()
    return [json.loads(line) for line in (gzip.decompress(raw) if name.endswith(".gz") else raw).split(b"\n") if line]


def published(control: str) -> dict[str, float]:
    """The scores as they were published."""
    with (DATA / f"leaderboard_20250423_{control}_control.csv").open(encoding="utf-8") as file:
        return {row["model"]: float(row["score"]) for row in csv.DictReader(file)}


def battles(games: list[str | None] | None) -> tuple[Battle, ...]:
    """The battles of one question; the publishers counted the one label that stands alone for both games."""
    both = (games[0], games[-1]) if games else ()
    return fought(
        [(Label(label) if label else None, seat) for label, seat in zip(both, SEATS, strict=False)], "weight_3"
    )


def outcomes(styles: dict[str, list[Style | None]]) -> Iterator[Outcome]:
    """Every model on every question."""
    for row in lines("ensemble_labels.jsonl")[1:]:
        looks = styles.get(row["model"], [None] * len(row["games"]))
        for question, (games, look) in enumerate(zip(row["games"], looks, strict=True)):
            whole = together(battles(games))
            if whole:
                yield Outcome(
                    row["model"], f"q{question}", whole.worth, outcome(whole.worth), won=whole.worth * whole.weight,
                    battles=whole.weight, style=look,
                )  # fmt: skip


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    """The leaderboard of 76 models on 500 questions, the A/A row as its control."""
    styles = {
        row["model"]: [Style(*look) if look else None for look in row["features"]]
        for row in lines("style_features.jsonl.gz")
    }
    turns = (Turn(f"q{question}", f"q{question}", style=look) for question, look in enumerate(styles[A_A]))
    columns = gathered(turns, outcomes(styles))
    return plainly(columns, scale="weight_3", controls=[A_A], rounds=1000)


def test_all_75_published_scores_come_out(board: Leaderboard) -> None:
    """Weight 3 gives every published score to a hundredth of a point."""
    ours = {row.challenger: 100 * (row.win_rate or 0) for row in board.standings if not row.baseline | row.control}
    assert len(ours) == 75
    assert {model: published("no")[model] for model in ours} == pytest.approx(ours, abs=0.01)


@pytest.mark.parametrize("control", ["style", "length"])
def test_the_controlled_orders_are_those_published(board: Leaderboard, control: str) -> None:
    """Style- and length-controlled win rates rank the models as published, at 0.998 or better."""
    ours = {row.challenger: getattr(row, f"{control}_win_rate") for row in board.standings}
    theirs = published(control)
    models = [model for model, figure in ours.items() if figure is not None and model in theirs and model != A_A]
    assert len(models) >= 70
    ranks = [np.argsort(np.argsort([figures[model] for model in models])) for figures in (ours, theirs)]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] >= 0.998


def test_intervals_by_question_are_1_71_times_the_usual_ones(board: Leaderboard) -> None:
    """Battles resampled one by one, copies of one label apart, look 1.71 times surer than questions do."""
    known, ratios = rows(board), []
    for row in lines("ensemble_labels.jsonl")[1:]:
        every = chain.from_iterable(battles(games) for games in row["games"])
        worths = [each.worth for each in every for _ in range(round(each.weight))]
        naive, ours = cluster_interval(worths, range(len(worths)), seed=1), known[row["model"]]
        if naive and ours.low is not None and ours.high is not None and not ours.control:
            ratios.append((ours.high - ours.low) / (naive.high - naive.low))
    assert len(ratios) == 75
    assert np.mean(ratios) == pytest.approx(1.71, abs=0.05)


def test_a_model_against_itself_is_not_called_different(board: Leaderboard) -> None:
    """The A/A row holds one half in its interval, shares its places with the baseline, and is where the noise is."""
    row = rows(board)[A_A]
    assert row.low is not None and row.high is not None  # noqa: PT018
    assert row.low <= 0.5 <= row.high
    apart = next(pair for pair in board.differences if (pair.first, pair.second) == (A_A, "baseline"))
    assert apart.adjusted is not None and apart.adjusted > 0.05  # noqa: PT018
    assert board.noise_floor == (row.low, row.high)


def test_bradley_terry_says_the_same(board: Leaderboard) -> None:
    """With nothing but one baseline the chance to win is the published score once more."""
    theirs = published("no")
    for row in board.standings:
        if row.elo is not None and not row.baseline | row.control:
            assert 100 / (1 + 10 ** ((1000 - row.elo) / 400)) == pytest.approx(theirs[row.challenger], abs=0.01)
