"""The tree of messages, and how it is drawn."""

from __future__ import annotations

import io
import math
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from connector.commands._message_lines import print_messages
from connector.message_tree import BEGINNING, beginning, message_tree
from connector.traces import Call
from rollouts.canonical import fingerprint
from rollouts.types import Completion, Message, Role, Text, ToolCall, ToolResult

ROLES: list[Role] = ["user", "assistant"]
histories = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=12), min_size=1, max_size=12)


def say(role: Role, text: str) -> Message:
    """Say something."""
    return Message(role=role, parts=(Text(content=text),))


def calls_of(texts: list[list[str]]) -> list[Call]:
    """Return a call per history; its last text is the answer."""
    return [
        Call(
            trace_id="t",
            observation_id=f"o{number}",
            started_at=datetime(2026, 11, 18, tzinfo=UTC),
            messages=tuple(say(ROLES[at % 2], text) for at, text in enumerate(said[:-1])),
            answer=Completion(message=say("assistant", said[-1])),
            format="openai_chat",
        )
        for number, said in enumerate(texts)
    ]


@given(histories)
def test_every_history_is_a_path_and_nothing_is_there_twice(texts: list[list[str]]) -> None:
    """From each answer back to the beginning stand exactly the messages that its call saw."""
    calls = calls_of(texts)
    nodes = message_tree(calls)
    by_number = {node.number: node for node in nodes}
    assert list(by_number) == list(range(1, len(nodes) + 1))
    assert len({(node.parent, node.role, node.text) for node in nodes}) == len(nodes)
    for call in calls:
        [node] = [each for each in nodes if call.observation_id in each.answered_by]
        path = [node.text]
        while node.parent is not None:
            assert node.parent < node.number
            node = by_number[node.parent]
            path.append(node.text)
        assert call.answer is not None
        assert path[::-1] == [message.text for message in (*call.messages, call.answer.message)]


@given(histories)
def test_every_message_is_drawn_once_within_the_width(texts: list[list[str]]) -> None:
    """However often histories branch, the tree is no deeper than the logarithm of its size."""
    nodes, file = message_tree(calls_of(texts)), io.StringIO()
    print_messages(Console(file=file, width=100), nodes)
    lines = file.getvalue().splitlines()
    drawn = [int(line.lstrip("│├└─ ").split()[0]) for line in lines if line.lstrip("│├└─ ")[:1].isdigit()]
    assert sorted(drawn[1:]) == [node.number for node in nodes], "the first line is the count"
    assert max(map(cell_len, lines)) <= 100
    deepest = max(len(line) - len(line.lstrip("│├└─ ")) for line in lines) // 4
    assert deepest <= 3 + math.log2(len(nodes))


def test_results_name_the_call_that_they_answer() -> None:
    """By its id, within the same history; what answers nothing says so."""
    asked = Message(role="assistant", parts=(ToolCall(id="1", name="get", arguments='{"x": 1}'),))
    told = Message(
        role="tool", parts=(ToolResult(id="1", response="yes"), ToolResult(id="2", response="no", is_error=True))
    )
    [call] = calls_of([["a"]])
    _, _, results, _ = message_tree([call.model_copy(update={"messages": (say("user", "q"), asked, told)})])
    assert [(result.name, result.text, result.is_error) for result in results.results] == [
        ("get", "yes", False),
        (None, "no", True),
    ]


@given(st.text())
def test_a_beginning_is_one_short_line_that_can_be_printed(text: str) -> None:
    """Whatever is in it; a text that is short and plain stays itself."""
    shown = beginning(text)
    assert len(shown) <= BEGINNING
    assert shown.isprintable()
    assert beginning(shown) == shown


def test_equal_messages_of_different_roles_are_two() -> None:
    """The hash that joins histories holds the role."""
    assert fingerprint(say("user", "a")) != fingerprint(say("assistant", "a"))
