"""The Claude Agent SDK, whose exporters log no call that could be made again."""

from __future__ import annotations

from typing import ClassVar, NoReturn

from connector.formats.attributes import attribute, scope
from connector.formats.format import Format, Unusable
from connector.traces import Observation
from connector.types import Fate

_TURN = "claude.assistant.turn"


class ClaudeAgentSDK(Format):
    """LangSmith's exporter cuts each response in pieces and loses the history; OpenInference's logs only the agent."""

    rank: ClassVar[int] = 5

    def mine(self, observation: Observation) -> bool:
        """The names that the exporters give."""
        if observation.name == _TURN or attribute(observation, "gen_ai.serialized.name") == _TURN:
            return True
        return scope(observation).endswith("claude_agent_sdk") and observation.type != "GENERATION"

    def read(self, observation: Observation) -> NoReturn:
        """Raise `Unusable`, for the one reason or the other."""
        if scope(observation).endswith("claude_agent_sdk"):
            raise Unusable(Fate.UNREPLAYABLE, "an agent's run, of which no model call was logged")
        raise Unusable(Fate.UNREPLAYABLE, "its logger cut responses in pieces and lost their history")
