"""The port every trace format implements, and the JSON that hides in text."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from connector.traces import Observation
from connector.types import Fate
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
    """What the model saw and no challenger can be shown: the log does not hold it, or not in any known form."""


class Unusable(Permanent):
    """An observation that gives no turn; `fate` and `reason` say where it ends instead."""

    def __init__(self, fate: Fate, reason: str) -> None:
        super().__init__(f"{fate}: {reason}")
        self.fate = fate
        self.reason = reason
        self.kind: str | None = None
        """The kind of format that knew it for its own, once that is known."""


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


def is_twice_encoded(value: Any) -> bool:
    """Tell whether text holds JSON which is text that holds JSON."""
    return isinstance(value, str) and value.lstrip()[:1] == '"' and not isinstance(decoded(value), str)


def is_too_deep(value: Any, levels: int = 100) -> bool:
    """Tell whether a JSON value is nested so deeply that nobody could write it down again: pydantic stops at 255."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(is_too_deep(one, levels - 1) for one in inner if isinstance(one, dict | list))


def _loads(text: str) -> Any:
    """Read by Python's own reader: orjson rounds whole numbers beyond 64 bits, and two long ids become one.

    Loggers leave halves of a surrogate pair where they cut an emoji; a question mark stands for each.
    """
    value = json.loads(text)
    if "\\ud" not in text and "\\uD" not in text:
        return value
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
