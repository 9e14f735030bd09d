"""The arguments of a tool call: read, put into one form under the tool's schema, and compared place by place."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Never

from judges.schemas import lower_case
from rollouts.canonical import canonical_json

_NUMBER = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MOST_REFERENCES: Final = 16
_MISSING: Final = object()


def read(text: str) -> Any:
    """Return the JSON value that `text` is; nothing at all means no arguments. Raises `ValueError` when it is none.

    NaN and the infinities, which Python would read, are not JSON.
    """
    try:
        return json.loads(text.strip() or "{}", parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def canonical(text: str, schema: Mapping[str, Any] | None) -> Any:
    """Return arguments in the one form that all arguments of the same meaning share under `schema`.

    An argument at its default is left out, as if not given; null is something else than nothing, for it may well mean
    "clear this", and whether it does is a judge's to say. Whole numbers are integers (1.0 is 1); text that writes a
    number is one where the schema wants a number and no text;
    text is in Unicode NFC. What is no JSON object remains text.
    """
    try:
        value = read(text)
        if isinstance(value, dict):
            root = lower_case(schema or {})
            return _form(value, root, root)
    except (ValueError, RecursionError):
        pass
    return canonical_json(text)


def written(value: Any) -> str:
    """Return a canonical value as text; two values are the same exactly if their texts are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def differing(one: Any, other: Any, path: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Yield the paths where two canonical values differ; lists of different length differ as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differing(one.get(key, _MISSING), other.get(key, _MISSING), (*path, key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differing(*pair, (*path, index))
    elif one is _MISSING or other is _MISSING or written(one) != written(other):
        yield place(path)


def place(path: Iterable[str | int]) -> str:
    """Return a path as `$.passengers[0].age`, fit to be stored: half a Unicode pair becomes a question mark."""
    written_out = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"${written_out}".encode(errors="replace").decode()


def _form(value: Any, schema: Any, root: Any) -> Any:
    schema = _meant(schema, root)
    match value:
        case dict():
            return _object(value, schema, root)
        case list():
            return [_form(item, _item(schema, index), root) for index, item in enumerate(value)]
        case str() if _numeric(schema) and _NUMBER.fullmatch(value.strip()):
            return _number(float(value) if {".", "e", "E"} & set(value) else int(value))
        case str():
            return unicodedata.normalize("NFC", value)
        case float():
            return _number(value)
        case _:
            return value


def _object(value: dict[str, Any], schema: Mapping[str, Any], root: Any) -> dict[str, Any]:
    described, others = schema.get("properties"), schema.get("additionalProperties")
    described = described if isinstance(described, Mapping) else {}
    found = {}
    for key, given in value.items():
        inner = _meant(described.get(key, others), root)
        form = _form(given, inner, root)
        # Left out rather than filled in: a tree whose branches default to empty trees has no end.
        if "default" not in inner or written(form) != written(_form(inner["default"], inner, root)):
            found[unicodedata.normalize("NFC", key)] = form
    return found


def _meant(schema: Any, root: Any) -> Mapping[str, Any]:
    """Follow references inside the schema and choices that are none: one variant, or one beside null."""
    found: dict[str, Any] = {}
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, Mapping):
            break
        found = {**schema, **found}
        schema = _target(schema["$ref"], root) if "$ref" in schema else _only_choice(schema)
    return found


def _target(reference: Any, root: Any) -> Any:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return None
    node = root
    for step in filter(None, reference[1:].split("/")):
        node = node.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
    return node


def _only_choice(schema: Mapping[str, Any]) -> Any:
    for key in ("anyOf", "oneOf", "allOf"):
        variants = schema.get(key)
        if isinstance(variants, list):
            real = [one for one in variants if not (isinstance(one, Mapping) and one.get("type") == "null")]
            return real[0] if len(real) == 1 else None
    return None


def _item(schema: Mapping[str, Any], index: int) -> Any:
    first = schema.get("prefixItems")
    return first[index] if isinstance(first, list) and index < len(first) else schema.get("items")


def _numeric(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    kinds = {kind} if isinstance(kind, str) else set(kind) if isinstance(kind, list) else set()
    return bool(kinds & {"number", "integer"}) and "string" not in kinds


def _number(value: float) -> float | int:
    return int(value) if value == value // 1 and abs(value) != float("inf") else value


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")
