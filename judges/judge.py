"""The port every judge implements."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Mapping
from typing import ClassVar, Literal, Protocol

from judges.types import Judgment, Scale
from rollouts.model import Fit
from rollouts.types import Challenge, Completion, Options, Request, Rollout


class Ask(Protocol):
    """How a judge reaches its model. Each request's key must name the question for good, so that it is paid once."""

    def __call__(self, request: Request, /, *, fit: Fit = ...) -> Awaitable[Completion]:
        """Return the answer; only one that is `fit` is kept for others who ask the same."""


class Judge(Options, ABC):
    """One way to compare two answers. The fields of the class are the keys of its table in config.toml."""

    scale: ClassVar[Scale] = "sevenths"
    """What its verdicts are worth. Judges that give labels can be read as `weight_3` too."""
    together: ClassVar[bool] = False
    """Whether it looks at all challengers at once. Then none of them is judged before all have answered."""
    most_challengers: ClassVar[int | None] = None
    """How many it can look at; `None` for any number."""

    identical: Literal["tie", "judge"] = "tie"
    """Answers that say the same tie without a question. `judge` asks all the same: what is nothing worth to it?"""

    @property
    def rounds(self) -> int:
        """How many questions one judgment takes at least; for planning."""
        return 2

    @property
    @abstractmethod
    def most_asks(self) -> int:
        """How often one round's question is asked at most; for planning."""

    @property
    @abstractmethod
    def most_output_tokens(self) -> int:
        """The most tokens of one reply; for planning."""

    @abstractmethod
    def version(self, model: str) -> str:
        """Name this judge, its prompt and `model`, so that judgments of different judges are never mixed."""

    @abstractmethod
    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Compare the rollout with the challenge's baseline. What cannot be read is `UNREADABLE`, not an error."""

    async def judge_together(
        self, challenge: Challenge, rollouts: Mapping[str, Rollout], ask: Ask, *, model: str
    ) -> Mapping[str, Judgment]:
        """Compare all rollouts of one challenge, by challenger."""
        return {name: await self.judge(challenge, rollout, ask, model=model) for name, rollout in rollouts.items()}
