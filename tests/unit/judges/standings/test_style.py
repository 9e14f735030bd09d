from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.bootstrap import TOO_FEW
from judges.standings.style import LENGTH, ONE_SIDED, STYLE, Prior, Style, controlled, differences, style

DATA = Path(__file__).resolve().parents[4].parent / "shared" / "data" / "ko_arena"
WON = {"A>>B": (1.0, 3), "A>B": (1.0, 1), "A=B": (0.5, 1), "B>A": (0.0, 1), "B>>A": (0.0, 3)}

battles = st.lists(
    st.tuples(st.sampled_from([0, 1 / 7, 0.5, 6 / 7, 1]), st.floats(-1, 1), st.integers(0, 5)), min_size=2, max_size=40
)


def lines(path: Path) -> list[dict[str, Any]]:
    """One record a line, packed or not."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in raw.split(b"\n") if line]


def published(control: str) -> dict[str, float]:
    """The scores as they were published."""
    with (DATA / f"leaderboard_20250423_{control}_control.csv").open() as file:
        return {row["model"]: float(row["score"]) for row in csv.DictReader(file)}


def ranks(values: Any) -> np.ndarray:
    """Ranks without ties."""
    return np.argsort(np.argsort(values))


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no recorded judgments in {DATA}")
@pytest.mark.parametrize(("control", "prior"), [("style", STYLE), ("length", LENGTH)])
def test_the_published_order_is_met(control: str, prior: Prior) -> None:
    """On ko-arena-hard-auto our order and the published one correlate at 0.998 or better."""
    styles = {
        row["model"]: np.array([f or [np.nan] * 4 for f in row["features"]], dtype=float)
        for row in lines(DATA / "style_features.jsonl.gz")
    }
    baseline, ours = styles.pop("claude-3.7-sonnet"), {}
    for row in lines(DATA / "ensemble_labels.jsonl")[1:]:
        if row["model"] not in styles:
            continue
        looks = differences(styles[row["model"]], baseline)
        played = [
            (1 - WON[label][0] if game == 0 else WON[label][0], WON[label][1], question)
            for question, games in enumerate(row["games"])
            for game, label in enumerate(games or ())
        ]
        scores, weights, questions = zip(*played, strict=True)
        found = controlled(scores, weights, looks[list(questions)], questions, prior=prior)
        assert found is not None
        ours[row["model"]] = found.win_rate
    theirs = published(control)
    models = sorted(ours.keys() & theirs.keys())
    assert len(models) >= 70
    correlation = np.corrcoef(ranks([ours[m] for m in models]), ranks([theirs[m] for m in models]))[0, 1]
    assert correlation >= 0.998


def test_what_counts_as_style() -> None:
    """Headers, bullets, numbers and bold count, except inside fenced code, closed or not."""
    text = (
        "# One\n\n- **two**\n  * three\n4. __four__\n#hash 2*3*4\n```\n# code\n- **code**\n```\n## Five\n```\n- cut off"
    )
    assert style(text, tokens=7) == Style(length=7, headers=2, items=3, bold=2)
    assert style("abc").length == 3


@pytest.mark.parametrize("padding", ["\n", " ", "*", "_", "`", "**a", "1", "# ", "- "])
def test_padding_takes_no_time(padding: str) -> None:
    """A hundred thousand repetitions of anything are measured, not searched for ever."""
    assert style(padding * 100_000).length >= 100_000


def test_differences_by_hand() -> None:
    """Length is compared by its share, counts by their share of one more; two empty answers look alike."""
    found = differences([Style(300, 2, 0, 0), Style(0, 0, 0, 0)], [Style(100, 0, 3, 0), Style(0, 0, 0, 0)])
    assert found.tolist() == [[0.5, 2 / 3, -3 / 4, 0], [0, 0, 0, 0]]


@given(battles)
@settings(max_examples=50, deadline=None)
def test_what_looks_alike_keeps_its_win_rate(rows: Any) -> None:
    """Between answers of one style the controlled win rate is the plain one."""
    scores, _, clusters = zip(*rows, strict=True)
    found = controlled(scores, np.ones(len(rows)), np.zeros((len(rows), 4)), clusters)
    assert found is not None
    assert found.win_rate == pytest.approx(np.mean(scores), abs=1e-4)
    assert found.interval is None or found.interval.low <= found.win_rate <= found.interval.high


@given(battles)
@settings(max_examples=50, deadline=None)
def test_seen_from_the_other_side(rows: Any) -> None:
    """Challenger and baseline exchanged, the win rate becomes its complement."""
    scores, lengths, clusters = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    looks = np.column_stack([lengths, np.zeros((len(rows), 3))])
    here = controlled(scores, np.ones(len(rows)), looks, clusters)
    there = controlled(1 - scores, np.ones(len(rows)), -looks, clusters)
    assert here is not None and there is not None  # noqa: PT018
    assert here.win_rate == pytest.approx(1 - there.win_rate, abs=1e-6)


def test_wins_by_length_alone_are_discounted() -> None:
    """A challenger that wins 60 % with answers twice as long is below one half at equal length."""
    scores = [1.0] * 60 + [0.0] * 40
    looks = differences([Style(200, 0, 0, 0)] * 100, [Style(100, 0, 0, 0)] * 100)
    found = controlled(scores, np.ones(100), looks, range(100), prior=LENGTH)
    assert found is not None and found.win_rate < 0.5  # noqa: PT018


def test_intervals_cover_what_they_promise() -> None:
    """Where style pays what the prior says, 95 % intervals over two like rounds a turn hold in at least 93 %."""
    rng, held, truth = np.random.default_rng(10), 0, 0.4
    for _ in range(300):
        looks = np.clip(rng.normal(0.2, 0.3, (150, 4)), -1, 1)
        chance = 1 / (1 + np.exp(-truth - looks / np.array(STYLE.spreads) @ STYLE.effects))
        first, second, same = rng.uniform(size=150), rng.uniform(size=150), rng.uniform(size=150) < 0.7
        scores = np.concatenate([first < chance, np.where(same, first, second) < chance]).astype(float)
        found = controlled(scores, np.ones(300), np.tile(looks, (2, 1)), np.tile(range(150), 2))
        assert found is not None and found.interval is not None  # noqa: PT018
        held += found.interval.low <= 1 / (1 + np.exp(-truth)) <= found.interval.high
    assert held / 300 >= 0.93


def test_battles_of_unknown_style_are_left_out() -> None:
    """An answer whose style is unknown is not taken for an empty one, and without any there is no figure."""
    looks = np.array([[0.0] * 4, [np.nan] * 4, [0.0] * 4])
    found = controlled([1, 0, 0], [1, 1, 1], looks, ["a", "b", "c"])
    assert found is not None
    assert found.turns == 2
    assert found.win_rate == pytest.approx(0.5)
    assert controlled([1], [1], looks[1:2], ["a"]) is None


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_no_interval_has_a_reason(score: float) -> None:
    """Battles that all went one way, or of one conversation, have a win rate and no interval."""
    looks = np.full((20, 4), 0.9)
    swept = controlled([score] * 20, [1] * 20, looks, range(20))
    assert swept is not None
    assert swept.win_rate == pytest.approx(score, abs=1e-3)
    assert (swept.interval, swept.no_interval) == (None, ONE_SIDED)
    alone = controlled([0, 1], [1, 1], looks[:2], ["a", "a"])
    assert alone is not None
    assert (alone.interval, alone.no_interval) == (None, TOO_FEW)


def test_copies_of_a_conversation_add_no_certainty() -> None:
    """Four copies of every turn in its own conversation leave the interval as it was."""
    rng = np.random.default_rng(5)
    scores, looks = rng.integers(0, 2, 200), rng.uniform(-1, 1, (200, 4))
    weak = STYLE._replace(strength=1e-9)
    once = controlled(scores, np.ones(200), looks, range(200), prior=weak)
    copied = controlled(np.tile(scores, 4), np.ones(800), np.tile(looks, (4, 1)), np.tile(range(200), 4), prior=weak)
    assert once is not None and copied is not None and once.interval and copied.interval  # noqa: PT018
    assert copied.interval.low == pytest.approx(once.interval.low, abs=1e-6)
    assert copied.interval.high == pytest.approx(once.interval.high, abs=1e-6)


def test_statsmodels_fits_the_same() -> None:
    """Without a ridge, effects and cluster-robust errors are those of statsmodels' binomial GLM."""
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(8)
    looks, clusters = rng.uniform(-1, 1, (300, 4)), rng.integers(0, 60, 300)
    scores = (rng.uniform(size=300) < 1 / (1 + np.exp(-0.4 - looks @ [1, 0, -1, 0.5]))).astype(float)
    units = looks / np.array(STYLE.spreads)
    oracle = sm.GLM(scores, sm.add_constant(units), family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": clusters, "use_correction": False}
    )
    found = controlled(scores, np.ones(300), looks, clusters, prior=STYLE._replace(strength=1e-9))
    assert found is not None and found.interval is not None  # noqa: PT018
    assert np.log(found.win_rate / (1 - found.win_rate)) == pytest.approx(oracle.params[0], abs=1e-5)
    assert found.effects == pytest.approx(oracle.params[1:], abs=1e-5)
    count, t = 60, 2.0009954  # Student's t, 97.5 %, 59 degrees of freedom
    reach = t * oracle.bse[0] * np.sqrt(count / (count - 1))
    assert found.interval.high == pytest.approx(1 / (1 + np.exp(-oracle.params[0] - reach)), abs=1e-4)
