"""Which observations of a trace are its calls, and which traces are one conversation."""

from __future__ import annotations

from typing import Any

from connector.types import Fate, Observation, Trace
from rollouts.types import Challenge
from tests.logged import BEGUN, challenges, generation, read, trace, user


def said(found: list[Challenge]) -> list[str]:
    """Return what production answered, turn by turn."""
    return [challenge.baseline.message.text for challenge in found]


def test_a_session_is_one_conversation() -> None:
    """Its traces share the conversation's id; those of others never do."""
    ids = {
        challenge.conversation_id
        for name, session in (("a", "s"), ("b", "s"), ("c", None))
        for challenge in challenges(trace(name, generation(user("hey"), "hello", trace=name), session_id=session))
    }
    assert ids == {"s", "c"}


def test_a_root_is_read_only_where_there_is_no_generation() -> None:
    """Simple applications log question and answer at the root, others repeat there what their calls say."""
    root: dict[str, Any] = {"id": "r", "trace_id": "t", "started_at": BEGUN, "ended_at": BEGUN}
    bare = Trace(
        id="t", started_at=BEGUN, observations=(Observation(**root, input={"question": "hey"}, output="hello"),)
    )
    foreign = bare.model_copy(
        update={"observations": (bare.observations[0].model_copy(update={"parent_id": "in-another-service"}),)}
    )
    beside = Trace(id="t", started_at=BEGUN, input="hey", output="hello", observations=(Observation(**root),))
    assert said(challenges(bare)) == said(challenges(foreign)) == said(challenges(beside)) == ["hello"]
    both = bare.model_copy(update={"observations": (*bare.observations, generation("hey", "inner"))})
    assert said(challenges(both)) == ["inner"]


def test_a_trace_without_any_call_is_counted() -> None:
    """Nothing that was written vanishes."""
    intake = read(trace("t"))
    assert (intake.trace.fate, intake.trace.reason, intake.turns) == (Fate.UNREADABLE, "no model call in it", ())
