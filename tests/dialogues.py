"""Small conversations to write in a trace format and read back, and damage to do to what was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable, decoded
from connector.traces import Call, Observation
from rollouts.types import Media, Message, Text, ToolCall, ToolResult
from tests.logged import generation

Wire = dict[str, Any]
Dialogue = tuple[Message, ...]

quick = settings(max_examples=80, deadline=None)
thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _is_said(text: str) -> bool:
    """Loggers write `None` for nothing, and a text that is JSON is read as what it holds."""
    return text.strip() not in ("", "None") and decoded(text) == text


words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(_is_said)
names = st.from_regex(r"[a-z_]{1,9}", fullmatch=True)
tables = st.dictionaries(names, st.integers(-(2**60), 2**60) | words | st.none(), max_size=3)
junk: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}) | st.just([[{}]])
)


_SHOWN = (
    Media(type="uri", modality="image", content="https://example.com/a.png", mime_type=None),
    Media(type="blob", modality="image", content="iVBORw0KGgo=", mime_type="image/png"),
)


@st.composite
def dialogues(draw: st.DrawFn, *, calls: bool = True, images: bool = False) -> tuple[Message, ...]:
    """Draw a conversation: parallel calls, their results in order, the assistant's answer last."""
    messages = [said("system", draw(words))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(1, 3))):
        shown = draw(st.lists(st.sampled_from(_SHOWN), max_size=2)) if images else []
        messages.append(Message(role="user", parts=(Text(content=draw(words)), *shown)))
        for _ in range(draw(st.integers(0, 2)) if calls else 0):
            asked = _asking(draw, len(messages))
            results = [ToolResult(id=call.id, response=draw(words)) for call in asked.tool_calls]
            messages += [asked, *(Message(role="tool", parts=(result,)) for result in results)]
        messages.append(said("assistant", draw(words)))
    return (*messages[:-1], _asking(draw, 99)) if calls and draw(st.booleans()) else tuple(messages)


def _asking(draw: st.DrawFn, at: int) -> Message:
    spoken = [Text(content=draw(words))] if draw(st.booleans()) else []
    made = [ToolCall(id=f"c{at}_{n}", name=draw(names), arguments=compact(draw(tables))) for n in range(draw(_FEW))]
    return Message(role="assistant", parts=(*spoken, *made))


_FEW = st.integers(1, 3)


def said(role: Any, text: str) -> Message:
    """Return a message of one text."""
    return Message(role=role, parts=(Text(content=text),))


def compact(value: Any) -> str:
    """Return JSON as readers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def logged(
    asked: Any,
    answered: Any,
    *,
    scope: str = "",
    attributes: Mapping[str, Any] | None = None,
    parameters: Wire | None = None,
) -> Observation:
    """Return an observation of one call."""
    metadata = {"attributes": dict(attributes or {}), "scope": {"name": scope}}
    return generation(asked, answered, metadata=metadata, parameters=parameters or {})


def reread(observation: Observation) -> tuple[str, tuple[Message, ...]]:
    """Return the format that read an observation, and its messages, answer last."""
    call = read_call(observation)
    return call.format, (*call.messages, *([call.answer.message] if call.answer else []))


def answer_of(call: Call) -> Message:
    """Return what was answered."""
    assert call.answer is not None
    return call.answer.message


def only_unusable(data: st.DataObject, observation: Observation) -> None:
    """Damage what was logged, and check that reading it gives a call or a reason, and nothing else."""
    update = {side: damaged(data, getattr(observation, side)) for side in ("input", "output", "metadata")}
    metadata = update["metadata"] if isinstance(update["metadata"], dict) else {}
    try:
        read_call(observation.model_copy(update={**update, "metadata": metadata}))
    except Unusable as reason:
        assert reason.reason  # noqa: PT017 - that it has one is the promise


def damaged(data: st.DataObject, value: Any) -> Any:
    """Return `value` with up to two of its inner values replaced or taken away."""
    for _ in range(data.draw(st.integers(0, 2))):
        places = [*_places(value)]
        at = data.draw(st.sampled_from(places)) if places else ()
        value = _replaced(value, at, data.draw(junk), drop=data.draw(st.booleans()))
    return value


def _places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from _places(child, (*at, key))


def _replaced(value: Any, at: Sequence[Any], new: Any, *, drop: bool) -> Any:
    if not at:
        return new
    key, *rest = at
    items = value.items() if isinstance(value, dict) else enumerate(value)
    kept = [
        (k, _replaced(child, rest, new, drop=drop) if k == key else child)
        for k, child in items
        if not (drop and k == key and not rest)
    ]
    return dict(kept) if isinstance(value, dict) else [child for _, child in kept]
