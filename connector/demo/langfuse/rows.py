"""What is kept of a span and of a score. Everything else is kept as the JSON that the API answers.

Empty text stands for "none", as in the columns of the real server.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from rollouts.types import Record


class Experiment(Record):
    """What the `langfuse.experiment.*` attributes of one span say."""

    id: str
    name: str = ""
    description: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    dataset_id: str = ""
    item_id: str = ""
    item_version: str | None = None
    item_metadata: dict[str, Any] = Field(default_factory=dict)
    root_id: str = ""
    """The id of the observation that answers for the item."""
    expected_output: str = ""


class Observation(Record):
    """One span, known by its trace id, its id and its start: posted again with another start, it is a second row."""

    id: str
    trace_id: str
    project_id: str
    start_ms: int
    end_ms: int | None = None
    completion_start_ms: int | None = None
    created_ms: int = 0
    updated_ms: int = 0
    parent_id: str | None = None
    is_root: bool = False
    type: str = "SPAN"
    name: str = ""
    level: str = "DEFAULT"
    status_message: str = ""
    version: str = ""
    release: str = ""
    environment: str = "default"
    public: bool = False
    trace_name: str = ""
    user_id: str = ""
    session_id: str = ""
    tags: tuple[str, ...] = ()
    input: str = ""
    output: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    """Nested, as the old endpoints show it; the new ones flatten it."""
    model: str = ""
    model_parameters: dict[str, Any] = Field(default_factory=dict)
    usage: dict[str, int] = Field(default_factory=dict)
    cost_usd: dict[str, float] = Field(default_factory=dict)
    prompt_name: str = ""
    prompt_version: int | None = None
    api_key: str = ""
    experiment: Experiment | None = None

    @property
    def key(self) -> tuple[int, str, str]:
        """Identity and order in one."""
        return (self.start_ms, self.trace_id, self.id)

    @property
    def latency_s(self) -> float | None:
        """From start to end, in seconds."""
        return None if self.end_ms is None else (self.end_ms - self.start_ms) / 1000


class Score(Record):
    """One score. Its identity is its id, its name and the UTC day of its timestamp."""

    id: str
    name: str
    data_type: str
    value: float = 0
    string_value: str | None = None
    trace_id: str | None = None
    observation_id: str | None = None
    session_id: str | None = None
    dataset_run_id: str | None = None
    comment: str | None = None
    metadata: dict[str, Any] = Field(default_factory=dict)
    config_id: str | None = None
    queue_id: str | None = None
    author_user_id: str | None = None
    source: str = "API"
    environment: str = "default"
    timestamp_ms: int
    created_ms: int
    updated_ms: int

    @property
    def key(self) -> tuple[int, str, str]:
        """Order: by time, then by id and name."""
        return (self.timestamp_ms, self.id, self.name)

    @property
    def identity(self) -> tuple[str, str, int]:
        """What a later write with the same value overwrites."""
        return (self.id, self.name, self.timestamp_ms // 86_400_000)

    @property
    def typed_value(self) -> float | bool | str:
        """The value in the type that `data_type` promises."""
        if self.data_type == "BOOLEAN":
            return bool(self.value)
        return self.value if self.data_type == "NUMERIC" else self.string_value or ""
