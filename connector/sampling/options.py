"""How much of the traffic is asked about, and how it is picked."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connector.clock import Duration
from rollouts.cost import Price
from rollouts.types import Options

Strategy = Literal["all", "uniform", "stratified", "cluster"]
Allocation = Literal["proportional", "square_root"]
Dimension = Literal["tag", "trace name", "tool", "turn", "language", "length"]
_MANY, _SEEDS = 2**31, 2**63
"""What the state, hashes and random numbers can hold: beyond it a cycle would break after everything was paid."""


class EmbeddingTable(Options):
    """What turns texts into vectors, for `strategy = "cluster"`."""

    kind: Literal["packaged", "openai_compatible"] = "packaged"
    """`packaged` is a small model (WordLlama) that is installed with this program and reaches no network;
    `openai_compatible` asks an endpoint, which is paid for like any other model."""
    model: str | None = None
    """The model at the endpoint."""
    base_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """Address of the endpoint, such as "https://api.openai.com/v1"."""
    api_key_env: str | None = None
    """The environment variable that holds its key."""
    price: Price | None = None
    """USD per million tokens, such as { input = 0.02, output = 0 }; needed for most, as price lists are about chat."""
    free: bool = False
    """Calls cost nothing: a model of your own."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests per minute; no limit where it is left out."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens per minute; no limit where it is left out."""

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "openai_compatible" and (self.model is None or self.base_url is None):
            raise PydanticCustomError("embedding", "an endpoint for embeddings needs `model` and `base_url`")
        return self


class Sampling(Options):
    """How many of the readable turns become duels."""

    strategy: Strategy = "all"
    """`all` takes each turn as it comes. The others draw `challenges` of every epoch: `uniform` among all turns,
    `stratified` from each part of the traffic that `by` makes, `cluster` from each kind of question that users ask."""
    challenges: int = Field(default=2000, ge=1, lt=_MANY)
    """The most that are drawn from one epoch (see [epochs]); not for `all`. They are spread over its time."""
    every: Duration = timedelta(days=1)
    """How often the daemon draws from what has come; `once` draws each time."""
    by: tuple[Dimension, ...] = Field(default=("tag", "trace name", "tool"), min_length=1)
    """Which slices make the parts for `stratified`, and for `cluster` where no clusters are found."""
    allocation: Allocation = "proportional"
    """How the parts share a draw: by size, or by its square root, which looks more closely at rare ones."""
    per_user: int | None = Field(default=None, ge=1, lt=_MANY)
    """The most turns of one user that may take part in one draw; those that do weigh more. No limit if left out."""
    per_conversation: int | None = Field(default=None, ge=1, lt=_MANY)
    """The most turns of one conversation that may take part in one draw, likewise."""
    share: float = Field(default=1.0, ge=0.0, le=1.0)
    """For `all`: the share of turns taken, 0 to 1. Which ones depends on their ids and the seed alone."""
    seed: int = Field(default=0, ge=0, lt=_SEEDS)
    """Another seed takes other challenges."""
    embedding: EmbeddingTable = EmbeddingTable()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.strategy != "all" and self.share < 1:
            raise PydanticCustomError(
                "share", '`share` is for strategy = "all"; how many are drawn otherwise, `challenges` says'
            )
        return self

    @property
    def buys(self) -> bool:
        """Whether a draw asks an endpoint for embeddings, which may cost money."""
        return self.strategy == "cluster" and self.embedding.kind != "packaged"

    def design(self) -> dict[str, Any]:
        """Return all that decides which turns are drawn: figures of different designs are not compared."""
        if self.strategy == "all":
            return {"share": self.share, "seed": self.seed}
        told = self.model_dump(mode="json", exclude={"share", "every", "embedding"})
        return {**told, "embedding": self.embedding.model_dump(include={"kind", "model", "base_url"})}
