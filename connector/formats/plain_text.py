"""Plain question and answer: text in, text or one telling key of a table out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, malformed
from connector.formats.left_out import LEFT_OUT, is_told, left_out
from connector.formats.openai_chat import is_chat, listed
from connector.formats.openai_messages import ChatReader
from connector.formats.openai_parts import read_parts
from connector.formats.outputs import Output, as_text, read_output
from connector.formats.parameters import read_parameters
from connector.formats.pieces import finish_reason
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from connector.types import Fate
from rollouts.types import Message, Text

# fmt: off
_QUESTIONS = (
    "question", "query", "prompt", "input", "text", "message", "user_input", "user_message", "user_prompt",
    "user_query", "userInput", "userMessage", "userPrompt", "chatInput", "sys.query",
)
_ANSWERS = (
    "content", "text", "answer", "reply", "response", "output", "completion", "result", "message", "output_text",
)
# fmt: on
_HISTORIES = ("history", "chat_history", "chatHistory")
_SYSTEMS = ("system", "system_prompt", "systemPrompt", "instructions")
_BESIDE = ("tools", "model", "temperature", "max_tokens", "stream", "usage", "finish_reason", "id", "role")
"""Keys whose loss nobody need be told: they are read elsewhere, or are figures."""
_BROKEN = re.compile(r"""\s*(\[\s*)?\{.{0,400}?["']role["']\s*:""", re.DOTALL)
"""Text that was to be a list of messages: cut off, or written as Python and not as JSON."""
_NOTHING: tuple[Any, ...] = (None, "", {}, [])


class PlainText(Format):
    """What simple applications log: a string, or a table with one key that names it."""

    rank: ClassVar[int] = 90

    def mine(self, observation: Observation) -> bool:
        """Text that is not blank, or a table with a telling key."""
        return _question(observation) is not None

    def read(self, observation: Observation) -> Reading:
        """Read one question and one answer; a system prompt beside the question is kept, other keys are named."""
        question = _question(observation)
        if question is None:
            raise Unusable(Fate.UNREADABLE, "no question in its input")
        if _BROKEN.match(question):
            raise Unusable(Fate.UNREADABLE, "messages in broken JSON")
        with malformed("answer"):
            return _read(observation, question)


def _read(observation: Observation, question: str) -> Reading:
    body = observation.input if isinstance(observation.input, Mapping) else {}
    told = _said(body, _SYSTEMS) if body else None
    output, reader = answer_of(observation.output, _ANSWERS, observation.type), ChatReader()
    before = _before(body)
    known = {*_BESIDE, *((before[0],) if before else ())}
    rest = left_out(body, known, (question, told or ""))
    reader.mended(*([Repair.INPUT_KEYS] if rest else []), *output.repairs)
    said = output.answer
    return Reading(
        messages=(
            *([Message(role="system", parts=(Text(content=told),))] if told else []),
            *reader.read(before[1] if before else ()),
            Message(role="user", parts=tuple(read_parts(question))),
        ),
        answer=None if not said else reader.message({"role": "assistant", **_as_message(said)}),
        finish_reason=finish_reason(output.finish_reason),
        tools=read_tools(body.get("tools") or ()),
        parameters=read_parameters(observation.parameters, {k: v for k, v in body.items() if k != "text"}),
        repairs=reader.repairs,
        lacks=LEFT_OUT if any(_is_told(*each) for each in rest.items()) else None,
    )


def _is_told(key: str, value: Any) -> bool:
    """A second question, or a second system prompt, was not told for nothing."""
    return is_told(key, value) or (key in (*_QUESTIONS, *_SYSTEMS) and isinstance(value, str))


def _before(body: Mapping[str, Any]) -> tuple[str, list[Any]] | None:
    """Return the chat messages that stand beside the question, and their key."""
    found = ((key, listed(body.get(key))[0]) for key in _HISTORIES)
    return next(((key, wires) for key, wires in found if wires and all(map(is_chat, wires))), None)


def answer_of(output: Any, keys: tuple[str, ...], kind: str = "GENERATION") -> Output:
    """Return what an output says: under the first of `keys` that holds text, or in any of chat's forms.

    A table without such a key is the answer of a model that was asked for JSON; of anything else it is none.
    """
    if output in _NOTHING or isinstance(output, str):
        return Output(output or None)
    if isinstance(output, Mapping) and (text := _said(output, keys)) is not None:
        left = [Repair.OUTPUT_KEYS] if len(output.keys() - {*keys, *_BESIDE}) else []
        return Output(text, output.get("finish_reason"), repairs=tuple(left))
    found = read_output(output)
    if found.before or (
        isinstance(output, Mapping | list) and kind != "GENERATION" and found.answer == as_json(output)
    ):
        raise Unusable(Fate.UNREADABLE, "its output is neither text nor a message")
    return found


def as_json(value: Any) -> str | None:
    """Return a table as an answer of its own, where it is none of the known envelopes."""
    try:
        return as_text(value)
    except Unusable:
        return None


def _as_message(said: Mapping[str, Any] | str) -> Mapping[str, Any]:
    return {"content": said} if isinstance(said, str) else said


def _question(observation: Observation) -> str | None:
    """The text, the text under a telling key, or a generation's only text."""
    asked = observation.input
    found = _said(asked, _QUESTIONS)
    if found is None and observation.type == "GENERATION" and isinstance(asked, Mapping) and len(asked) == 1:
        return _said(next(iter(asked.values())), ())
    return found


def _said(value: Any, keys: tuple[str, ...]) -> str | None:
    if isinstance(value, Mapping):
        return next((text for key in keys if (text := _said(value.get(key), ())) is not None), None)
    if keys and isinstance(value, int | float):  # servers before v4 read text as JSON, "2" too
        return json.dumps(value)
    return value if isinstance(value, str) and value.strip() else None
