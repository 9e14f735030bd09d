"""OpenAI chat messages: a list, or `{"messages", "tools", …}`; the answer as a message, a choice, or bare text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.parameters import read_parameters
from connector.types import Observation
from rollouts.projections.openai_chat import from_openai, messages_from_openai
from rollouts.types import Message, Text, ToolDefinition

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


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
            answer, finish_reason = _answer(observation.output)
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=finish_reason,
                tools=read_tools(body.get("tools") or body.get("functions") or ()),
                parameters=read_parameters(observation.parameters, body, observation.metadata),
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
    found = value.get("messages") if isinstance(value, Mapping) else value
    found = decoded(found)
    return found if isinstance(found, list) and all(isinstance(message, Mapping) for message in found) else []


def _is_chat(message: Mapping[str, Any]) -> bool:
    content = message.get("content")
    blocks = content if isinstance(content, list) else []
    foreign = any(isinstance(b, Mapping) and b.get("type") in ("tool_use", "tool_result", "thinking") for b in blocks)
    return message.get("role") in _ROLES and not foreign and isinstance(content, str | list | None)


def _repaired(message: Mapping[str, Any]) -> dict[str, Any]:
    """Content lists may hold bare strings; before tools there were functions."""
    mended = dict(message)
    if isinstance(message.get("content"), list):
        parts = message["content"]
        mended["content"] = [{"type": "text", "text": part} if isinstance(part, str) else part for part in parts]
    if isinstance(message.get("function_call"), Mapping) and not message.get("tool_calls"):
        mended["tool_calls"] = [{"id": message["function_call"].get("name"), "function": message["function_call"]}]
    return mended


def _answer(output: Any) -> tuple[Message | None, str | None]:
    """Read the output: a message, `{"choices": […]}`, a list of one message, or text."""
    finish_reason = None
    if isinstance(output, list) and output and all(isinstance(message, Mapping) for message in output):
        output = output[-1]
    if isinstance(output, Mapping) and isinstance(output.get("choices"), list) and output["choices"]:
        output = output["choices"][0]
    if isinstance(output, Mapping):
        finish_reason = output.get("finish_reason")
        output = output["message"] if isinstance(output.get("message"), Mapping) else output
    return _message(output), finish_reason


def _message(output: Any) -> Message | None:
    if output in (None, "", {}, []):
        return None
    if isinstance(output, Mapping) and output.keys() & {"content", "tool_calls", "function_call"}:
        return from_openai({"role": "assistant", **_repaired(output)})
    said = output if isinstance(output, str) else orjson.dumps(output).decode()
    return Message(role="assistant", parts=(Text(content=said),))
