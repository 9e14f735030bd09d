"""What a generation should have answered, where its logger knows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rollouts.types import Message, Text, ToolCall
from tests.logged import assistant, challenges, generation, trace, user

CALL = assistant(None, ("c1", "look_up", '{"id": 7}'))


def said(text: str) -> Message:
    """Return an answer in words."""
    return Message(role="assistant", parts=(Text(content=text),))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("Gate 7.", said("Gate 7.")),
        (assistant("Gate 7."), said("Gate 7.")),
        (json.dumps(assistant("Gate 7.")), said("Gate 7.")),
        (CALL, Message(role="assistant", parts=(ToolCall(id="c1", name="look_up", arguments='{"id": 7}'),))),
        ({"gate": 7}, said('{"gate":7}')),
        ({"content": 7}, said('{"content":7}')),
        ([1, 2], said("[1,2]")),
        ("", None),
        (None, None),
    ],
)
def test_an_expected_answer_travels_with_its_turn(told: Any, expected: Message | None) -> None:
    """As text, as a chat message with or without calls, or as JSON; the judge sees it as a reference."""
    logged = generation([user("Which gate?")], assistant("Gate 9."), metadata={"expected_output": told})
    [challenge] = challenges(trace("t", logged))
    assert challenge.expected == expected
    assert challenge.baseline.message == said("Gate 9.")
