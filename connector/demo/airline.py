"""The help desk of an airline that does not exist: who says what, and how well each turn could be answered.

`airline.toml` tells it; production, challengers and judge of the demo all act from it.
"""

from __future__ import annotations

import tomllib
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

import orjson

from rollouts.types import Message, Record, Text, ToolCall


class Grade(IntEnum):
    """How good an answer truly is. A call is right or wrong: there is nothing between."""

    POOR = 0
    SOUND = 1
    EXCELLENT = 2


class ToolUse(Record):
    """One call of a tool, and the recorded result, which fits right and wrong arguments alike."""

    tool: str
    right: dict[str, Any]
    wrong: dict[str, Any]
    result: dict[str, Any]

    @property
    def response(self) -> str:
        """The result as the tool wrote it."""
        return orjson.dumps(self.result).decode()


class Turn(Record):
    """One turn of the assistant."""

    user: str | None = None
    """What was said right before it; `None` after a tool's result."""
    after_minutes: int | None = None
    """How long the traveller was away before saying it: that begins a new trace."""
    calls: tuple[ToolUse, ...] = ()
    answer: str = ""
    more: str = ""
    worse: str = ""

    def text(self, grade: Grade) -> str:
        """What is said in this grade; empty for a turn that calls tools."""
        return self.worse if grade is Grade.POOR else f"{self.answer} {self.more}" if grade > 1 else self.answer

    def message(self, grade: Grade, text: str) -> Message:
        """The turn as a message: `text`, or the calls of this grade."""
        calls = tuple(_call(number, use, grade) for number, use in enumerate(self.calls, start=1))
        return Message(role="assistant", parts=calls or (Text(content=text),))


class Dialogue(Record):
    """One conversation, and how it is logged."""

    id: str
    name: str
    user: str
    tags: tuple[str, ...]
    session: str | None = None
    environment: str = "production"
    logged: Literal["calls", "error", "nonsense", "plain"] = "calls"
    """`calls`: every model call; `plain`: question and answer at the root; the others cannot be read."""
    turns: tuple[Turn, ...]


class HelpDesk(Record):
    """Everything in `airline.toml`."""

    system: str
    tools: tuple[dict[str, Any], ...]
    conversations: tuple[Dialogue, ...]


class Scene(NamedTuple):
    """One turn, known by what the model heard last: someone's words, or a tool's result."""

    heard: str
    turn: Turn


@cache
def help_desk() -> HelpDesk:
    """Read the file that ships with this package."""
    text = files("connector.demo").joinpath("airline.toml").read_text(encoding="utf-8")
    return HelpDesk.model_validate(tomllib.loads(text))


@cache
def scenes() -> dict[str, Scene]:
    """Every turn there is, by what was heard. No two turns hear the same."""
    found = [scene for dialogue in help_desk().conversations for scene in scenes_of(dialogue)]
    return {scene.heard: scene for scene in found}


def scenes_of(dialogue: Dialogue) -> list[Scene]:
    """The turns of one conversation, in order."""
    last = ("", *(turn.calls[-1].response if turn.calls else "" for turn in dialogue.turns))
    return [Scene(turn.user or result, turn) for turn, result in zip(dialogue.turns, last, strict=False)]


def _call(number: int, use: ToolUse, grade: Grade) -> ToolCall:
    arguments = use.wrong if grade is Grade.POOR else use.right
    return ToolCall(id=f"call_{number}", name=use.tool, arguments=orjson.dumps(arguments).decode())
