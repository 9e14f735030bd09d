"""One question in OpenAI's chat form, with everything mended that has one obvious meaning.

The rules are those of the API reference and of the errors that it answers with:
https://developers.openai.com/api/reference/resources/chat
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rollouts.projections.asked import Asked, Rules, fit
from rollouts.projections.call_ids import with_fitting_ids
from rollouts.projections.openai_chat import IDS, losses, to_openai
from rollouts.projections.openai_media import takes
from rollouts.projections.ranges import within, without
from rollouts.projections.tool_schemas import strict_enough
from rollouts.types import Message, Parameters, Part, Request, Text, ToolDefinition, ToolResult

RULES = Rules(provider="OpenAI", takes=takes, longest_name=64, most_tools=128)
RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "seed": (-(2**63), 2**63 - 1),
}
MOST_STOPS = 4
EFFORTS = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


def openai_request(
    request: Request,
    parameters: Parameters,
    *,
    max_tokens_key: str = "max_completion_tokens",
    ids: re.Pattern[str] = IDS,
) -> Asked:
    """Return what to send. Raises `Permanent` for what would become another question."""
    ready = fit(request, parameters, RULES)
    named = list(ready.losses)
    shown = _with_media_shown(with_fitting_ids(ready.messages, ids), named)
    messages = tuple(_without_blanks(message) for message in shown)
    tools = tuple(_tool(tool, named) for tool in ready.tools)
    wanted = _format(_stops(_limit(_effort(ready.parameters, named), named), named), messages, named)
    wanted, out_of_range = within(wanted, RANGES)
    body = to_openai(messages, tools, wanted, max_tokens_key=max_tokens_key)
    return Asked(body, ready.names, tuple(dict.fromkeys([*named, *out_of_range, *losses(messages)])))


def _with_media_shown(messages: Sequence[Message], named: list[str]) -> Iterator[Message]:
    """A chat's tool message holds text only: what a tool showed follows its last result, as a user's message."""
    shown: list[Part] = []
    for message in messages:
        if shown and message.role != "tool":
            yield Message(role="user", parts=tuple(shown))
            shown = []
        if any(isinstance(part, ToolResult) and part.media for part in message.parts):
            parts = tuple(_hidden(part, shown, named) for part in message.parts)
            yield message.model_copy(update={"parts": parts})
        else:
            yield message
    if shown:
        yield Message(role="user", parts=tuple(shown))


def _without_blanks(message: Message) -> Message:
    """An empty text beside others says nothing, and a list may not hold it."""
    said = tuple(part for part in message.parts if not isinstance(part, Text) or part.content)
    return message if len(said) == len(message.parts) else message.model_copy(update={"parts": said})


def _hidden(part: Part, shown: list[Part], named: list[str]) -> Part:
    if not isinstance(part, ToolResult) or not part.media:
        return part
    shown.extend(part.media)
    named.extend(f"the place of an {media.modality} in a tool result" for media in part.media)
    return part.model_copy(update={"media": ()})


def _tool(tool: ToolDefinition, named: list[str]) -> ToolDefinition:
    if not tool.strict or strict_enough(tool.parameters):
        return tool
    named.append(f"the strictness of tool {tool.name!r}")
    return tool.model_copy(update={"strict": None})


def _effort(wanted: Parameters, named: list[str]) -> Parameters:
    if wanted.reasoning_effort is None or wanted.reasoning_effort in EFFORTS:
        return wanted
    named.append(f"reasoning_effort {wanted.reasoning_effort}")
    return without(wanted, "reasoning_effort")


def _limit(wanted: Parameters, named: list[str]) -> Parameters:
    if wanted.max_tokens is None or wanted.max_tokens > 0:
        return wanted
    named.append(f"max_tokens {wanted.max_tokens}")
    return without(wanted, "max_tokens")


def _stops(wanted: Parameters, named: list[str]) -> Parameters:
    if wanted.stop is None:
        return wanted
    stops = tuple(dict.fromkeys(stop for stop in wanted.stop if stop))
    if len(stops) > MOST_STOPS:
        named.append(f"stop sequences after the first {MOST_STOPS}")
    return wanted.model_copy(update={"stop": stops[:MOST_STOPS] or None})


def _format(wanted: Parameters, messages: Sequence[Message], named: list[str]) -> Parameters:
    """JSON mode wants the word in the messages; a schema wants a name, and to be strict in all parts or in none."""
    asked = wanted.response_format
    if asked is None or asked.get("type") == "text":
        return without(wanted, "response_format")
    inner = asked.get("json_schema")
    if asked.get("type") == "json_schema" and isinstance(inner, dict) and isinstance(inner.get("schema"), dict):
        return wanted.model_copy(update={"response_format": {**asked, "json_schema": _named_schema(inner, named)}})
    if asked.get("type") == "json_object" and any("json" in message.text.lower() for message in messages):
        return wanted.model_copy(update={"response_format": {"type": "json_object"}})
    named.append(f"response_format {asked.get('type')}")
    return without(wanted, "response_format")


def _named_schema(inner: dict[str, object], named: list[str]) -> dict[str, object]:
    name = re.sub(r"[^a-zA-Z0-9_-]", "_", str(inner.get("name") or "answer"))[:64]
    known = {key: inner[key] for key in ("description", "schema", "strict") if inner.get(key) is not None}
    if known.get("strict") and not strict_enough(known["schema"]):
        named.append("the strictness of response_format")
        del known["strict"]
    return {"name": name, **known}
