"""Where tiers come from and how much they count: `[tiers.golden]`, `[tiers.adversarial]` and the others."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from connector.clock import Duration
from rollouts.types import Options, Tier

_RULE = re.compile(r"\s*(?P<name>[^<>=]*[^<>=\s])\s*(?:(?P<sign><=|>=|==|=|<|>)\s*(?P<figure>[^<>=]+?))?\s*")
_FIELDS = {"<": "below", "<=": "at_most", ">": "above", ">=": "at_least", "=": "value", "==": "value"}
_BOUNDS = ("below", "at_most", "above", "at_least")


class ScoreRule(Options):
    """Scores of one name, all of them or those of some values."""

    name: str = Field(min_length=1)
    """Of the score."""
    below: float | None = None
    """Scores under this figure."""
    at_most: float | None = None
    """Scores up to this figure."""
    above: float | None = None
    """Scores over this figure."""
    at_least: float | None = None
    """Scores from this figure on."""
    value: str | float | bool | None = None
    """Scores that say just this: a category, a figure, or true and false."""

    def matches(self, value: Any) -> bool:
        """Whether a score of this value is meant. A bound is never met by a category."""
        figure = float(value) if isinstance(value, int | float) else None
        if figure is None:
            return all(getattr(self, bound) is None for bound in _BOUNDS) and self._says(value)
        return self._lies(figure) and self._says(value)

    def _lies(self, figure: float) -> bool:
        return (
            (self.below is None or figure < self.below)
            and (self.at_most is None or figure <= self.at_most)
            and (self.above is None or figure > self.above)
            and (self.at_least is None or figure >= self.at_least)
        )

    def _says(self, value: Any) -> bool:
        if self.value is None:
            return True
        if isinstance(self.value, str) or isinstance(value, str):
            return str(self.value).lower() == str(value).lower()
        return float(self.value) == float(value)


class QueueRule(Options):
    """Everything that people put into an annotation queue."""

    name: str = Field(min_length=1)
    """Of the queue."""
    completed: bool = False
    """Only what somebody has looked at and completed."""


def _score_rule(given: Any) -> Any:
    """Read `user_feedback < 0`; a name alone means every score of that name."""
    if not isinstance(given, str):
        return given
    found = _RULE.fullmatch(given)
    if found is None:
        raise PydanticCustomError("score", 'a score is written like "user_feedback < 0", "verdict = bad" or "flagged"')
    name, sign, figure = found["name"], found["sign"], found["figure"]
    return {"name": name} | ({_FIELDS[sign]: _plain(figure)} if sign else {})


def _plain(text: str) -> str | float | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return float(text)
    except ValueError:
        return text.strip("\"'")


def _queue_rule(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


class FreshTier(Options):
    """What was drawn from the traffic."""

    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """How much this tier counts where all are taken together; only proportions matter, and 0 leaves it out."""


class SetTier(Options):
    """Datasets whose items are asked again in every epoch, and left out once they are archived or deleted."""

    datasets: tuple[str, ...] = ()
    """Names of Langfuse datasets, such as "support/golden"; an expected output is the judge's reference."""
    weight: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """How much this tier counts where all are taken together; only proportions matter, and 0 leaves it out."""


class AdversarialTier(Options):
    """What is known to be hard. It never shrinks by itself; `understudy adversarial remove` takes one turn out."""

    datasets: tuple[str, ...] = ()
    """Names of Langfuse datasets; what was once read from them stays."""
    tags: tuple[str, ...] = ()
    """Traces with any of these tags, such as "adversarial"."""
    scores: tuple[Annotated[ScoreRule, BeforeValidator(_score_rule)], ...] = ()
    """Traces or observations with such a score: "user_feedback < 0", or { name = "verdict", value = "bad" }."""
    queues: tuple[Annotated[QueueRule, BeforeValidator(_queue_rule)], ...] = ()
    """Annotation queues, such as "Bad answers", or { name = "Review", completed = true }."""
    since: Duration = timedelta(days=30)
    """How old a trace may be when somebody tags it; of scores, how far the very first look goes back."""
    overlap: Duration = timedelta(days=1)
    """How far each look at scores goes back behind the last: people change what they said."""
    weight: float = Field(default=3.0, ge=0, allow_inf_nan=False)
    """How much this tier counts where all are taken together; only proportions matter, and 0 leaves it out."""

    @property
    def ways(self) -> tuple[Self, ...]:
        """The rules by themselves: all tags, all scores, each queue. What one cannot ask for hides no other's."""
        none = {"tags": (), "scores": (), "queues": ()}
        alone = [("tags", self.tags), ("scores", self.scores), *(("queues", (queue,)) for queue in self.queues)]
        return tuple(self.model_copy(update={**none, name: rules}) for name, rules in alone if rules)


class Tiers(Options):
    """Why turns are asked, besides their being drawn from traffic."""

    every: Duration = timedelta(minutes=10)
    """How often datasets, tags, scores and queues are looked at."""
    fresh: FreshTier = FreshTier()
    golden: SetTier = SetTier()
    regression: SetTier = SetTier()
    adversarial: AdversarialTier = AdversarialTier()

    @model_validator(mode="after")
    def _one_tier_each(self) -> Self:
        named = [name for _, names in self.datasets for name in names]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise PydanticCustomError("datasets", "the dataset {name} is named twice", {"name": repr(twice[0])})
        return self

    @property
    def datasets(self) -> tuple[tuple[Tier, tuple[str, ...]], ...]:
        """The datasets of each tier that has any by its nature."""
        found = (self.golden.datasets, self.regression.datasets, self.adversarial.datasets)
        return tuple(zip(("golden", "regression", "adversarial"), found, strict=True))

    @property
    def read_langfuse(self) -> bool:
        """Whether any tier is fed from Langfuse."""
        hard = self.adversarial
        return bool(hard.tags or hard.scores or hard.queues or any(names for _, names in self.datasets))

    @property
    def weights(self) -> dict[Tier, float]:
        """How much each tier counts where all are taken together."""
        hard, same = self.adversarial.weight, self.regression.weight
        return {"fresh": self.fresh.weight, "golden": self.golden.weight, "regression": same, "adversarial": hard}
