"""The port every judge implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from judges.types import Judgment
from rollouts.types import Challenge, Completion, Record, Request, Rollout

Ask = Callable[[Request], Awaitable[Completion]]
"""How a judge reaches its model. Each request's key must name the question for good, so that it is paid once."""


class Judge(Record, ABC):
    """One way to compare two answers. The fields of the class are the keys of its table in config.toml."""

    @abstractmethod
    def version(self, model: str) -> str:
        """Name this judge, its prompt and `model`, so that judgments of different judges are never mixed."""

    @abstractmethod
    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Compare the rollout with the challenge's baseline. What cannot be read is `UNREADABLE`, not an error."""
