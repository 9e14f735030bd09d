"""Agno as OpenInference logs it: messages by their Python `repr`, `role='user' content='…' tool_calls=None …`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, decoded, malformed
from connector.formats.gathering import Gathering
from connector.formats.loose_chat import read_answer, read_messages
from connector.formats.outputs import as_text
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason
from connector.formats.python_text import fields, literal
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.types import Message

_WANTED = ("role", "content", "tool_calls", "tool_call_id", "tool_name", "reasoning_content")


class Agno(Format):
    """A list of texts, each of which is a message."""

    rank: ClassVar[int] = 18

    def mine(self, observation: Observation) -> bool:
        """Every message is text and begins with its role."""
        texts = _texts(observation.input)
        return bool(texts) and all(isinstance(text, str) and text.startswith("role='") for text in texts)

    def read(self, observation: Observation) -> Reading:
        """Read history, answer, tools and parameters."""
        body = observation.input if isinstance(observation.input, Mapping) else {}
        into = Gathering()
        with malformed("Python representations"):
            history = read_messages(map(_message, _texts(observation.input)), into)
            answer, reason = _answer(observation.output, into)
            return Reading(
                messages=history,
                answer=answer,
                finish_reason=reason,
                tools=read_tools(body.get("tools") or ()),
                parameters=read_parameters(observation.parameters),
                repairs=into.repairs,
            )


def _texts(value: Any) -> list[Any]:
    found = decoded(value.get("messages")) if isinstance(value, Mapping) else value
    return found if isinstance(found, list) else []


def _message(text: str) -> dict[str, Any]:
    written = fields(text)
    found = {name: literal(written[name]) for name in _WANTED if name in written}
    return {**found, "name": found.get("tool_name")}


def _answer(output: Any, into: Gathering) -> tuple[Message | None, str | None]:
    """The answer is what the provider sent, in chat's form, or a message's `repr` again."""
    if output in (None, "", {}, []):
        return None, None
    if isinstance(output, str) and output.startswith("role='"):
        return read_answer(_message(output), into), None
    choices = output.get("choices") if isinstance(output, Mapping) else None
    choice = choices[0] if choices else {"message": output}
    said = choice["message"]
    whole = said if isinstance(said, Mapping) and "role" in said else {"content": as_text(said)}
    return read_answer({"finish_reason": choice.get("finish_reason"), **whole}, into), finish_reason(
        choice.get("finish_reason")
    )
