"""The answer that a logged call should have had, where whoever logged it knows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import orjson

from connector.formats.format import decoded
from connector.traces import Observation
from rollouts.projections.openai_chat import from_openai
from rollouts.types import Message, Text

KEY: Final = "expected_output"
"""In the metadata of a generation, as evaluators and golden sets name it."""


def expected(observation: Observation) -> Message | None:
    """Return the expected answer: a text, a chat message with or without calls, or whatever it is as JSON."""
    told = decoded(observation.metadata.get(KEY))
    if told in (None, "", {}, []):
        return None
    if isinstance(told, Mapping) and ("content" in told or "tool_calls" in told):
        try:
            return from_openai({**told, "role": "assistant"})
        except (KeyError, TypeError, ValueError, AttributeError):
            return _said(told)
    return _said(told)


def _said(told: Any) -> Message:
    text = told if isinstance(told, str) else _json(told)
    return Message(role="assistant", parts=(Text(content=text),))


def _json(told: Any) -> str:
    try:
        return orjson.dumps(told, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:  # a whole number beyond 64 bits
        return json.dumps(told)
