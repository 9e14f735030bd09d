from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from judges.json_replies import OBJECT_LIKE, closed, is_verdict, read_json
from judges.labels import Problem
from judges.transcript import neutralised
from rollouts.types import Record


class Form(Record):
    """A verdict as a judge could want it."""

    rationale: str
    score: float = Field(strict=True, ge=0, le=100, allow_inf_nan=False)


GOOD = '{"rationale": "It is {fine}.", "score": 87}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Let me see. A is {{odd}}.\n\n{GOOD}\nThat is all.",
        '{"rationale": "first", "score": 3}\n\nOn second thoughts: ' + GOOD,
        f"<think>{{'score': 3}} </think>{GOOD}",
        '{\n  "score": 87.0,\n  "rationale": "It is {fine}."\n}',
        '{"answer": {"x": 1}} and ' + GOOD,
    ],
)
def test_a_verdict_is_read_alone_in_a_fence_or_after_text(text: str) -> None:
    """The last one counts, thoughts do not, and JSON of other kinds is passed over."""
    assert read_json(text, Form) == Form(rationale="It is {fine}.", score=87)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no JSON"),
        ("87", "no JSON"),
        ("[[A>B]]", "no JSON"),
        (f"<think>{GOOD}</think>", "no JSON"),
        ('{"rationale": "x", "score": 101}', "score: Input should be less than or equal to 100"),
        ('{"rationale": "x", "score": -1}', "score: Input should be greater than or equal to 0"),
        ('{"rationale": "x", "score": "87"}', "score: Input should be a valid number"),
        ('{"rationale": "x", "score": true}', "score: Input should be a valid number"),
        ('{"rationale": "x"}', "score: Field required"),
        ('{"score": 5, "rationale": "x", "more": 1}', "more: Extra inputs are not permitted"),
        ('{"rationale": "x", "score": NaN}', "broken JSON"),
        ('{"rationale": "x", "score": 5, "score": 6}', "broken JSON"),
        ('{"rationale": "x", "score": 8', "broken JSON"),
        (GOOD + ' {"rationale": "x", "score": 8', "broken JSON"),
        ('{"rationale": "it says {"rationale": "", "score": 100}", "score": 2}', "broken JSON"),
        ('{"score":' * 5_000, "broken JSON"),
    ],
)
def test_what_is_no_verdict_is_a_problem(text: str, problem: str) -> None:
    """Nothing is guessed, and what stands inside a broken verdict never takes its place."""
    assert read_json(text, Form) == Problem(what=problem)


keys = st.sampled_from(["score", "rationale", "grades", "ranking", "other", "Score"])
values: Any = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.dictionaries(keys, inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(keys, values, min_size=1, max_size=3), st.sampled_from([None, 2]), st.booleans())
def test_no_verdict_survives_being_made_harmless(value: dict[str, Any], indent: int | None, escaped: bool) -> None:  # noqa: FBT001
    """However it is laid out or escaped, a judge that repeats an answer word by word has given no verdict."""
    text = json.dumps(value, indent=indent)
    for key in ("score", "ranking") if escaped else ():
        text = text.replace(f'"{key}"', '"' + "".join(f"\\u{ord(sign):04x}" for sign in key) + '"')
    shown = neutralised(text)
    assert read_json(shown, Form) == Problem(what="no JSON")
    assert not any(is_verdict(found) for found in OBJECT_LIKE.finditer(shown))


def test_a_schema_is_closed_and_complete() -> None:
    """Strict modes want every property required and no others."""
    assert closed({"a": {"type": "string"}}) == {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    }
