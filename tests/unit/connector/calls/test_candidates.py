"""Which observations of a trace are taken for its calls, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from connector.assemble import assemble
from connector.calls.candidates import FALLEN_BACK
from connector.traces import Observation, Trace, Use
from connector.types import Assembly, Fate
from tests.logged import BEGUN, generation, trace, user


def span(name: str, **more: Any) -> Observation:
    """Return a span that began with its trace."""
    return Observation.model_validate({"id": name, "trace_id": "t", "started_at": BEGUN, "ended_at": BEGUN, **more})


def answers(assembly: Assembly) -> list[str]:
    """Return what each call answered."""
    return [call.answer.message.text for call in assembly.conversation.calls if call.answer]


def losses(assembly: Assembly) -> list[tuple[Fate, str]]:
    """Return what was lost, and why."""
    return [(lost.fate, lost.reason) for lost in assembly.lost]


@pytest.mark.parametrize(
    ("name", "whose"),
    [
        ("suggested_question", "Dify"),
        ("generate_conversation_name", "Dify"),
        ("moderation", "Dify"),
        ("title_generation:0b1c", "Open WebUI"),
        ("tags_generation", "Open WebUI"),
        ("Execute evaluator", "Langfuse"),
    ],
)
def test_what_a_framework_asks_for_itself_is_filtered(name: str, whose: str) -> None:
    """It is nobody's turn, whatever its name's suffix, and it is counted."""
    found = assemble(trace("t", generation(user("hey"), "hello", name=name)))
    assert answers(found) == []
    assert losses(found) == [(Fate.FILTERED, f"what {whose} asks for itself")]


def test_what_lies_within_the_frameworks_own_question_is_filtered_too() -> None:
    """A client's instrumentation knows nothing of the name around it."""
    outer = generation(user("hey"), "hello", name="title_generation")
    found = assemble(trace("t", outer, generation(user("hey"), "hello", number=1, parent_id=outer.id)))
    assert answers(found) == []
    assert [fate for fate, _ in losses(found)] == [Fate.FILTERED, Fate.FILTERED]


def test_a_title_task_is_known_by_its_words_behind_a_proxy() -> None:
    """Open WebUI asks through LiteLLM as well, which gives it no name."""
    task = "### Task:\nGenerate a concise title.\n### Chat History:\n<chat_history>hey</chat_history>"
    assert losses(assemble(trace("t", generation(user(task), '{"title": "x"}')))) == [
        (Fate.FILTERED, "what Open WebUI asks for itself")
    ]
    assert answers(assemble(trace("t", generation(user("### Task: sum 1 and 2"), "3")))) == ["3"]


@pytest.mark.parametrize("environment", ["langfuse-llm-as-a-judge", "langfuse-prompt-experiment", "sdk-experiment"])
def test_langfuses_own_environments_are_filtered(environment: str) -> None:
    """Its evaluators and experiments are no production."""
    found = assemble(trace("t", generation(user("hey"), "hello", environment=environment)))
    assert [fate for fate, _ in losses(found)] == [Fate.FILTERED]


def test_an_error_is_a_failed_call() -> None:
    """It has no answer, though some loggers put the error's text there."""
    found = assemble(trace("t", generation(user("hey"), "boom", level="ERROR")))
    assert losses(found) == [(Fate.FAILED, "the call ended in an error")]


def test_a_run_with_tools_is_no_call() -> None:
    """A challenger without those tools would be judged for lacking them."""
    root = span("r", type="AGENT", input="What is 2 + 2?", output="4")
    bare = Trace(id="t", started_at=BEGUN, observations=(root,))
    assert answers(assemble(bare)) == ["4"]
    used = bare.model_copy(update={"observations": (root, span("x", type="TOOL", parent_id="r", input="2+2"))})
    assert losses(assemble(used)) == [(Fate.UNREPLAYABLE, "a run with tools, of which no model call was logged")]
    searched = bare.model_copy(update={"observations": (root, span("x", type="RETRIEVER", parent_id="r"))})
    assert answers(assemble(searched)) == []
    beside = Trace(id="t", started_at=BEGUN, input="What is 2 + 2?", output="4", observations=(span("x", type="TOOL"),))
    assert [fate for fate, _ in losses(assemble(beside))] == [Fate.UNREPLAYABLE]


def test_an_unreadable_only_call_leaves_the_root_to_be_read() -> None:
    """The reading names it; the call is counted once, for the root tells it now."""
    root = span("r", type="SPAN", input={"question": "hey"}, output="hello")
    bad = generation({"vectors": [1, 2]}, "x", parent_id="r")
    found = assemble(Trace(id="t", started_at=BEGUN, observations=(root, bad)))
    assert answers(found) == ["hello"]
    [call] = found.conversation.calls
    assert FALLEN_BACK in call.repairs
    assert losses(found) == []
    assert {glance.observation_id: glance.use for glance in found.glances} == {"r": Use.CALL, bad.id: Use.COPY}


def test_the_root_never_stands_for_several_calls_nor_for_a_failed_one() -> None:
    """A run of calls is no call, and an error's canned apology is no model's answer."""
    root = span("r", type="SPAN", input={"question": "hey"}, output="hello")
    bad = [generation({"vectors": [n]}, "x", parent_id="r", number=n) for n in (1, 2)]
    assert answers(assemble(Trace(id="t", started_at=BEGUN, observations=(root, *bad)))) == []
    beside = Trace(id="t", started_at=BEGUN, input={"question": "hey"}, output="hello", observations=tuple(bad))
    assert answers(assemble(beside)) == []
    assert answers(assemble(beside.model_copy(update={"observations": (bad[0],)}))) == ["hello"]
    failed = generation(user("hey"), None, parent_id="r", level="ERROR")
    assert answers(assemble(Trace(id="t", started_at=BEGUN, observations=(root, failed)))) == []
    title = generation(user("hey"), "a title", parent_id="r", name="title_generation")
    assert answers(assemble(Trace(id="t", started_at=BEGUN, observations=(root, title)))) == []


def test_a_loss_says_who_logged_it() -> None:
    """Whoever looks at the ledger sees which integration needs a format."""
    failed = generation(user("hey"), None, level="ERROR", metadata={"scope": {"name": "openinference.x"}})
    [lost] = assemble(trace("t", failed)).lost
    assert (lost.format, lost.integration) == (None, "openinference.x")
    redacted = generation({"messages": [user("redacted-by-litellm")]}, "x", name="litellm-completion")
    [lost] = assemble(trace("t", redacted)).lost
    assert (lost.format, lost.integration) == ("openai_chat", "litellm")
