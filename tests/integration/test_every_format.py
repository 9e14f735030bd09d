"""Any conversation, written in any format and in any layout, gives the same turns, each once."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.assemble import assemble
from connector.formats.detect import read_call
from connector.formats.format import Format
from connector.split import split
from connector.traces import Observation, Trace
from connector.turns.worth import TurnRules
from rollouts.canonical import canonical_json
from rollouts.plugins import kinds
from rollouts.types import Challenge, Media, Message, Text, ToolCall, ToolResult
from tests.dialogues import Dialogue
from tests.integration.layouts import LAYOUTS, Layout
from tests.writers import WRITERS
from tests.writers.drawn import CONFIGURED, conversations

NOT_WRITTEN = {
    "claude_agent_sdk": "its exporters log no call that could be written",
    "claude_code": "it logs what is new in a call, and never the prompt: see test_coding_agents",
    "codex": "it logs what is new in a call, and never the prompt: see test_coding_agents",
}
RULES = TurnRules(tools_missing="include")
often = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])

formats = pytest.mark.parametrize("name", WRITERS)


def turns(messages: Dialogue) -> list[Any]:
    """Return what the assistant said, each time with everything before it."""
    places = [place for place, message in enumerate(messages) if message.role == "assistant"]
    return [(told(messages[:place]), told(messages[: place + 1])[-1]) for place in places]


def told(messages: Iterable[Message]) -> list[Any]:
    """Return messages without their ids: a result is known by the call that it answers."""
    made, found = dict[str, tuple[str, str]](), list[Any]()
    for message in messages:
        made |= {call.id: (call.name, canonical_json(call.arguments)) for call in message.tool_calls}
        found.append((message.role, [_told(part, made) for part in message.parts]))
    return found


def _told(part: Any, made: dict[str, tuple[str, str]]) -> Any:
    match part:
        case Text():
            return part.content.strip()
        case ToolCall():
            return made[part.id]
        case ToolResult():
            return made.get(part.id), _unwrapped(part.response).strip()
        case Media():
            return part.modality, part.type, part.content
    return part.type


def _unwrapped(response: str) -> str:
    """Gemini knows tables only: what a tool said stands below `result`."""
    return str(json.loads(response)["result"]) if response.startswith('{"result":') else response


def read(traces: Iterable[Trace]) -> list[Any]:
    """Return the turns of traces, each once however often it is found, shortest history first."""
    found: dict[str, Challenge] = {}
    for trace in traces:
        for turn in split(assemble(trace, CONFIGURED).conversation, RULES):
            if isinstance(turn, Challenge):
                found.setdefault(turn.content_id, turn)
    kept = sorted(found.values(), key=lambda turn: len(turn.messages))
    return [(told(turn.messages), told((*turn.messages, turn.baseline.message))[-1]) for turn in kept]


def as_text(trace: Trace) -> Trace:
    """Return a trace as newer servers show it: input and output as text."""
    return trace.model_copy(update={"observations": tuple(map(_as_text, trace.observations))})


def _as_text(row: Observation) -> Observation:
    sides = {"input": row.input, "output": row.output}
    shown = {key: v if v is None or isinstance(v, str) else json.dumps(v) for key, v in sides.items()}
    return row.model_copy(update=shown)


def test_every_format_is_written() -> None:
    """A new format comes with a writer, or says why nobody can write it."""
    written = {name.split()[0] for name in WRITERS}
    assert written | NOT_WRITTEN.keys() == set(kinds(Format, package="connector.formats"))


@formats
@often
@given(data=st.data())
def test_a_call_is_read_by_its_own_format(name: str, data: st.DataObject) -> None:
    """No other format takes it for its own, in either form of the interface."""
    written = WRITERS[name].write(data.draw(conversations(WRITERS[name])))
    for row in (written, _as_text(written)):
        assert read_call(row, CONFIGURED).format == name.split(maxsplit=1)[0]


@formats
@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@often
@given(data=st.data())
def test_what_was_written_is_read(name: str, layout: Layout, data: st.DataObject) -> None:
    """Same turns, same histories, same results for the same calls; each once."""
    messages = data.draw(conversations(WRITERS[name]))
    traces = layout(messages, WRITERS[name].write)
    for logged in (traces, [*map(as_text, traces)]):
        assert read(logged) == turns(messages)
