"""The words every package shares. Start reading here.

A *message* is a role and ordered *parts*. A *challenge* is one assistant turn of production: the messages right before
it, the tools and parameters in force, and the *baseline*, which is what production answered. A *rollout* is what a
challenger answered to the same messages. Baseline, rollout and a judge's reply are all *completions*.

Parts carry the names of the OpenTelemetry GenAI conventions, because every provider's own form loses something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Base of everything that is stored or sent: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Options(Record):
    """Base of what a person configures: field names are keys in config.toml, their docstrings explain them there."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class Text(Record):
    """What was said."""

    type: Literal["text"] = "text"
    content: str


class Reasoning(Record):
    """What a model thought before it spoke. Kept, never shown to a judge, never sent to another model."""

    type: Literal["reasoning"] = "reasoning"
    content: str
    signature: str | None = None
    """The provider's seal, without which the same provider refuses to see its own thoughts again."""


class ToolCall(Record):
    """A call that the model asked for. Nothing here ever runs it."""

    type: Literal["tool_call"] = "tool_call"
    id: str
    name: str
    arguments: str
    """JSON text as the model wrote it, which may be broken."""


class Media(Record):
    """An image, a sound, a film or a document, by address, by value or by a provider's own handle."""

    type: Literal["uri", "blob", "file"]
    modality: Literal["image", "audio", "video", "document"]
    content: str
    """The address, the base64 text, or the handle, as `type` says."""
    mime_type: str | None = None


class ToolResult(Record):
    """What a tool answered when production ran it."""

    type: Literal["tool_call_response"] = "tool_call_response"
    id: str
    """The id of the call that it answers."""
    response: str
    media: tuple[Media, ...] = ()
    is_error: bool | None = None


Part = Annotated[Text | Reasoning | ToolCall | ToolResult | Media, Field(discriminator="type")]
Role = Literal["system", "user", "assistant", "tool"]
Tier = Literal["fresh", "golden", "regression", "adversarial"]
"""Why a turn is asked: drawn from traffic, known to be right, must stay as good, or known to be hard."""


class Message(Record):
    """One message of a conversation. A `tool` message holds tool results and nothing else."""

    role: Role
    parts: tuple[Part, ...] = ()
    name: str | None = None

    @property
    def text(self) -> str:
        """All that was said, without reasoning, calls and results."""
        return "\n".join(part.content for part in self.parts if isinstance(part, Text))

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls asked for, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


class ToolDefinition(Record):
    """A tool as it was offered to the model."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    """JSON schema of the arguments."""
    strict: bool | None = None


class NamedTool(Record):
    """The one tool that the model must call."""

    name: str


class Parameters(Record):
    """How a model is asked to answer. `None` leaves it to the model's own default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """The most output tokens, reasoning included."""
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tool_choice: Literal["auto", "none", "required"] | NamedTool | None = None
    parallel_tool_calls: bool | None = None
    response_format: dict[str, Any] | None = None
    """As OpenAI chat writes it: `{"type": "json_schema", "json_schema": {…}}` or `{"type": "json_object"}`."""
    reasoning_effort: str | None = None

    def overridden_by(self, other: Parameters) -> Self:
        """These parameters, with every field that `other` sets."""
        return self.model_copy(update={name: getattr(other, name) for name in other.given()})

    def given(self) -> tuple[str, ...]:
        """The names of the fields that are set."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)


class Usage(Record):
    """Tokens of one call. `None` means that nobody said."""

    input_tokens: int | None = None
    """All tokens read, those from a cache included."""
    output_tokens: int | None = None
    """All tokens written, reasoning included."""
    cached_input_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None


class Request(Record):
    """One question to one model."""

    key: str
    """Names this call for good: two requests with one key are the same call, and it is paid once."""
    trace_id: str = ""
    """The trace whose words are in it; empty where it holds nobody's."""
    repetition: int = 0
    """Which of several answers to the same question is wanted: each is a call of its own."""
    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...] = ()
    parameters: Parameters = Parameters()
    masks: Mapping[str, str] = {}
    """The placeholders of its conversation, as in `Challenge.masks`, so that the answer gets the same ones."""
    originals: Mapping[str, Sequence[str]] = Field(default={}, exclude=True, repr=False)
    """What a local model was shown in place of placeholders, as in `Challenge.originals`."""


class Completion(Record):
    """One answer of one model, and what it took."""

    message: Message
    model: str | None = None
    """The model that answered, as the provider names it."""
    finish_reason: str | None = None
    """`stop`, `length`, `tool_calls`, `content_filter`, or the provider's own word."""
    usage: Usage = Usage()
    cost_usd: float | None = None
    """`None` means unknown, which is not free."""
    latency_s: float | None = None
    """From sending the request to the last byte; waiting for a free slot is not part of it."""
    started_at: datetime | None = None
    cached: bool = False
    """Whether it was bought before, for the same question: then `cost_usd` is what it cost at that time."""
    exhausted_s: float | None = Field(default=None, exclude=True, repr=False)
    """For how long the server has nothing left to give, if it says so. Told to the model's limits, and never stored."""

    @property
    def truncated(self) -> bool:
        """Whether the model was cut off before it was done."""
        return self.finish_reason == "length"


class Origin(Record):
    """Where in production a challenge comes from."""

    trace_id: str
    """Empty where an item of a dataset names no trace that it was made from."""
    observation_id: str | None = None
    """The generation that produced the baseline."""
    item: str = ""
    """The dataset and the item that it was read from, as `support/golden/item-7`; empty where it was a trace."""
    stands_in: bool = False
    """Whether the baseline is no answer of production's but the expected one, in its place."""
    session_id: str | None = None
    user_id: str | None = None
    trace_name: str | None = None
    environment: str | None = None
    tags: tuple[str, ...] = ()
    observed: bool = True
    """Whether the call that produced the baseline was logged; else the baseline is known from a later history."""
    started_at: datetime
    """When production began to answer."""
    turn: int = 0
    """How many assistant turns came before this one in its conversation."""
    place: str = ""
    """Two turns of one place are one turn, though one may be an edited copy of the other."""
    words: str = ""
    """What a turn shares with all that say the same after the same messages."""
    echo: str = ""
    """What a turn shares with every copy of its answer; empty where the answer is too short to tell."""
    format: str | None = None
    """The form in which it was logged."""
    integration: str | None = None
    """What logged it, such as `openinference.instrumentation.langchain`, where it says so."""


class Challenge(Record):
    """One assistant turn of production, ready to be answered by someone else."""

    id: str
    conversation_id: str
    """Challenges of one conversation are not independent: statistics resample conversations."""
    content_id: str
    """Same messages and same answer, same content, in whatever conversation."""
    epoch: str = ""
    """The period that it counts in, such as `2026-W47`."""
    tier: Tier = "fresh"
    origin: Origin
    messages: tuple[Message, ...]
    """Everything the production model saw, in order."""
    tools: tuple[ToolDefinition, ...] = ()
    parameters: Parameters = Parameters()
    baseline: Completion
    expected: Message | None = None
    """The answer that is known to be right, as golden sets have it: a judge sees it as a reference."""
    masks: Mapping[str, str] = {}
    """The placeholders that stand in its texts, such as `<EMAIL_1>`, by a keyed digest of what they stand for."""
    originals: Mapping[str, Sequence[str]] = Field(default={}, exclude=True, repr=False)
    """What that is, in every spelling, by the same digests: on the way into the store, and only if a model is local."""


class Rollout(Record):
    """What one challenger answered to one challenge."""

    challenger: str
    completion: Completion
    warnings: tuple[str, ...] = ()
    """What could not be carried over to this model without loss."""
