import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollouts.errors import Permanent
from rollouts.projections.mended import mended
from rollouts.projections.plain import plain
from rollouts.types import Media, Message, Part, Text, ToolCall, ToolResult


def said(role: Any, text: str) -> Message:
    """Say something."""
    return Message(role=role, parts=(Text(content=text),))


def calling(*ids: str, text: str = "") -> Message:
    """Call `get` once for each id."""
    words: tuple[Part, ...] = (Text(content=text),) if text else ()
    return Message(role="assistant", parts=(*words, *(ToolCall(id=i, name="get", arguments="{}") for i in ids)))


def result(name: str, response: str) -> Message:
    """Answer the call of that id."""
    return Message(role="tool", parts=(ToolResult(id=name, response=response),))


def shape(messages: tuple[Message, ...]) -> list[Any]:
    """Return calls and results by id, and everything else by its role."""
    return [
        [call.id for call in m.tool_calls]
        if m.tool_calls
        else (m.parts[0].id, m.parts[0].response)
        if isinstance(m.parts[0], ToolResult)
        else m.role
        for m in messages
    ]


@st.composite
def in_order(draw: st.DrawFn) -> tuple[Message, ...]:
    """Draw a history in which every call is answered right away, in any order."""
    found, count = list[Message](), 0
    for _ in range(draw(st.integers(0, 4))):
        found += draw(st.lists(st.builds(said, st.sampled_from(["user", "system"]), st.text()), max_size=2))
        ids = [f"id-{count + number}" for number in range(draw(st.integers(0, 3)))]
        count += len(ids)
        if ids:
            found += [calling(*ids), *(result(name, "x") for name in draw(st.permutations(ids)))]
    return tuple(found)


@given(in_order())
def test_a_history_in_order_comes_back_as_it_is(messages: tuple[Message, ...]) -> None:
    """Nothing is changed, not even copied, and nothing is lost."""
    found, losses = mended(messages)
    assert losses == ()
    assert all(one is other for one, other in zip(found, messages, strict=True))


roles = st.sampled_from(["system", "user", "assistant", "tool"])
ids = st.sampled_from(["", "a", "b", "get"])
parts = (
    st.builds(Text, content=st.sampled_from(["", "x"]))
    | st.builds(ToolCall, id=ids, name=st.sampled_from(["get", "b"]), arguments=st.just("{}"))
    | st.builds(ToolResult, id=ids, response=st.sampled_from(["1", "2"]))
)
anything = st.lists(st.builds(Message, role=roles, parts=st.lists(parts, max_size=3).map(tuple)), max_size=7)


@given(anything)
def test_afterwards_every_call_is_answered_at_once(messages: list[Message]) -> None:
    """Whatever was logged: each call has an id of its own, and exactly one result right behind it."""
    try:
        found, _ = mended(messages)
    except Permanent as error:
        assert str(error).startswith("unreplayable: ")  # noqa: PT017 - either a history or this error
        return
    pending, seen = set[str](), set[str]()
    for message in found:
        if message.role == "tool":
            [answer] = message.parts
            assert isinstance(answer, ToolResult)
            pending.remove(answer.id)
            continue
        assert not pending
        pending = {call.id for call in message.tool_calls}
        assert "" not in pending
        assert len(pending) == len(message.tool_calls)
        assert not pending & seen
        seen |= pending
    assert not pending


@given(anything)
def test_mending_twice_changes_nothing_more(messages: list[Message]) -> None:
    """What was mended is in order."""
    try:
        once, _ = mended(messages)
    except Permanent:
        return
    assert mended(once) == (once, ())


USER = said("user", "hey")


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ((USER, calling("a"), USER, result("a", "1")), ["user", ["a"], ("a", "1"), "user"]),
        ((USER, calling("a"), said("system", "x"), result("a", "1")), ["user", ["a"], ("a", "1"), "system"]),
        (
            (USER, calling("a"), said("assistant", "busy"), result("a", "1")),
            ["user", ["a"], ("a", "1")],
        ),
        ((USER, calling("a", "b"), result("b", "1"), USER), ["user", ["a", "b"], ("b", "1"), ("a", ""), "user"]),
        (
            (calling("a"), result("a", "1"), calling("a"), result("a", "2")),
            [["a"], ("a", "1"), ["call00001"], ("call00001", "2")],
        ),
        ((calling("a"), calling("b"), result("b", "2"), result("a", "1")), [["a", "b"], ("b", "2"), ("a", "1")]),
        (
            (Message(role="user", parts=(*calling("a").parts, Text(content="hey"))),),
            ["user"],
        ),
        (
            (calling("a"), Message(role="user", parts=(ToolResult(id="a", response="1"), Text(content="and?")))),
            [["a"], ("a", "1"), "user"],
        ),
        (
            (calling("a"), Message(role="tool", parts=(ToolResult(id="a", response="1"), Text(content="more")))),
            [["a"], ("a", "1"), "user"],
        ),
    ],
)
def test_each_mend(messages: tuple[Message, ...], expected: list[Any]) -> None:
    """Results go right behind their calls, whatever came between, and everything else keeps its order."""
    assert shape(mended(messages)[0]) == expected


def test_ids_are_never_worth_a_word() -> None:
    """They mean nothing, so a new one loses nothing."""
    assert mended((calling("", ""), result("", "1"), result("", "2")))[1] == ()


PNG = "iVBORw0KGgo="


@pytest.mark.parametrize(
    ("logged", "sent"),
    [
        (
            Media(type="uri", modality="image", content=f"data:image/png;base64,{PNG}"),
            Media(type="blob", modality="image", content=PNG, mime_type="image/png"),
        ),
        (
            Media(type="blob", modality="image", content=f"data:;base64,{PNG}"),
            Media(type="blob", modality="image", content=PNG, mime_type="image/png"),
        ),
        (
            Media(type="blob", modality="document", content=PNG.rstrip("="), mime_type="image/jpeg"),
            Media(type="blob", modality="image", content=PNG, mime_type="image/png"),
        ),
        (
            Media(type="blob", modality="image", content="_-8=", mime_type="image/JPG"),
            Media(type="blob", modality="image", content="/+8=", mime_type="image/jpeg"),
        ),
        (
            Media(type="blob", modality="audio", content="UklGRg==", mime_type="audio/wav"),
            Media(type="blob", modality="audio", content="UklGRg==", mime_type="audio/wav"),
        ),
    ],
)
def test_media_in_plain_form(logged: Media, sent: Media) -> None:
    """A data address is a value, base64 has one alphabet, and a picture has the type that it shows."""
    [message], losses = plain([Message(role="user", parts=(logged,))])
    assert (message.parts, losses) == ((sent,), ())


@pytest.mark.parametrize("content", ["", "<bytes>", "a", "data:image/png;base64,"])
def test_media_that_are_not_there(content: str) -> None:
    """A logger that kept no bytes leaves nothing to show."""
    for part in (
        Media(type="blob", modality="image", content=content),
        ToolResult(id="1", response="", media=(Media(type="blob", modality="image", content=content),)),
    ):
        with pytest.raises(Permanent, match="unreplayable: image whose content was not logged"):
            plain([Message(role="user", parts=(part,))])


TOKEN = "@@@langfuseMedia:type=image/png|id=1|source=bytes@@@"


@pytest.mark.parametrize(
    "part",
    [
        Text(content=f"see {TOKEN}"),
        ToolResult(id="1", response=json.dumps({"image": TOKEN})),
        ToolCall(id="1", name="get", arguments=json.dumps({"image": TOKEN})),
        Media(type="uri", modality="image", content=TOKEN),
        Media(type="blob", modality="image", content=TOKEN),
    ],
)
def test_a_token_is_no_picture(part: Part) -> None:
    """What Langfuse keeps elsewhere is not sent as text."""
    with pytest.raises(Permanent, match="unreplayable: media that Langfuse took out of the log"):
        plain([Message(role="assistant", parts=(part,))])
