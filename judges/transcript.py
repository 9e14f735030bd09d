"""Write messages, tools and answers as text, for a judge or for a person.

Everything that was said or called is shown; reasoning is not, and media are named but not shown. What is shown is data:
nothing in it can pass for a label or another verdict, for a delimiter of the prompt or for a chat template's own marks.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from judges.json_replies import OBJECT_LIKE, is_verdict
from judges.labels import CLOSING, DOUBLE, LABEL_LIKE, OPENING, plain
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolDefinition, ToolResult

RENDERING: Final = 2
"""Part of every judge's version: raise it whenever the same material would look different to a judge."""

EMPTY: Final = "(neither text nor tool call)"

_TAGS = (
    "conversation|message|tool_call|tool_result|available_tools|required_format|reference|found_by_code"
    "|answer|answer_[a-z]"
)
_NAMES = "|".join(("think", "thinking", "thought", "reasoning", _TAGS.replace("_", r"[\W_]{0,3}")))
_OPENERS = "<\uff1c\ufe64\u2039\u27e8\u3008"
_BRACKETED = re.compile(rf"[{_OPENERS}](?=(?P<inside>[^{_OPENERS}]{{1,60}}))")
"""Where a delimiter could begin. The bound is far beyond the longest name, whatever stands in it."""
_DELIMITER = re.compile(rf"[\s*_`/\\]*(?:{_NAMES})\b", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0441\u0455\u0501\u051d\u04bb\u0456\u04cf\u0261\u03bf\u03b1\u0131\u0578\u057d",
    "aeocsdwhilgoainu",
)
"""Cyrillic, Greek, Armenian and other letters that look like those of our delimiters; no normal form folds them."""
_TEMPLATE_MARK = re.compile(r"<[|\uff5c][^|\uff5c<>\n]{1,40}[|\uff5c]>")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Ornaments read like the brackets that they replace, and belong to no grammar of ours.
_ORNAMENTS = str.maketrans(
    dict.fromkeys(OPENING, "\u2772")
    | dict.fromkeys(CLOSING, "\u2773")
    | dict.fromkeys(_OPENERS, "\u276e")
    | {">": "\u276f", "{": "\u2774", "}": "\u2775"}
)


class _Piece(NamedTuple):
    """One part of a message, ready to be shown."""

    text: str
    tag: str | None = None
    attributes: dict[str, str] = {}

    def written(self) -> str:
        return block(self.tag, self.text, **self.attributes) if self.tag else self.text


def neutralised(text: str) -> str:
    """Return `text` with ornaments for the brackets of verdicts, delimiters and think tags, and nothing else changed.

    Half a Unicode pair, which no provider accepts, becomes the replacement character.
    """
    text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _BRACKETED.sub(_undelimited, text)
    text = _TEMPLATE_MARK.sub(lambda found: found[0].translate(_ORNAMENTS), text)
    text = OBJECT_LIKE.sub(_closed_up, text)
    return LABEL_LIKE.sub(_disarmed, text)


def conversation(messages: Iterable[Message]) -> str:
    """Return all messages in order, each in its own block."""
    shown, names = [], dict[str, str]()
    for message in messages:
        names |= {call.id: call.name for call in message.tool_calls}
        author = {"from": message.role} | ({"name": message.name} if message.name else {})
        shown.append(block("message", _parts(message, names), **author))
    return "\n".join(shown)


def answer(message: Message, most_chars: int | None = None) -> str:
    """Return one answer: what it says and what it calls, in its order.

    Of more than `most_chars` the middle is left out, and a mark says how much that was: a judge that has to read
    through padding loses sight of the rest.
    """
    return _parts(message, {}, most_chars)


def offered(tools: Iterable[ToolDefinition]) -> str:
    """Return the tools that the model could call, each with its description and the schema of its arguments."""
    return "\n".join(_tool(tool) for tool in tools) or "(none)"


def block(tag: str, content: str, **attributes: str) -> str:
    """Return `content` between delimiters; it must be neutralised or made of blocks."""
    written = "".join(f" {name}={_json(neutralised(value))}" for name, value in attributes.items())
    return f"<{tag}{written}>\n{content}\n</{tag}>"


def _parts(message: Message, names: dict[str, str], most_chars: int | None = None) -> str:
    pieces = [piece for part in _told(message) if (piece := _piece(part, names)).written().strip()]
    if most_chars is not None:
        pieces = list(_shortened(pieces, most_chars))
    return "\n".join(piece.written() for piece in pieces) or EMPTY


def _shortened(pieces: list[_Piece], most: int) -> Iterator[_Piece]:
    """Leave out the middle of all pieces together; what is left of a piece keeps its delimiters."""
    left_out = sum(len(piece.text) for piece in pieces) - most
    if left_out <= 0:
        yield from pieces
        return
    begin = most * 2 // 3
    mark = f"[… {left_out} characters of this answer are left out here …]"
    for piece in pieces:
        size = len(piece.text)
        head, tail = piece.text[: max(begin, 0)], piece.text[max(begin + left_out, 0) :]
        if left := "\n".join(filter(None, (head, mark if 0 <= begin < size else "", tail))):
            yield piece._replace(text=left)
        begin -= size


def _told(message: Message) -> list[Part]:
    """Return the parts, neighbouring texts as one: two harmless parts may be the halves of a label."""
    told: list[Part] = []
    for part in message.parts:
        match told[-1:], part:
            case _, Reasoning():
                continue
            case [Text(content=before)], Text(content=after):
                told[-1] = Text(content=f"{before}\n{after}")
            case _:
                told.append(part)
    return told


def _piece(part: Part, names: dict[str, str]) -> _Piece:
    match part:
        case Text():
            return _Piece(neutralised(part.content))
        case Reasoning():
            return _Piece("")
        case ToolCall():
            return _Piece(_call(part), "tool_call")
        case ToolResult():
            return _result(part, names.get(part.id))
        case Media():
            return _Piece(f"[{part.modality}]")


def _call(call: ToolCall) -> str:
    try:
        arguments = _json(json.loads(call.arguments.strip() or "{}"), indent=2, sort_keys=True)
    except (ValueError, RecursionError):
        return neutralised(f"name: {call.name}\narguments (not valid JSON): {call.arguments}")
    return neutralised(f"name: {call.name}\narguments: {arguments}")


def _result(result: ToolResult, name: str | None) -> _Piece:
    media = [_piece(item, {}).text for item in result.media]
    shown = [neutralised(result.response), *media]
    content = "\n".join(part for part in shown if part.strip()) or "(nothing)"
    attributes = ({"of": name} if name else {}) | ({"status": "error"} if result.is_error else {})
    return _Piece(content, "tool_result", attributes)


def _tool(tool: ToolDefinition) -> str:
    described = f"{tool.name}: {tool.description}" if tool.description else tool.name
    return neutralised(f"- {described}\n  arguments: {_json(tool.parameters or {}, separators=(',', ':'))}")


def _undelimited(found: re.Match[str]) -> str:
    return found[0].translate(_ORNAMENTS) if _DELIMITER.match(_folded(found["inside"])) else found[0]


def _folded(text: str) -> str:
    """Return `text` as a reader sees it who does not look closely: plain letters, and nothing invisible."""
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).translate(_LOOKALIKES)


def _closed_up(found: re.Match[str]) -> str:
    return found[0].translate(_ORNAMENTS) if is_verdict(found) else found[0]


def _disarmed(found: re.Match[str]) -> str:
    # [A] alone is chemistry or an index; a sign or a second bracket makes it a label, and so does the sign that a
    # judge sets before each line of what it quotes.
    told = {"<", ">", "=", "\n"} & {*plain(found["signs"]), *found[0]}
    if len(found["opened"]) == 1 and found["opened"] not in DOUBLE and not told:
        return found[0]
    between = found.string[found.end("opened") : found.start("closed")]
    return found["opened"].translate(_ORNAMENTS) + between + found["closed"].translate(_ORNAMENTS)


def _json(value: Any, **layout: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **layout)
