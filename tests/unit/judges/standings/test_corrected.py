from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from judges.standings.bootstrap import student
from judges.standings.corrected import ALL_ALIKE, TOO_FEW_LABELS, corrected

NOBODY = float("nan")

turns = st.lists(
    st.tuples(
        st.sampled_from([0, 1 / 7, 0.5, 6 / 7, 1]), st.sampled_from([0, 0.5, 1, NOBODY, NOBODY]), st.integers(0, 9)
    ),
    min_size=2,
    max_size=60,
)


def votes(rng: np.random.Generator, conversations: int, bias: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A judge and humans who often agree, over conversations of 1 to 4 turns that share a mood; nobody unasked yet."""
    clusters = np.repeat(np.arange(conversations), rng.integers(1, 5, conversations))
    mood = rng.normal(0, 1, conversations)[clusters] + rng.normal(0, 0.7, len(clusters))
    human = (mood + rng.normal(0, 0.5, len(clusters)) > 0).astype(float)
    judge = (mood + rng.normal(0, 0.5, len(clusters)) + bias > 0).astype(float)
    return judge, human, clusters


def test_single_turns_give_the_published_formulae() -> None:
    """Single turns picked uniformly: estimate, power and error are those of PPI++, derived anew here."""
    rng = np.random.default_rng(2)
    few, many = 80, 700
    judge, human = rng.uniform(size=few + many), np.full(few + many, NOBODY)
    human[:few] = np.clip(judge[:few] + rng.normal(0, 0.3, few), 0, 1)
    asked, unasked, y = judge[:few], judge[few:], human[:few]
    cov = np.cov(y, asked, ddof=0)[0, 1]
    power = cov / ((1 + few / many) * judge.var(ddof=1))
    mean = y.mean() - power * (asked.mean() - unasked.mean())
    error = np.sqrt((y - power * asked).var(ddof=1) / few + power**2 * unasked.var(ddof=1) / many)
    found = corrected(judge, human, range(few + many))
    assert found is not None and found.interval is not None  # noqa: PT018
    assert found.win_rate == pytest.approx(mean, abs=1e-12)
    t = 1.990450  # 97.5 %, 79 degrees of freedom
    assert found.interval.high - found.win_rate == pytest.approx(t * error, rel=1e-4)
    assert found.trust == pytest.approx(power, abs=1e-12)
    share = few / (few + many)  # judge minus corrected: what is left of each half's terms
    moved = (share * asked - y + power * asked).var(ddof=1) / few + (1 - share - power) ** 2 * unasked.var(
        ddof=1
    ) / many
    assert found.gap_error == pytest.approx(t * np.sqrt(moved), rel=1e-4)


def test_the_power_is_the_published_one() -> None:
    """With many labels the tuned power is cov(Y, f) / ((1 + n/N) var f), as PPI++ writes it."""
    rng = np.random.default_rng(3)
    few, many = 20_000, 60_000
    judge = rng.uniform(size=few + many)
    human = np.where(np.arange(few + many) < few, judge**2 / 2 + rng.uniform(0, 0.5, few + many), NOBODY)
    published = np.cov(human[:few], judge[:few])[0, 1] / ((1 + few / many) * judge.var())
    found = corrected(judge, human, range(few + many))
    assert found is not None
    assert found.trust == pytest.approx(published, rel=0.02)


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("bias", [0.0, 0.8])
def test_intervals_cover_what_they_promise(bias: float, whole: bool) -> None:  # noqa: FBT001
    """With a fair and a flattering judge, asked about whole conversations or turns, 95 % intervals hold at 93 %."""
    rng = np.random.default_rng(11)
    held, widths = 0, []
    for _ in range(600):
        judge, human, clusters = votes(rng, 400, bias)
        asked = np.isin(clusters, rng.permutation(400)[:60]) if whole else rng.uniform(size=len(human)) < 0.15
        some = np.where(asked, human, NOBODY)
        found = corrected(judge, some, clusters)
        alone = corrected(np.full(len(judge), 0.5), some, clusters)
        assert found is not None and found.interval is not None  # noqa: PT018
        assert alone is not None and alone.interval is not None  # noqa: PT018
        held += found.interval.low <= 0.5 <= found.interval.high
        widths.append((found.interval.high - found.interval.low) / (alone.interval.high - alone.interval.low))
    assert held / 600 >= 0.93
    assert np.mean(widths) < 0.9


def test_the_gap_rings_when_it_should() -> None:
    """A judge that flatters is found out, and a fair one is accused in some 5 % of all cases."""
    rng = np.random.default_rng(12)
    alarms = {0.0: 0, 0.8: 0}
    for bias in alarms:
        for _ in range(300):
            judge, human, clusters = votes(rng, 400, bias)
            asked = np.isin(clusters, rng.permutation(400)[:80])
            found = corrected(judge, np.where(asked, human, NOBODY), clusters)
            assert found is not None
            alarms[bias] += bool(found.off)
    assert alarms[0.0] / 300 <= 0.08
    assert alarms[0.8] / 300 >= 0.9


def test_picking_uncertain_duels_is_made_good() -> None:
    """Labels that prefer one kind of turn mislead without their chances, and do not with them."""
    rng = np.random.default_rng(4)
    plain, weighed = [], []
    for _ in range(200):
        hard = rng.uniform(size=1000) < 0.3
        human = (rng.uniform(size=1000) < np.where(hard, 0.2, 0.8)).astype(float)
        chance = np.where(hard, 0.3, 0.05)
        some = np.where(rng.uniform(size=1000) < chance, human, NOBODY)
        judge = np.full(1000, 0.5)
        naive, found = corrected(judge, some, range(1000)), corrected(judge, some, range(1000), chances=chance)
        assert naive is not None and found is not None and found.interval is not None  # noqa: PT018
        plain.append(naive.win_rate)
        weighed.append(found.win_rate)
    assert np.mean(plain) < 0.5
    assert np.mean(weighed) == pytest.approx(0.62, abs=0.01)


@given(turns)
@settings(max_examples=100, deadline=None)
def test_never_wider_than_humans_alone(rows: Any) -> None:
    """Whatever the judge says, its error is not larger than that of the labels by themselves."""
    judge, human, clusters = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    found = corrected(judge, human, clusters)
    alone = corrected(np.full(len(rows), 0.5), human, clusters)
    assert (found is None) == (alone is None) == bool(np.isnan(human).all())
    if found is None or alone is None:
        return
    assert (found.no_interval, alone.trust) == (alone.no_interval, 0)
    assert alone.win_rate == pytest.approx(alone.human)
    if found.interval and alone.interval and found.interval.low > 0 and found.interval.high < 1:
        assert found.interval.high - found.win_rate <= _reach(alone.human, human, clusters) + 1e-9


def _reach(mean: float, human: np.ndarray, clusters: np.ndarray) -> float:
    """Half an interval from the labels alone; uncut, because the scores are shrunk towards one half first."""
    shrunk = corrected(np.full(len(human), 0.5), 0.5 + (human - mean) / 100, clusters)
    assert shrunk is not None and shrunk.interval is not None  # noqa: PT018
    return 100 * (shrunk.interval.high - shrunk.win_rate)


def test_everyone_asked_is_the_humans_mean() -> None:
    """With all turns labelled there is nothing to predict."""
    found = corrected([0.1, 0.9, 0.4], [0, 1, 1], ["a", "b", "c"])
    assert found is not None
    assert found.win_rate == pytest.approx(2 / 3)
    assert found.trust == 0


def test_no_interval_has_a_reason() -> None:
    """One labelled conversation, or labels that all agree, give an estimate and say why there is no interval."""
    one = corrected([0, 1, 1, 0], [1, NOBODY, NOBODY, NOBODY], [1, 2, 3, 4])
    alike = corrected([0, 1, 1, 0], [1, 1, 1, NOBODY], [1, 2, 3, 4])
    assert one is not None and alike is not None  # noqa: PT018
    assert (one.no_interval, one.interval, one.off) == (TOO_FEW_LABELS, None, None)
    assert (alike.no_interval, alike.gap_error, alike.gap) == (ALL_ALIKE, None, -0.5)
    assert corrected([0, 1], [NOBODY, NOBODY], [1, 2]) is None


def test_a_turn_without_a_judge_is_refused() -> None:
    """An unreadable judgment is no number, and is not taken for one."""
    with pytest.raises(ValueError, match="unreadable"):
        corrected([NOBODY, 1], [1, 0], [1, 2])


@pytest.mark.parametrize("labelled", [60, 150, 400])
@pytest.mark.parametrize("bias", [-0.5, 0.0, 0.5])
def test_ppi_python_agrees(bias: float, labelled: int) -> None:
    """The authors' own library gives the same estimate to 0.002, and the same error but for Student's t."""
    ppi = pytest.importorskip("ppi_py")
    for seed in range(10):
        judge, human, _ = votes(np.random.default_rng(seed), 600, bias)
        found = corrected(judge, np.where(np.arange(len(human)) < labelled, human, NOBODY), range(len(judge)))
        assert found is not None and found.interval is not None  # noqa: PT018
        columns = human[:labelled], judge[:labelled], judge[labelled:]
        bounds = np.squeeze(ppi.ppi_mean_ci(*columns, alpha=0.05))
        assert found.win_rate == pytest.approx(float(np.squeeze(ppi.ppi_mean_pointestimate(*columns))), abs=2e-3)
        wider = student(0.975, labelled - 1) / NormalDist().inv_cdf(0.975)
        width = found.interval.high - found.interval.low
        assert width == pytest.approx(wider * float(bounds[1] - bounds[0]), rel=0.02)
