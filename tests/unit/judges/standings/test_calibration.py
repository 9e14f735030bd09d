from __future__ import annotations

import numpy as np
import pytest

from judges.standings.agreement import agreement
from judges.standings.calibration import agreements, trusted
from judges.standings.outcomes import HumanVerdict, Opinion
from judges.types import Verdict

WIN, TIE, LOSS = Verdict.WIN, Verdict.TIE, Verdict.LOSS
SCORES = {WIN: 6 / 7, TIE: 0.5, LOSS: 1 / 7}
CLUSTERS = {f"t{n}": f"c{n // 2}" for n in range(1000)}


def opinion(judge: str, number: int, verdict: Verdict) -> Opinion:
    """What a judge says of one duel of challenger a."""
    return Opinion(judge, "a", f"t{number}", SCORES[verdict], verdict)


def person(number: int, verdict: Verdict, chance: float = 0.5) -> HumanVerdict:
    """What a person says of it."""
    return HumanVerdict("a", f"t{number}", SCORES[verdict], verdict, chance)


def test_each_judge_is_held_against_each_person() -> None:
    """Two people on one duel are two pairs; duels that people have not seen say nothing, nor do strangers' duels."""
    opinions = [opinion("x", 0, WIN), opinion("x", 1, WIN), opinion("y", 0, LOSS), opinion("z", 9, WIN)]
    people = [person(0, WIN), person(0, TIE), person(1, WIN), HumanVerdict("b", "t0", 1.0, WIN, 0.5)]
    found = agreements(opinions, people, CLUSTERS, seed=1)
    assert {judge: (each.pairs, each.agreement) for judge, each in found.items()} == {
        "x": (3, pytest.approx(2 / 3)),
        "y": (2, 0.0),
    }


def test_preferred_duels_weigh_less() -> None:
    """Where the judge errs on what was preferred only, its agreement is that on all duels."""
    opinions = [opinion("x", n, WIN) for n in range(20)]
    people = [person(n, LOSS, chance=1.0) for n in range(10)] + [person(n, WIN, chance=0.1) for n in range(10, 20)]
    found = agreements(opinions, people, CLUSTERS, seed=1)["x"]
    assert found.agreement == pytest.approx(100 / 110)
    assert found.agreement_interval is not None
    assert found.agreement_interval.low <= 100 / 110 <= found.agreement_interval.high


def test_equal_weights_change_nothing() -> None:
    """Agreement, kappa and both intervals are those of pairs that are counted."""
    rng = np.random.default_rng(2)
    verdicts = [WIN, TIE, LOSS]
    judge, human = ([verdicts[k] for k in rng.integers(0, 3, 80)] for _ in range(2))
    clusters = [n // 3 for n in range(80)]
    plain, weighted = (agreement(judge, human, clusters, weights=w, seed=4) for w in (None, [2.0] * 80))
    assert weighted.agreement == pytest.approx(plain.agreement)
    assert weighted.kappa == pytest.approx(plain.kappa)
    assert weighted.kappa_interval is not None
    assert plain.kappa_interval is not None
    assert weighted.kappa_interval.low == pytest.approx(plain.kappa_interval.low, abs=1e-6)


def test_trust_takes_verdicts_enough() -> None:
    """Below the number needed nothing is said; at it the floor decides, and the floor itself is enough."""
    opinions = [opinion("x", n, WIN) for n in range(10)]
    people = [person(n, WIN if n < 8 else LOSS) for n in range(10)]
    found = agreements(opinions, people, CLUSTERS, seed=1)["x"]
    assert trusted(None, floor=0.8, needed=1) is None
    assert trusted(found, floor=0.8, needed=11) is None
    assert trusted(found, floor=0.8, needed=10) is True
    assert trusted(found, floor=0.81, needed=10) is False
