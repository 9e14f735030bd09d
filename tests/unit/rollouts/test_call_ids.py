import re
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rollouts.projections.call_ids import with_fitting_ids
from rollouts.types import Message, ToolCall, ToolResult

FITTING = re.compile(r"[a-z_0-9]{1,9}")


def call(*ids: str) -> Message:
    """Call a tool once for each id."""
    return Message(role="assistant", parts=tuple(ToolCall(id=name, name="f", arguments="{}") for name in ids))


def result(name: str, response: str) -> Message:
    """Answer the call of that id."""
    return Message(role="tool", parts=(ToolResult(id=name, response=response),))


def ids(messages: Sequence[Message]) -> list[str]:
    """Return all ids in order."""
    return [p.id for message in messages for p in message.parts if isinstance(p, ToolCall | ToolResult)]


def test_what_fits_is_left_alone() -> None:
    """Messages whose ids fit come back as they are."""
    messages = (call("a", "b"), result("a", "1"), result("b", "2"))
    assert with_fitting_ids(messages, FITTING) is messages


def test_call_and_result_change_together() -> None:
    """An id of the wrong letters gets a new one on both sides, which no other call has."""
    messages = (call("toolu:1!", "call_1"), result("call_1", "x"), result("toolu:1!", "y"))
    assert ids(with_fitting_ids(messages, FITTING)) == ["call00001", "call_1", "call_1", "call00001"]


def test_a_name_used_as_id_is_told_apart_by_order() -> None:
    """Where every call has its tool's name as id, results go to the calls in order."""
    messages = (call("get", "get"), result("get", "1"), result("get", "2"), call("get"), result("get", "3"))
    assert ids(with_fitting_ids(messages, FITTING)) == [
        "get",
        "call00001",
        "get",
        "call00001",
        "call00002",
        "call00002",
    ]


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from(["a", "b", "A!", "call00001", "toolongforit", ""])), max_size=12)
)
def test_ids_always_fit_and_calls_are_never_confused(steps: list[tuple[bool, str]]) -> None:
    """Whatever was recorded, every id fits afterwards and no two calls share one."""
    messages = [call(name) if asks else result(name, "") for asks, name in steps]
    renamed = with_fitting_ids(messages, FITTING)
    assert all(FITTING.fullmatch(name) for name in ids(renamed))
    calls = [part.id for message in renamed for part in message.parts if isinstance(part, ToolCall)]
    assert len(set(calls)) == len(calls)
    assert [message.role for message in renamed] == [message.role for message in messages]
