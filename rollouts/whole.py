"""Texts that every file and every wire can hold: halves of Unicode pairs, which UTF-8 does not know, are replaced."""

from __future__ import annotations

from typing import Any

from pydantic_core import PydanticSerializationError

from rollouts.types import Completion


def whole(completion: Completion) -> Completion:
    """Return an answer that can be kept. Models cut text inside an emoji, and JSON can spell the half that is left."""
    try:
        completion.model_dump_json()
    except PydanticSerializationError:
        return Completion.model_validate(_mended(completion.model_dump()))
    return completion


def without_halves(text: str) -> str:
    """Return `text` with its pairs joined, and the replacement character for each half of one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _mended(value: Any) -> Any:
    match value:
        case str():
            return without_halves(value)
        case dict():
            return {key: _mended(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_mended(inner) for inner in value]
        case _:
            return value
