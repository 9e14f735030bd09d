"""What a person may write about tiers."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from connector.tiers.options import AdversarialTier, Tiers


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        ("user_feedback < 0", (-1, -0.5), (0, 1, "bad")),
        ("user_feedback <= 0.5", (0.5, 0), (0.6,)),
        ("quality score > 3", (3.1,), (3,)),
        ("stars>=4", (4,), (3.9,)),
        ("verdict = bad", ("bad", "Bad"), ("good", 0)),
        ('verdict = "very bad"', ("very bad",), ("bad",)),
        ("flagged = true", (1.0, True), (0.0, "x")),
        ("stars == 1", (1,), (2,)),
        ("anything", (0, "x"), ()),
        ({"name": "v", "above": 1, "below": 3}, (2,), (1, 3, "2")),
        ({"name": "v", "value": 2}, (2.0,), (3,)),
    ],
)
def test_scores_are_named_with_their_values(written: object, yes: tuple[object, ...], no: tuple[object, ...]) -> None:
    """In one line, or as a table; a bound is never met by a category."""
    [rule] = AdversarialTier.model_validate({"scores": [written]}).scores
    assert all(rule.matches(value) for value in yes)
    assert not any(rule.matches(value) for value in no)


@pytest.mark.parametrize("written", ["", "< 3", "a < b", "a <", "a < 1 < 2"])
def test_what_is_no_rule_is_refused(written: str) -> None:
    """A slip must not flag everything, or nothing."""
    with pytest.raises(ValidationError):
        AdversarialTier.model_validate({"scores": [written]})


def test_one_dataset_is_one_tier() -> None:
    """Nobody knows what two tiers with the same items would say."""
    with pytest.raises(ValidationError, match="'a' is named twice"):
        Tiers.model_validate({"golden": {"datasets": ["a"]}, "regression": {"datasets": ["a"]}})


def test_a_queue_is_a_name_or_a_table() -> None:
    """`completed` asks for what somebody has looked at."""
    first, second = AdversarialTier.model_validate({"queues": ["Bad", {"name": "Review", "completed": True}]}).queues
    assert (first.name, first.completed, second.completed) == ("Bad", False, True)


def test_the_hard_tier_weighs_three_times_as_much() -> None:
    """Unless somebody says otherwise."""
    assert Tiers().weights == {"fresh": 1.0, "golden": 1.0, "regression": 1.0, "adversarial": 3.0}
