"""Strings, tables of an application's own, and what is no conversation at all."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.custom_keys import CustomKeys
from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.formats.repairs import Repair
from connector.traces import Call
from connector.types import Fate
from tests.logged import generation, user


def read(asked: Any, answered: Any = "hello", **more: Any) -> Call:
    """Read one call."""
    return read_call(generation(asked, answered, **more))


def said(call: Call) -> list[tuple[str, str]]:
    """Return roles and texts, the answer's last."""
    assert call.answer is not None
    return [(message.role, message.text) for message in (*call.messages, call.answer.message)]


@pytest.mark.parametrize(
    "asked", ["hey", {"question": "hey"}, {"chatInput": "hey"}, {"sys.query": "hey"}, {"mail": "hey"}]
)
@pytest.mark.parametrize("answered", ["hello", {"answer": "hello"}, {"text": "hello"}, {"reply": "hello"}])
def test_one_question_and_one_answer(asked: Any, answered: Any) -> None:
    """Text, a telling key of Flowise, n8n, Dify or nobody, or a generation's only text."""
    assert said(read(asked, answered)) == [("user", "hey"), ("assistant", "hello")]


def test_nothing_beside_them_is_lost_in_silence() -> None:
    """A system prompt and tools are kept; other keys are named as left out."""
    asked = {"prompt": "hey", "system": "Be kind.", "tools": [{"name": "f", "inputSchema": {"type": "object"}}]}
    call = read(asked)
    assert said(call)[0] == ("system", "Be kind.")
    assert ([tool.name for tool in call.tools], call.repairs) == (["f"], ())
    call = read({"question": "hey", "context": "long"}, {"answer": "hello", "sources": []})
    assert call.repairs == (Repair.INPUT_KEYS, Repair.OUTPUT_KEYS)


def test_calls_without_a_message_are_an_answer() -> None:
    """The server wraps a prompt and its tools, and stores bare calls."""
    call = read({"prompt": "hey", "tools": []}, [{"toolCallId": "c", "toolName": "f", "input": {"a": 1}}])
    assert call.answer is not None
    assert [(c.id, c.name, c.arguments) for c in call.answer.message.tool_calls] == [("c", "f", '{"a":1}')]


def test_words_that_look_like_roles_are_words() -> None:
    """A mail with "User:" in it is one message."""
    mail = "Summarise this mail:\n\nFrom: Bob\nUser: please reset my password"
    assert said(read(mail)) == [("user", mail), ("assistant", "hello")]


def test_a_table_is_an_answer_of_a_model_only() -> None:
    """A generation may answer in JSON; a function's return value is nothing that anyone said."""
    assert said(read("hey", {"city": "Paris"}))[-1] == ("assistant", '{"city":"Paris"}')
    with pytest.raises(Unusable, match="neither text nor a message"):
        read("hey", {"city": "Paris"}, type="SPAN")


def test_keys_that_the_configuration_names() -> None:
    """They win over everything; dots lead inwards, and what is no text is shown as JSON."""
    form = CustomKeys(question=("form.ticket",), answer=("draft",), system=("rules",))
    asked = {"form": {"ticket": "hey"}, "rules": {"tone": "kind"}, "question": "ignored"}
    call = read_call(generation(asked, {"draft": "hello", "text": "ignored"}), (form,))
    assert call.format == "custom_keys"
    assert said(call) == [("system", '{"tone":"kind"}'), ("user", "hey"), ("assistant", "hello")]
    assert read_call(generation({"question": "hey"}, "hello"), (form,)).format == "plain_text"


def test_arguments_with_names_are_a_body() -> None:
    """What a decorator logs is read where names tell what is what."""
    assert said(read({"args": [], "kwargs": {"messages": [user("hey")]}}))[0] == ("user", "hey")


@pytest.mark.parametrize(
    ("more", "fate", "why"),
    [
        ({"environment": "langfuse-llm-as-a-judge"}, Fate.FILTERED, "written by Langfuse itself"),
        ({"type": "EMBEDDING"}, Fate.UNREADABLE, "not a model call"),
        ({"model": "text-embedding-3-small"}, Fate.UNREADABLE, "an embedding, not a conversation"),
        ({"output": {"dimensions": 3, "count": 1}}, Fate.UNREADABLE, "an embedding, not a conversation"),
        ({"output": {"data": [{"embedding": [0.1]}]}}, Fate.UNREADABLE, "an embedding, not a conversation"),
        ({"output": [0.1, 0.2]}, Fate.UNREADABLE, "an embedding, not a conversation"),
        ({"output": "redacted-by-litellm"}, Fate.UNREADABLE, "redacted by its logger"),
        ({"input": [user("redacted-by-litellm")]}, Fate.UNREADABLE, "redacted by its logger"),
    ],
)
def test_what_is_no_conversation_says_so(more: dict[str, Any], fate: Fate, why: str) -> None:
    """Evaluators, embeddings and redacted calls each have their reason."""
    with pytest.raises(Unusable) as caught:
        read_call(generation("hey", "hello").model_copy(update=more))
    assert (caught.value.fate, caught.value.reason) == (fate, why)
