"""OpenAI chat messages: a list, or `{"messages", "tools", …}`; the answer as a message, a choice, or bare text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.openai_messages import ROLES, ChatReader
from connector.formats.outputs import Output, read_output
from connector.formats.parameters import read_parameters
from connector.formats.pieces import beyond, finish_reason
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import has_provider_tools, read_tools
from connector.traces import Observation
from rollouts.types import Message, Text

__all__ = ["OpenAIChat", "read_chat", "read_tools"]

_SAYS = {"content", "tool_calls", "toolCalls", "function_call", "refusal"}
_FOREIGN = ("tool_use", "tool_result", "thinking")
"""Anthropic's blocks."""


class OpenAIChat(Format):
    """Chat completions as the OpenAI SDK wrappers, LiteLLM, vLLM, Mistral and many hand-made logs write them."""

    rank: ClassVar[int] = 30

    def mine(self, observation: Observation) -> bool:
        """A list of role messages, alone or under `messages`; Anthropic's blocks are somebody else's."""
        messages, _ = listed(observation.input)
        return bool(messages) and all(map(is_chat, messages))

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        with malformed("chat messages"):
            return read_chat(observation, read_output(observation.output))


def read_chat(observation: Observation, output: Output) -> Reading:
    """Read a chat call whose output is taken apart already. Raises what a broken structure raises."""
    body = observation.input if isinstance(observation.input, Mapping) else {}
    offered = body.get("tools") or body.get("functions") or ()
    messages, repairs = listed(observation.input)
    reader = ChatReader()
    history = reader.read(messages)
    new = beyond(ChatReader().read(output.before), history)
    reader.mended(*repairs, *output.repairs, *([Repair.PROVIDER_TOOLS] if has_provider_tools(offered) else []))
    return Reading(
        messages=(*history, *new),
        answer=_answer(output.answer, reader),
        finish_reason=finish_reason(output.finish_reason) or finish_reason(observation.metadata.get("finish_reason")),
        tools=read_tools(offered),
        parameters=read_parameters(observation.parameters, body, _formats(observation.metadata)),
        repairs=reader.repairs,
    )


def listed(value: Any) -> tuple[list[Any], tuple[str, ...]]:
    """Return the messages of an input, a single one as a list of one, and what was mended to find them."""
    logged = value.get("messages", [value]) if isinstance(value, Mapping) else value
    found, repairs = decoded(logged), list[str]()
    if isinstance(logged, str) and isinstance(found, list):
        repairs.append(Repair.JSON_IN_TEXT)
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
        repairs.append(Repair.NESTED)
    if not isinstance(found, list):
        return [], ()
    shown = [decoded(message) for message in found]
    whole = [message for message in shown if message is not None and not _is_placeholder(message)]
    repairs += [Repair.JSON_IN_TEXT] if any(isinstance(m, str) for m in found) else []
    repairs += [Repair.NULLS] if None in found else []
    repairs += [Repair.PLACEHOLDERS] if any(map(_is_placeholder, shown)) else []
    return (whole, tuple(repairs)) if all(isinstance(m, Mapping) for m in whole) else ([], ())


def is_chat(message: Mapping[str, Any]) -> bool:
    """A message without any of chat's own keys has its words elsewhere: reading it would find nothing."""
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str) or role.lower() not in ROLES:
        return False
    blocks = content if isinstance(content, list) else []
    foreign = any(
        isinstance(b, Mapping) and b.get("type") in _FOREIGN and not isinstance(b.get("thinking"), list) for b in blocks
    )
    return bool(message.keys() & _SAYS) and not foreign and _is_content(message, content)


def _is_content(message: Mapping[str, Any], content: Any) -> bool:
    """A tool may answer with a table, but the definition of a tool is no answer."""
    if isinstance(content, Mapping):
        given = message.get("tool_call_id") or message.get("name")
        return isinstance(content.get("type"), str) if ROLES[message["role"].lower()] != "tool" else bool(given)
    return isinstance(content, str | list | None)


def _is_placeholder(message: Any) -> bool:
    return isinstance(message, Mapping) and message.get("type") == "placeholder" and "role" not in message


def _answer(said: Mapping[str, Any] | str | None, reader: ChatReader) -> Message | None:
    if isinstance(said, str):
        return Message(role="assistant", parts=(Text(content=said),))
    return None if said is None else reader.message({"role": "assistant", **said})


def _formats(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """Langfuse's wrapper logs the wanted form of an answer as metadata."""
    return {key: metadata[key] for key in ("response_format",) if key in metadata}
