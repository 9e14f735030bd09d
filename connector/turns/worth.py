"""Which turns are worth challenging, and what speaks against the others. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Literal

from connector.calls.stitch import INCOMPLETE, is_delta
from connector.formats.repairs import Repair
from connector.turns.turn import Turn
from connector.types import Fate
from rollouts.types import Options

NOBODY = "nobody observed what produced it"


class TurnRules(Options):
    """Which turns are worth challenging."""

    which: Literal["all", "last", "tools"] = "all"
    """Every turn, only the last of each thread of a trace, or only turns that call tools."""
    observation_names: tuple[str, ...] = ()
    """Only turns of generations with one of these names, such as "agent-*"; an empty list asks for everything."""
    except_observation_names: tuple[str, ...] = ()
    """No turns of generations with one of these names, such as "*title*"."""
    several_answers: Literal["all", "continued"] = "all"
    """Of several answers to one history: all, or the one that a later history continues, else the last."""
    without_producer: Literal["transcripts", "always", "never"] = "transcripts"
    """Whether turns count that only a later history shows: where a conversation logs nothing else, always, or never."""
    tools_missing: Literal["exclude", "include"] = "exclude"
    """What to do with turns that call a tool whose definition was not logged: no challenger could call it either."""
    partial_logs: Literal["exclude", "include"] = "exclude"
    """What to do with turns of which the log holds less than the model was sent, such as those of coding agents."""
    provider_tools: Literal["exclude", "include"] = "exclude"
    """What to do with turns around tools that production's provider runs itself, such as its web search."""


def why_not(turn: Turn, rules: TurnRules, *, transcript: bool) -> tuple[Fate, str] | None:
    """Return the first thing that speaks against challenging `turn`; in a `transcript` nobody observed the others."""
    wrong = (*_unreplayable(turn, rules, transcript=transcript), *_unwanted(turn, rules))
    return next(((fate, reason) for fate, reason, holds in wrong if holds), None)


_Check = tuple[Fate, str, bool]


def _unreplayable(turn: Turn, rules: TurnRules, *, transcript: bool) -> Iterator[_Check]:
    answered, asked = turn.answer.message, {message.role for message in turn.messages}
    partial = rules.partial_logs == "exclude"
    counts = rules.without_producer == "always" or (rules.without_producer == "transcripts" and transcript)
    yield Fate.UNREPLAYABLE, NOBODY, not (turn.observed or counts)
    yield Fate.UNREPLAYABLE, "another answer goes on from it", turn.is_beginning
    yield Fate.UNREPLAYABLE, turn.call.lacks or "", partial and turn.call.lacks is not None
    yield Fate.UNREPLAYABLE, "nothing before it to answer", not asked & {"user", "tool"}
    yield Fate.UNREPLAYABLE, INCOMPLETE, partial and is_delta(turn.messages)
    ends_with_assistant = "assistant" in asked and turn.messages[-1].role == "assistant"
    yield Fate.UNREPLAYABLE, "its history ends with an assistant message", ends_with_assistant
    yield Fate.UNREADABLE, "the logged answer is empty", not (answered.text.strip() or answered.tool_calls)
    unknown = rules.tools_missing == "exclude" and _calls_unknown_tools(turn)
    yield Fate.UNREPLAYABLE, "it calls a tool whose definition was not logged", unknown
    foreign = rules.provider_tools == "exclude" and Repair.PROVIDER_TOOLS in turn.call.repairs
    yield Fate.UNREPLAYABLE, "tools that only its provider runs", foreign


def _unwanted(turn: Turn, rules: TurnRules) -> Iterator[_Check]:
    yield Fate.FILTERED, "observation name", not _has_wanted_name(turn, rules)
    yield Fate.FILTERED, "not the last turn", rules.which == "last" and turn.continued
    yield Fate.FILTERED, "it calls no tool", rules.which == "tools" and not turn.answer.message.tool_calls
    yield Fate.FILTERED, "another answer was taken", rules.several_answers == "continued" and turn.superseded


def _has_wanted_name(turn: Turn, rules: TurnRules) -> bool:
    def is_one_of(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(turn.call.name or "", pattern) for pattern in patterns)

    return is_one_of(rules.observation_names or ("*",)) and not is_one_of(rules.except_observation_names)


def _calls_unknown_tools(turn: Turn) -> bool:
    offered = {tool.name for tool in turn.call.tools}
    return any(call.name not in offered for call in turn.answer.message.tool_calls)
