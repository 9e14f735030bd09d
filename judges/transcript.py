"""Write messages, tools and answers as text, for a judge or for a person.

Everything that was said or called is shown; reasoning is not, and media are named but not shown. What is shown is data:
nothing in it can pass for a label, for a delimiter of the prompt or for a chat template's own marks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from judges.labels import BLANK, CLOSING, LABEL_LIKE, OPENING, plain
from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolDefinition, ToolResult

RENDERING: Final = 1
"""Part of every judge's version: raise it whenever the same material would look different to a judge."""

EMPTY: Final = "(neither text nor tool call)"

_TAGS = "conversation|message|tool_call|tool_result|available_tools|required_format|answer_a|answer_b"
_NAMES = "|".join(("think", "thinking", "thought", "reasoning", _TAGS.replace("_", r"[\W_]{0,3}")))
_DELIMITER = re.compile(rf"[<\uff1c\ufe64]{BLANK}[/\uff0f]?{BLANK}(?:{_NAMES})\b", re.IGNORECASE)
_TEMPLATE_MARK = re.compile(r"<[|\uff5c][^|\uff5c<>\n]{1,40}[|\uff5c]>")
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Ornaments read like the brackets that they replace, and belong to no grammar of ours.
_ORNAMENTS = str.maketrans(
    dict.fromkeys(OPENING, "\u2772")
    | dict.fromkeys(CLOSING, "\u2773")
    | dict.fromkeys("<\uff1c\ufe64", "\u276e")
    | {">": "\u276f", "{": "\u2774", "}": "\u2775"}
)


def neutralised(text: str) -> str:
    """Return `text` with ornaments for the brackets of labels, delimiters and think tags, and nothing else changed.

    Half a Unicode pair, which no provider accepts, becomes the replacement character.
    """
    text = _LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    for mark in (_DELIMITER, _TEMPLATE_MARK):
        text = mark.sub(lambda found: found[0].translate(_ORNAMENTS), text)
    return LABEL_LIKE.sub(_disarmed, text)


def conversation(messages: Iterable[Message]) -> str:
    """Return all messages in order, each in its own block."""
    shown, names = [], dict[str, str]()
    for message in messages:
        names |= {call.id: call.name for call in message.tool_calls}
        author = {"from": message.role} | ({"name": message.name} if message.name else {})
        shown.append(block("message", _parts(message, names), **author))
    return "\n".join(shown)


def answer(message: Message) -> str:
    """Return one answer: what it says and what it calls, in its order."""
    return _parts(message, {})


def offered(tools: Iterable[ToolDefinition]) -> str:
    """Return the tools that the model could call, each with its description and the schema of its arguments."""
    return "\n".join(_tool(tool) for tool in tools) or "(none)"


def block(tag: str, content: str, **attributes: str) -> str:
    """Return `content` between delimiters; it must be neutralised or made of blocks."""
    written = "".join(f" {name}={_json(neutralised(value))}" for name, value in attributes.items())
    return f"<{tag}{written}>\n{content}\n</{tag}>"


def _parts(message: Message, names: dict[str, str]) -> str:
    shown = [_part(part, names) for part in _told(message)]
    return "\n".join(part for part in shown if part.strip()) or EMPTY


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


def _part(part: Part, names: dict[str, str]) -> str:
    match part:
        case Text():
            return neutralised(part.content)
        case Reasoning():
            return ""
        case ToolCall():
            return block("tool_call", _call(part))
        case ToolResult():
            return _result(part, names.get(part.id))
        case Media():
            return f"[{part.modality}]"


def _call(call: ToolCall) -> str:
    try:
        arguments = _json(json.loads(call.arguments.strip() or "{}"), indent=2, sort_keys=True)
    except (ValueError, RecursionError):
        return neutralised(f"name: {call.name}\narguments (not valid JSON): {call.arguments}")
    return neutralised(f"name: {call.name}\narguments: {arguments}")


def _result(result: ToolResult, name: str | None) -> str:
    media = [_part(item, {}) for item in result.media]
    shown = [neutralised(result.response), *media]
    content = "\n".join(part for part in shown if part.strip()) or "(nothing)"
    attributes = ({"of": name} if name else {}) | ({"status": "error"} if result.is_error else {})
    return block("tool_result", content, **attributes)


def _tool(tool: ToolDefinition) -> str:
    described = f"{tool.name}: {tool.description}" if tool.description else tool.name
    return neutralised(f"- {described}\n  arguments: {_json(tool.parameters or {}, separators=(',', ':'))}")


def _disarmed(found: re.Match[str]) -> str:
    # [A] alone is chemistry or an index; a sign or a second bracket makes it a label.
    if len(found["opened"]) == 1 and not {"<", ">", "="} & set(plain(found["signs"])):
        return found[0]
    between = found.string[found.end("opened") : found.start("closed")]
    return found["opened"].translate(_ORNAMENTS) + between + found["closed"].translate(_ORNAMENTS)


def _json(value: Any, **layout: Any) -> str:
    return json.dumps(value, ensure_ascii=False, **layout)
