"""Texts that every file and every wire can hold: halves of Unicode pairs, which UTF-8 does not know, are replaced."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic_core import PydanticSerializationError

from rollouts.types import Record

Kept = TypeVar("Kept", bound=Record)


def whole(record: Kept) -> Kept:
    """Return a record that can be kept.

    Models and loggers cut text inside an emoji, and both JSON and a Python literal can spell the half that is left.
    """
    try:
        record.model_dump_json()
    except PydanticSerializationError:
        return type(record).model_validate(_mended(record.model_dump()))
    return record


def without_halves(text: str) -> str:
    """Return `text` with its pairs joined, and the replacement character for each half of one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _mended(value: Any) -> Any:
    match value:
        case str():
            return without_halves(value)
        case dict():
            return {_mended(key): _mended(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_mended(inner) for inner in value]
        case _:
            return value
