"""What each field of `understudy leaderboard --json` means, in the words of the records themselves."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from types import NoneType
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from judges.standings.leaderboard import Leaderboard

_UNITS: Final = {"_usd": "USD", "_s": "seconds", "_tokens": "tokens"}


class Documented(NamedTuple):
    """One field."""

    path: str
    """As in `standings[].faults.*`: `[]` is each of a list, `.*` each key."""
    type: str
    """With its unit where it has one; `or null` where it may be unknown."""
    meaning: str
    """On one line."""


def documented(record: type[BaseModel] = Leaderboard, at: str = "") -> Iterator[Documented]:
    """Yield every field below `record`, in the order of the JSON."""
    meanings = docstrings(record)
    for name, field in record.model_fields.items():
        path, kind = f"{at}{name}", field.annotation
        yield Documented(path, _type(kind, name), _in_json(meanings.get(name, "")))
        inner, within = _records(kind)
        if inner is not None:
            yield from documented(inner, f"{path}{within}.")


def docstrings(record: type[BaseModel]) -> dict[str, str]:
    """Return the docstring under each field of `record` and of its bases, read from the source."""
    found: dict[str, str] = {}
    for kind in reversed(record.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            found |= _docstrings(kind)
    return found


def _docstrings(record: type[BaseModel]) -> dict[str, str]:
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(record))).body
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in pairwise(getattr(tree, "body", []))
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
    }


def _in_json(meaning: str) -> str:
    return " ".join(meaning.split()).replace("`None`", "`null`")


def _records(kind: Any) -> tuple[type[BaseModel] | None, str]:
    """Return the record inside a type, and how its place in the JSON is written."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind, ""
    if get_origin(kind) is dict:
        found, within = _records(get_args(kind)[1])
        return found, f".*{within}"
    for part in get_args(kind):
        found, within = _records(part)
        if found is not None:
            return found, f"[]{within}" if get_origin(kind) is tuple else within
    return None, ""


def _type(kind: Any, name: str) -> str:
    written = _written(kind)
    unit = next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), None)
    return f"{written} ({unit})" if unit else written


def _written(kind: Any) -> str:
    parts = get_args(kind)
    if get_origin(kind) is Literal:
        return " | ".join(f'"{part}"' for part in parts)
    if get_origin(kind) is tuple:
        return f"list of {_written(parts[0])}" if parts[-1] is Ellipsis else f"[{', '.join(map(_written, parts))}]"
    if get_origin(kind) is dict:
        return f"object of {_written(parts[1])}"
    if parts:
        known = " or ".join(_written(part) for part in parts if part is not NoneType)
        return f"{known} or null" if NoneType in parts else known
    return _plain(kind)


def _plain(kind: Any) -> str:
    words = getattr(kind, "__members__", None)
    if words:
        return " | ".join(f'"{word.value}"' for word in words.values())
    names = {float: "number", int: "whole number", str: "text", bool: "true | false"}
    return names.get(kind, str(getattr(kind, "__name__", kind)))
