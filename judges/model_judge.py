"""What judges have in common that ask one model: what it is told, how it is asked, and how often."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr, model_validator

from judges import prompts
from judges.asking import Answered, Question, Said, until_read
from judges.judge import Ask, Judge
from judges.labels import Problem
from judges.types import Method
from rollouts.types import Challenge, Parameters


class ModelJudge(Judge, ABC):
    """Asks until a reply can be read, at most `asks` times, and holds every round `repeats` times."""

    built_in: ClassVar[str]
    """The instructions of a judge without a `prompt`."""
    urging: ClassVar[str]
    """What the judge is told when its reply could not be read."""

    asks: int = Field(default=2, ge=1)
    """How often at most to ask per round. A limit, not part of what the judge is: raising it starts no new version."""
    temperature: float | None = 0.0
    """Name `temperature` as unsupported on a judging model that refuses it."""
    max_tokens: int = Field(default=16_000, ge=1)
    """The most tokens of one reply, reasoning included."""
    prompt: str | None = None
    """Replaces the built-in instructions to the judge, the five labels included; what JSON to end with is added."""
    most_chars: int = Field(default=50_000, ge=1_000)
    """How much the judge is shown of one answer, in characters; of a longer one the middle is left out."""
    repeats: int = Field(default=1, ge=1)
    """How often each round is held; more than once needs a temperature, for else it says the same again."""

    _versions: dict[str, str] = PrivateAttr(default_factory=dict)
    _methods: dict[str, Method] = PrivateAttr(default_factory=dict)
    # Both are asked for at every judgment, and cost more than all else that is not the model's.

    @model_validator(mode="after")
    def _repeats_differ(self) -> Self:
        if self.repeats > 1 and self.temperature == 0:
            raise ValueError(
                "`repeats` need a `temperature` above 0, such as 0.7: at 0 a judge says the same again, "
                "which proves nothing"
            )
        return self

    @property
    def kind(self) -> str:
        """The name of its file."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def rounds(self) -> int:
        """Both rounds, as often as configured."""
        return 2 * self.repeats

    @property
    def most_asks(self) -> int:
        """As configured."""
        return self.asks

    @property
    def most_output_tokens(self) -> int:
        """As configured."""
        return self.max_tokens

    @property
    def form(self) -> str:
        """What the judge is told about the form of its reply, whatever its instructions are."""
        return ""

    @property
    def response_format(self) -> dict[str, Any] | None:
        """The form of the reply, where it is JSON."""
        return None

    @property
    def instructions(self) -> str:
        """All that the judge is told before it sees the material."""
        return (self.built_in if self.prompt is None else self.prompt) + self.form

    @property
    def parameters(self) -> Parameters:
        """How the model is asked to answer."""
        return Parameters(
            temperature=self.temperature, max_tokens=self.max_tokens, response_format=self.response_format
        )

    def version(self, model: str) -> str:
        """Name the judge, `model`, everything that it is told, and how it is asked."""
        if model not in self._versions:
            self._versions[model] = self._version(model)
        return self._versions[model]

    def method(self, model: str) -> Method:
        """Return how `model` is asked, for every judgment to carry."""
        if model not in self._methods:
            self._methods[model] = self._method(model)
        return self._methods[model]

    def _version(self, model: str) -> str:
        method = self.method(model)
        told = (method.prompt, method.parameters.model_dump(mode="json", exclude_none=True))
        # Without defaults, so that a setting added in a later release starts no new version where nobody uses it.
        idle = {"asks"} if self.repeats > 1 else {"asks", "majority"}
        changed = self.model_dump(mode="json", exclude=idle, exclude_defaults=True)
        return f"{self.kind}/{model}/{prompts.fingerprint(*told, changed)}"

    def _method(self, model: str) -> Method:
        elsewhere = {"asks", "temperature", "max_tokens", "prompt", "repeats", "majority"}
        return Method(
            kind=self.kind,
            model=model,
            prompt=prompts.fingerprint(prompts.MATERIAL, self.instructions, self.urging),
            parameters=self.parameters,
            repeats=self.repeats,
            settings=self.model_dump(mode="json", exclude=elsewhere),
        )

    async def put(
        self,
        challenge: Challenge,
        material: str,
        ask: Ask,
        read: Callable[[str], Said | Problem],
        *,
        model: str,
        look: int,
    ) -> Answered[Said]:
        """Put one question and return what was made of the replies; `look` sets apart looks at the same material."""
        told, trace_id = (self.instructions, material, self.urging), challenge.origin.trace_id
        question = Question(*told, self.version(model), challenge.id, trace_id, look, challenge.masks)
        return await until_read(question, ask, read, parameters=self.method(model).parameters, most=self.asks)
