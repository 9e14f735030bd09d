"""What a person may set about sampling, and what of it makes figures incomparable."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connector.sampling.options import Sampling


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"strategy": "cluster", "share": 0.5}, '`share` is for strategy = "all"'),
        ({"strategy": "uniform", "challenges": 0}, "greater than or equal to 1"),
        ({"strategy": "stratified", "by": []}, "at least 1 item"),
        ({"strategy": "stratified", "by": ["colour"]}, "'tag'"),
        ({"embedding": {"kind": "openai_compatible", "model": "m"}}, "needs `model` and `base_url`"),
        ({"per_user": 0}, "greater than or equal to 1"),
        ({"per_conversation": 2**64}, "less than"),
        ({"challenges": 2**64}, "less than"),
        ({"seed": -1}, "greater than or equal to 0"),
        ({"seed": 2**64}, "less than"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(told: dict[str, Any], said: str) -> None:
    """A wrong word about sampling is an error that says what is right."""
    with pytest.raises(ValidationError, match=said):
        Sampling.model_validate(told)


def test_only_what_changes_the_draw_makes_figures_incomparable() -> None:
    """How often it is drawn, and what embeddings cost, change no estimate; a strategy, cap or seed does."""
    plain = Sampling(strategy="cluster")
    alike: list[dict[str, Any]] = [{"every": "2h"}, {"embedding": {"free": True, "rpm": 5}}]
    other: list[dict[str, Any]] = [{"seed": 1}, {"per_user": 3}, {"allocation": "square_root"}, {"challenges": 7}]
    for told in alike:
        assert Sampling.model_validate({"strategy": "cluster", **told}).design() == plain.design()
    for told in other:
        assert Sampling.model_validate({"strategy": "cluster", **told}).design() != plain.design()
    assert Sampling().design() == {"share": 1.0, "seed": 0}, "boards of earlier releases stay comparable"
