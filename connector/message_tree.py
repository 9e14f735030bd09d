"""The messages of several calls as one tree: what their histories share is there once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connector.traces import Call
from rollouts.canonical import fingerprint
from rollouts.types import Media, Message, Reasoning, Record, ToolCall, ToolResult

BEGINNING = 100
"""Characters of a text that are shown."""


class AskedCall(Record):
    """A tool call."""

    id: str
    name: str
    arguments: str
    """Their beginning."""


class ToldResult(Record):
    """What a tool answered."""

    id: str
    """The id of the call that it answers."""
    name: str | None = None
    """The name of the tool, where its call is in the same history."""
    text: str
    """Its beginning."""
    is_error: bool = False


class MessageNode(Record):
    """One message, after the same messages as all that share it."""

    number: int
    """From 1, in the order in which the calls first show it."""
    parent: int | None = None
    """The number of the message before it."""
    role: str
    text: str = ""
    """Its beginning."""
    reasoning: str = ""
    """The beginning of what the model thought."""
    calls: tuple[AskedCall, ...] = ()
    results: tuple[ToldResult, ...] = ()
    media: tuple[str, ...] = ()
    """Their types, or what kind of media they are."""
    answered_by: tuple[str, ...] = ()
    """The observations whose answer it is; a message of a history alone has none."""


def as_it_is(message: Message) -> Message:
    """Return it."""
    return message


def message_tree(calls: Sequence[Call], shown: Callable[[Message], Message] = as_it_is) -> tuple[MessageNode, ...]:
    """Return every message once, as `shown`, parents before children; an edited copy begins a branch of its own."""
    nodes, places = list[MessageNode](), dict[tuple[int | None, str], int]()
    for call in calls:
        names, parent = dict[str, str](), None
        for message, answered_by in _told(call):
            names |= {asked.id: asked.name for asked in message.tool_calls}
            number = places.setdefault((parent, fingerprint(message)), len(nodes) + 1)
            if number > len(nodes):
                nodes.append(_node(shown(message), names).model_copy(update={"number": number, "parent": parent}))
            if answered_by:
                known = nodes[number - 1]
                nodes[number - 1] = known.model_copy(update={"answered_by": (*known.answered_by, answered_by)})
            parent = number
    return tuple(nodes)


def beginning(text: str, most: int = BEGINNING) -> str:
    """Return the beginning of `text` on one line, without what a terminal would obey instead of showing it."""
    line = " ".join(text[: 4 * most].split())
    line = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line)
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1].rstrip() + "…"


def _told(call: Call) -> Iterator[tuple[Message, str | None]]:
    yield from ((message, None) for message in call.messages)
    if call.answer is not None:
        yield call.answer.message, call.observation_id


def _node(message: Message, names: dict[str, str]) -> MessageNode:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    media = [part for part in message.parts if isinstance(part, Media)]
    media += [each for result in results for each in result.media]
    thoughts = "\n".join(part.content for part in message.parts if isinstance(part, Reasoning))
    return MessageNode(
        number=0,
        role=message.role,
        text=beginning(message.text),
        reasoning=beginning(thoughts),
        calls=tuple(_call(part) for part in message.parts if isinstance(part, ToolCall)),
        results=tuple(_result(result, names) for result in results),
        media=tuple(each.mime_type or each.modality for each in media),
    )


def _call(call: ToolCall) -> AskedCall:
    return AskedCall(id=call.id, name=call.name, arguments=beginning(call.arguments))


def _result(result: ToolResult, names: dict[str, str]) -> ToldResult:
    return ToldResult(
        id=result.id, name=names.get(result.id), text=beginning(result.response), is_error=bool(result.is_error)
    )
