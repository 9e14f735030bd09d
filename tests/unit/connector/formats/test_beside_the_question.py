"""What stands beside a question: what the model was told, too, and what concerns the application alone."""

from __future__ import annotations

from typing import Any

import pytest

from connector.formats.custom_keys import CustomKeys
from connector.formats.detect import read_call
from connector.formats.left_out import LEFT_OUT
from connector.intake import Rules
from connector.turns.worth import TurnRules
from connector.types import Fate
from tests.logged import dispositions, generation, trace, user

TOLD: list[dict[str, Any]] = [
    {"context": "Oslo has 3 airports."},
    {"documents": [{"text": "Oslo"}]},
    {"retrieved_docs": ["Oslo"]},
    {"relevantChunks": ["Oslo"]},
    {"source_documents": {"a": "Oslo"}},
    {"context_text": "Oslo"},
    {"passages": ["Oslo"]},
    {"chat_history": [["hey", "hello"]]},
    {"history": "user: hey"},
    {"image_url": "https://example.com/a.png"},
    {"text": "a long article"},
]
OWN: list[dict[str, Any]] = [
    {"user_id": "u1", "language": "no", "top_k": 3},
    {"context": "", "documents": [], "history": None},
    {"context_id": "c1", "sources": 4, "use_history": True, "context_window": "8k"},
    {"history": [user("before")]},
    {"input": "How many?", "query": "How many?"},
    {"system_prompt": "Be kind."},
]


@pytest.mark.parametrize("more", TOLD, ids=str)
def test_what_the_model_was_told_too_is_not_left_out_in_silence(more: dict[str, Any]) -> None:
    """A challenger that sees the question alone would be asked something else; whoever wants that may say so."""
    one = trace("t", generation({"question": "How many?", **more}, "Three."))
    assert dispositions(one) == {(Fate.UNREPLAYABLE, LEFT_OUT): 1}
    assert dispositions(one, Rules(turns=TurnRules(partial_logs="include"))) == {(Fate.CHALLENGED, ""): 1}


@pytest.mark.parametrize("more", OWN, ids=str)
def test_an_applications_own_figures_are_no_context(more: dict[str, Any]) -> None:
    """Names, settings, what is empty, what is read anyway, and what the question says itself."""
    assert read_call(generation({"question": "How many?", **more}, "Three.")).lacks is None


def test_a_context_within_the_question_is_there() -> None:
    """Loggers show the prompt and what it was made of."""
    asked = {"prompt": "Use this: Oslo has 3. How many?", "context": "Oslo has 3."}
    assert read_call(generation(asked, "Three.")).lacks is None


def test_keys_that_are_configured_hold_all_there_is() -> None:
    """Naming the context's key is the cure."""
    form = CustomKeys(question=("question",), system=("context",))
    call = read_call(generation({"question": "How many?", "context": "Oslo has 3."}, "Three."), (form,))
    assert (call.lacks, [message.text for message in call.messages]) == (None, ["Oslo has 3.", "How many?"])
