"""Answers by what was asked, so that nothing is bought twice: in no other epoch, and not after the state was lost."""

from __future__ import annotations

import hashlib
from typing import Protocol

import orjson

from rollouts.types import Completion, Request


class Cache(Protocol):
    """Answers by the content of their question. What is not there is bought; losing it all loses money only."""

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Return the answer to this content, and note that the trace `trace_id` lives on in it too."""

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Keep an answer that is whole and could be read."""


class NoCache:
    """Knows nothing and keeps nothing."""

    async def get(self, content: str, trace_id: str) -> Completion | None:
        """Know nothing."""
        del content, trace_id
        return None

    async def put(self, content: str, completion: Completion, trace_id: str) -> None:
        """Keep nothing."""


def content_of(request: Request, version: str) -> str:
    """Name what is asked of whom: model, messages, tools, parameters and repetition, in 64 hex digits.

    `version` stands for the model, its address, and what its provider adds to requests or leaves out of them.
    """
    asked = request.model_dump(mode="json", exclude={"key", "trace_id"}, exclude_none=True)
    return hashlib.sha256(orjson.dumps([version, asked], option=orjson.OPT_SORT_KEYS)).hexdigest()
