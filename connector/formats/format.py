"""The port every trace format implements, and the JSON that hides in text."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import orjson

from connector.types import Fate, Observation
from rollouts.errors import Permanent
from rollouts.types import Message, Parameters, Record, ToolDefinition


class Reading(Record):
    """What one observation says, once its form is known."""

    messages: tuple[Message, ...]
    answer: Message | None = None
    finish_reason: str | None = None
    tools: tuple[ToolDefinition, ...] = ()
    parameters: Parameters = Parameters()
    repairs: tuple[str, ...] = ()
    """What was mended, by name."""
    lacks: str | None = None
    """What the model saw and the log does not hold, where it can never be filled in."""


class Unusable(Permanent):
    """An observation that gives no turn; `fate` and `reason` say where it ends instead."""

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(f"{fate}: {reason}")
        self.fate = fate
        self.reason = reason


class Format(Record, ABC):
    """One form in which a model call is logged. Pure: it sees one observation and nothing else."""

    rank: ClassVar[int] = 50
    """Formats are asked in this order, the most particular first."""

    @abstractmethod
    def mine(self, observation: Observation) -> bool:
        """Tell by its shape, cheaply, whether `read` would understand it."""

    @abstractmethod
    def read(self, observation: Observation) -> Reading:
        """Read it. Raises `Unusable` naming what is wrong; never any other error."""


@contextmanager
def malformed(what: str) -> Iterator[None]:
    """Turn what reading a broken structure raises into one word about it."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise Unusable(Fate.UNREADABLE, f"malformed {what}") from error


def decoded(value: Any) -> Any:
    """Return the JSON value that text holds, as far as it is one; numbers and words stay text."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
        return value
    try:
        inner = _loads(value)
    except (ValueError, RecursionError):
        return value
    return decoded(inner) if isinstance(inner, str) else inner


def _loads(text: str) -> Any:
    """Python's own reader knows NaN, and halves of a surrogate pair, which loggers leave where they cut an emoji."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        whole = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace")
        return json.loads(whole)
