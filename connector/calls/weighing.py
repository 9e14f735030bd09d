"""Whether a log holds as much as the model was sent: its tokens were counted there. Pure.

Many loggers show a part of the prompt: no system prompt, no tools, no history. Only the bill tells. A call whose logged
input tokens are far above what its messages can hold is left out; a challenger would be asked something else.

`most_tokens` is an upper bound, not `rollouts.cost.estimate_tokens`, which is a mean and would accuse every prompt of
identifiers or of Korean. On a hundred logged calls of many integrations (2026-11) whole prompts come to at most 0.96
of the bound, and to 0.3 where prose is logged; the one that holds a part of its prompt, of 1,312 tokens, to 8.7.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from connector.formats.repairs import Repair
from connector.traces import Call
from rollouts.types import Media, Message, Reasoning, Text, ToolCall, ToolDefinition, ToolResult, Usage

TOO_LITTLE = "the log holds less than the model was sent"

_FACTOR, _MARGIN_TOKENS = 1.5, 200
"""Both must be exceeded: a first choice, which no whole prompt that was looked at comes near."""
_PER_LETTER, _PER_SIGN, _PER_OTHER = 0.4, 0.75, 2.0
"""Tokens a character. Prose has 0.2 to 0.25, JSON and code 0.35, identifiers of figures and dashes up to 0.7; Korean
and Chinese have 0.7 to 1.5, and 2 to 3 with vocabularies of 2023 and before."""
_PER_MESSAGE, _PER_TOOL = 10, 40
_FOR_TOOLS = 600
"""What Anthropic adds of its own as soon as a tool is offered: 313 to 596 tokens, by model and tool choice."""


def weighed(call: Call) -> Call:
    """Return the call, lacking something where its logged tokens say so."""
    if call.lacks is not None or call.answer is None or not _can_be_weighed(call):
        return call
    read, least = _read_tokens(call.answer.usage), sum(map(len, map(_text, _parts(call.messages)))) * _PER_LETTER
    if not _is_above(read, least) or not _is_above(read, most_tokens(call)):  # most calls need no count
        return call
    return call.model_copy(update={"lacks": TOO_LITTLE})


def _is_above(read: int, held: float) -> bool:
    return read > _FACTOR * held and read > held + _MARGIN_TOKENS


def most_tokens(call: Call) -> int:
    """Return the most tokens that the prompt of a call may have."""
    form = call.parameters.response_format
    texts = [*map(_text, _parts(call.messages)), *map(_definition, call.tools), json.dumps(form) if form else ""]
    offered = _FOR_TOOLS + _PER_TOOL * len(call.tools) if call.tools else 0
    return int(sum(map(_most, texts)) + _PER_MESSAGE * (len(call.messages) + 1) + offered)


def _can_be_weighed(call: Call) -> bool:
    """Media cost whatever a provider says; what its own tools found, and sealed thoughts, are not in the log."""
    sealed = any(isinstance(part, Reasoning) for part in _parts(call.messages))
    media = any(
        isinstance(part, Media) or (isinstance(part, ToolResult) and part.media) for part in _parts(call.messages)
    )
    return not (sealed or media or Repair.PROVIDER_TOOLS in call.repairs)


def _read_tokens(usage: Usage) -> int:
    """Return the least that was read: some loggers count what came from a cache within the input, others beside it."""
    cached = (usage.cached_input_tokens or 0) + (usage.cache_write_tokens or 0)
    return max((usage.input_tokens or 0) - cached, cached)


def _most(text: str) -> float:
    ascii_only = text.encode("ascii", "ignore")
    letters = sum(map(str.isalpha, ascii_only.decode())) + ascii_only.count(b" ")
    signs, others = len(ascii_only) - letters, len(text) - len(ascii_only)
    return letters * _PER_LETTER + signs * _PER_SIGN + others * _PER_OTHER


def _parts(messages: tuple[Message, ...]) -> Iterator[Text | Reasoning | ToolCall | Media | ToolResult]:
    return (part for message in messages for part in message.parts)


def _text(part: Text | Reasoning | ToolCall | Media | ToolResult) -> str:
    match part:
        case Text(content=text) | ToolResult(response=text):
            return text
        case ToolCall(name=name, arguments=arguments):
            return name + arguments
        case _:
            return ""


def _definition(tool: ToolDefinition) -> str:
    schema = json.dumps(tool.parameters, ensure_ascii=False) if tool.parameters else ""
    return tool.name + (tool.description or "") + schema
