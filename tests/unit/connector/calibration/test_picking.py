from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.calibration.picking import Candidate, Lot, lots, uncertainty
from judges.standings.corrected import corrected


def candidates(number: int, *, challengers: int = 2, seed: int = 0) -> list[Candidate]:
    """Judged duels of which some are clear and some are not."""
    rng = np.random.default_rng(seed)
    return [
        Candidate(
            f"duel-{seed}-{n}",
            f"challenger-{n % challengers}",
            float(rng.choice([0, 1 / 7, 0.5, 6 / 7, 1])),
            bool(rng.integers(0, 2)),
            float(rng.choice([0, 0.5, 1])),
        )
        for n in range(number)
    ]


def again(known: list[Candidate], drawn: list[Lot]) -> list[Candidate]:
    """What a later pick is given: the same candidates with what they have drawn."""
    by_id = {lot.duel_id: lot for lot in drawn}
    return [each._replace(draw=by_id[each.duel_id].draw, chance=by_id[each.duel_id].chance) for each in known]


drawn = st.lists(
    st.builds(
        Candidate,
        duel_id=st.uuids().map(str),
        challenger=st.sampled_from("abc"),
        score=st.sampled_from([0, 1 / 7, 0.5, 1]),
        consistent=st.sampled_from([True, False, None]),
        spread=st.floats(0, 1),
        draw=st.floats(0, 1, exclude_max=True),
        chance=st.floats(0, 1),
    ),
    max_size=30,
    unique_by=lambda each: each.duel_id,
)


@given(drawn, st.integers(0, 40), st.integers(0, 5))
def test_chances_rise_by_what_was_asked_for(known: list[Candidate], wanted: int, seed: int) -> None:
    """Whatever was picked before: all are in, none is lowered, and the sum rises by what was wanted or to the top."""
    found = {lot.duel_id: lot for lot in lots(known, wanted, seed=seed)}
    assert found.keys() == {each.duel_id for each in known}
    assert all(each.chance <= found[each.duel_id].chance <= 1 for each in known)
    assert all(each.draw == found[each.duel_id].draw for each in known)
    rise = sum(found[each.duel_id].chance - each.chance for each in known)
    assert rise == pytest.approx(min(wanted, sum(1 - each.chance for each in known)), abs=1e-6)


def test_the_half_by_lot_reaches_everybody() -> None:
    """Nobody's chance is below half of what it would be by lot alone."""
    known = candidates(200)
    assert min(lot.chance for lot in lots(known, 40, seed=1)) >= 0.5 * 40 / 200 - 1e-9


def test_the_uncertain_are_preferred() -> None:
    """A duel whose rounds and jurors disagree around one half has a far better chance than a clear one."""
    clear = [Candidate(f"clear-{n}", "c", 1.0, consistent=True) for n in range(90)]
    unclear = [Candidate(f"unclear-{n}", "c", 0.5, consistent=False, spread=1.0) for n in range(10)]
    found = {lot.duel_id: lot.chance for lot in lots(clear + unclear, 10, seed=1)}
    assert found["clear-0"] == pytest.approx(0.05)
    assert found["unclear-0"] == pytest.approx(0.55)


def test_each_sign_of_doubt_counts() -> None:
    """Nearness to one half, rounds at odds and jurors at odds add up, a third each."""
    assert uncertainty(Candidate("d", "c", 1.0, consistent=True)) == 0
    assert uncertainty(Candidate("d", "c", 0.5, consistent=True)) == pytest.approx(1 / 3)
    assert uncertainty(Candidate("d", "c", 0.0, consistent=False)) == pytest.approx(1 / 3)
    assert uncertainty(Candidate("d", "c", 1.0, consistent=None, spread=1.0)) == pytest.approx(1 / 3)
    assert uncertainty(Candidate("d", "c", 0.5, consistent=False, spread=1.0)) == pytest.approx(1)


def test_challengers_share_evenly() -> None:
    """A challenger with few duels gives all of them, and the others share what is left."""
    known = [
        Candidate(f"{name}{n}", name, 0.5) for name, count in (("a", 2), ("b", 100), ("c", 500)) for n in range(count)
    ]
    sums = Counter[str]()
    for lot in lots(known, 42, seed=1):
        sums[lot.duel_id[0]] += lot.chance  # type: ignore[assignment]
    assert dict(sums) == {"a": pytest.approx(2), "b": pytest.approx(20), "c": pytest.approx(20)}


def test_one_seed_picks_the_same_duels() -> None:
    """In any order of the candidates; another seed picks others."""
    known = candidates(100)
    there = {lot for lot in lots(known, 20, seed=3) if lot.picked}
    assert {lot.duel_id for lot in there} == {lot.duel_id for lot in lots(known[::-1], 20, seed=3) if lot.picked}
    assert {lot.duel_id for lot in there} != {lot.duel_id for lot in lots(known, 20, seed=4) if lot.picked}


def test_picked_as_often_as_the_chances_say() -> None:
    """Over two thousand seeds, also where a second pick follows on a first, after new duels have come."""
    old, new, times = candidates(20, seed=1), candidates(40, seed=2), 2000
    picked, chances = Counter[str](), dict[str, float]()
    for seed in range(times):
        first = lots(old, 8, seed=seed)
        second = lots(again(old, first) + new, 10, seed=seed)
        before = {lot.duel_id for lot in first if lot.picked}
        now = {lot.duel_id for lot in second if lot.picked}
        assert before <= now, "what was picked stays"
        picked.update(now)
        chances |= {lot.duel_id: lot.chance for lot in second}
        assert chances == {lot.duel_id: lot.chance for lot in second}, "no chance depends on what was drawn"
    for duel_id, chance in chances.items():
        error = (chance * (1 - chance) / times) ** 0.5
        assert picked[duel_id] / times == pytest.approx(chance, abs=4.5 * error + 1e-9)


def test_the_corrected_mean_is_unbiased() -> None:
    """With the stored chances people's mean over all turns is met on average, though they see uncertain ones most."""
    rng = np.random.default_rng(5)
    known = candidates(400, challengers=1, seed=3)
    judge = np.array([each.score for each in known])
    doubt = np.array([uncertainty(each) for each in known])
    human = np.clip(judge - 0.3 * doubt + rng.normal(0, 0.1, len(known)), 0, 1)
    estimates, naive = list[float](), list[float]()
    for seed in range(300):
        drawn = lots(known, 80, seed=seed)
        asked = np.array([lot.picked for lot in drawn])
        chances = [lot.chance for lot in drawn]
        found = corrected(judge, np.where(asked, human, np.nan), range(len(known)), chances=chances)
        assert found is not None
        estimates.append(found.win_rate)
        naive.append(human[asked].mean())
    error = float(np.std(estimates) / len(estimates) ** 0.5)
    assert np.mean(estimates) == pytest.approx(human.mean(), abs=4 * error + 0.002)
    assert abs(np.mean(naive) - human.mean()) > 10 * error, "without the chances it would not be"
