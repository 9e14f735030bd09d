"""Hand-made logs: roles in other words, and what a decorator writes of a function's call."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from connector.traces import Call
from tests.logged import generation, user

HEY = [user("hey")]


def read(asked: Any, answered: Any = "hello") -> Call:
    """Read one call."""
    return read_call(generation(asked, answered))


def test_roles_have_other_names_elsewhere() -> None:
    """`human`, `ai` and `model` speak, `context` is what the model is told; that they were renamed is said."""
    said = [("context", "Oslo has 3."), ("human", "q"), ("ai", "a"), ("Human", "r"), ("model", "b"), ("User", "s")]
    call = read([{"role": role, "content": text} for role, text in said], {"role": "ai", "content": "hello"})
    assert [message.role for message in call.messages] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert call.answer is not None
    assert (call.answer.message.text, call.repairs) == ("hello", (Repair.ROLES,))
    assert Repair.ROLES not in read(HEY).repairs


def test_the_only_messages_among_arguments_are_the_history() -> None:
    """Named arguments are the request's parameters; other arguments are left out, and that is said."""
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    call = read({"args": [HEY], "kwargs": {"temperature": 0, "tools": tools}})
    assert ([message.text for message in call.messages], call.parameters.temperature) == (["hey"], 0)
    assert ([tool.name for tool in call.tools], call.repairs) == (["look"], ())
    for args in (["<Agent object at 0x7f>", HEY], ["<Agent object at 0x7f>", {"messages": HEY}]):
        assert [message.text for message in read({"args": args, "kwargs": {}}).messages] == ["hey"]
    call = read({"args": ["gpt", HEY], "kwargs": {"max_tokens": "7"}})
    assert (call.repairs, call.parameters.max_tokens) == ((Repair.ARGUMENTS_LEFT,), 7)


@pytest.mark.parametrize(
    ("asked", "kind"),
    [
        ([{"role": "user", "parts": [{"text": "hey"}]}], "gemini"),
        ([["human", "hey"]], "langchain"),
        ("hey", "plain_text"),
        ({"question": "hey"}, "plain_text"),
    ],
)
def test_arguments_of_any_dialect(asked: Any, kind: str) -> None:
    """What stands in a row is read as if it stood alone."""
    call = read({"args": [asked], "kwargs": {"temperature": 0.5}})
    assert ([message.text for message in call.messages], call.format) == (["hey"], kind)
    assert call.parameters.temperature == 0.5


@pytest.mark.parametrize("args", [["hey", 3], ["hey", "there"], [HEY, HEY], 7, [{"a": 1}, {"b": 2}]])
def test_of_several_arguments_none_is_guessed(args: Any) -> None:
    """Two texts may be anything, and two histories are two."""
    with pytest.raises(Unusable, match="no known format"):
        read({"args": args, "kwargs": {"temperature": 0}})
