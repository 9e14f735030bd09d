"""OpenAI chat messages: a list, or `{"messages", "tools", …}`; the answer as a message, a choice, or bare text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.outputs import read_output
from connector.formats.parameters import read_parameters
from connector.types import Fate, Observation
from rollouts.canonical import fingerprint
from rollouts.projections.openai_chat import from_openai, messages_from_openai
from rollouts.types import Message, Text, ToolDefinition

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_SAYS = {"content", "tool_calls", "function_call", "refusal"}
_PARTS = ("text", "refusal", "thinking", "image_url", "input_audio", "file")


class OpenAIChat(Format):
    """Chat completions as the OpenAI SDK wrappers, LiteLLM, vLLM, Mistral and many hand-made logs write them."""

    rank: ClassVar[int] = 30

    def mine(self, observation: Observation) -> bool:
        """A list of role messages, alone or under `messages`; Anthropic's blocks are somebody else's."""
        return bool(_messages(observation.input)) and all(map(_is_chat, _messages(observation.input)))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        with malformed("chat messages"):
            history = messages_from_openai([_repaired(message) for message in _messages(observation.input)])
            output = read_output(observation.output)
            return Reading(
                messages=(*history, *_new(output.before, history)),
                answer=_answer(output.answer),
                finish_reason=output.finish_reason,
                tools=read_tools(body.get("tools") or body.get("functions") or ()),
                parameters=read_parameters(observation.parameters, body),
            )


def read_tools(tools: Any) -> tuple[ToolDefinition, ...]:
    """Read tool definitions, wrapped in `function` or flat; what has no name is the provider's own and left out."""
    found = [_tool(tool.get("function") or tool) for tool in decoded(tools) or () if isinstance(tool, Mapping)]
    return tuple(tool for tool in found if tool is not None)


def _tool(tool: Any) -> ToolDefinition | None:
    if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
        return None
    schema = decoded(tool.get("parameters") or tool.get("input_schema"))
    return ToolDefinition(
        name=tool["name"],
        description=tool.get("description") or None,
        parameters=schema if isinstance(schema, dict) else None,
        strict=tool.get("strict") if isinstance(tool.get("strict"), bool) else None,
    )


def _messages(value: Any) -> list[Any]:
    """A single message is a list of one."""
    found = value.get("messages", [value]) if isinstance(value, Mapping) else value
    found = decoded(found)
    return found if isinstance(found, list) and all(isinstance(message, Mapping) for message in found) else []


def _is_chat(message: Mapping[str, Any]) -> bool:
    """A message without any of chat's own keys has its words elsewhere: reading it would find nothing."""
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    foreign = any(isinstance(b, Mapping) and b.get("type") in ("tool_use", "tool_result", "thinking") for b in blocks)
    says = bool(message.keys() & _SAYS) and isinstance(content, str | list | None)
    return message.get("role") in _ROLES and says and not foreign


def _repaired(message: Mapping[str, Any]) -> dict[str, Any]:
    """Content lists may hold bare strings; before tools there were functions."""
    mended = dict(message)
    if isinstance(message.get("content"), list):
        parts = [{"type": "text", "text": part} if isinstance(part, str) else part for part in message["content"]]
        if any(part.get("type") not in _PARTS for part in parts):
            raise Unusable(Fate.UNREADABLE, "a content part of an unknown type")
        mended["content"] = parts
    if isinstance(message.get("function_call"), Mapping) and not message.get("tool_calls"):
        mended["tool_calls"] = [{"id": message["function_call"].get("name"), "function": message["function_call"]}]
    return mended


def _answer(said: Mapping[str, Any] | str | None) -> Message | None:
    if isinstance(said, str):
        return Message(role="assistant", parts=(Text(content=said),))
    return None if said is None else from_openai({"role": "assistant", **_repaired(said)})


def _new(before: Sequence[Mapping[str, Any]], history: Sequence[Message]) -> tuple[Message, ...]:
    """Return what an output says before its answer, without the history that some frameworks repeat there."""
    said = [
        message for message in messages_from_openai([_repaired(wire) for wire in before]) if message.role != "system"
    ]
    known = [fingerprint(message) for message in history if message.role != "system"]
    repeated = [fingerprint(message) for message in said[: len(known)]] == known
    return tuple(said[len(known) :] if repeated else said)
