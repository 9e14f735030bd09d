"""Check arguments against a tool's JSON schema, whatever became of the schema on its way through SDKs and traces.

A fault is an answer's, never the schema's: what is broken in a schema is left out, and the rest of it is applied.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

Schema = dict[str, Any]

MOST_VIOLATIONS: Final = 10
"""How many are named per call: the hundredth wrong item of a list says nothing new."""

_VALUES = frozenset({"enum", "const", "default", "examples", "example"})
"""Below these keys are values, not schemas."""
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies"})
"""Below these keys are schemas under names of their own."""
_TRIES = 5
_UNUSABLE = (
    Unresolvable,
    RecursionError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    re.error,
)
"""What a schema that is formally in order can still raise: endless references, references to elsewhere, and worse."""


def violations(arguments: Any, schema: Mapping[str, Any]) -> tuple[ValidationError, ...]:
    """Return where `arguments` violate `schema`, at most `MOST_VIOLATIONS`; none from where it cannot be applied.

    The draft is the one that `$schema` names, else 2020-12. Formats are remarks there, not rules. Nothing is ever
    fetched: a reference to elsewhere ends the search, and what was found before it stands.
    """
    found: list[ValidationError] = []
    with suppress(*_UNUSABLE):
        found.extend(islice(_validator(json.dumps(schema)).iter_errors(arguments), MOST_VIOLATIONS))
    return tuple(found)


def lower_case(node: Any) -> Any:
    """Return a schema with Gemini's and OpenAPI 3.0's dialects put right: types are lower-case, `nullable` is null."""
    if isinstance(node, list):
        return [lower_case(inner) for inner in node]
    if not isinstance(node, Mapping):
        return node
    found = {key: _inner(key, value) for key, value in node.items()}
    kind = found.pop("type", None)
    named = [kind] if isinstance(kind, str) else kind if isinstance(kind, list) else []
    kinds = {one.lower() for one in named if isinstance(one, str)}
    if kinds and found.get("nullable") is True:
        kinds.add("null")
        if isinstance(found.get("enum"), list):
            found["enum"] = [*found["enum"], None]
    if kinds:
        found["type"] = sorted(kinds) if len(kinds) > 1 else kinds.pop()
    return found


def _inner(key: str, value: Any) -> Any:
    if key in _NAMED and isinstance(value, Mapping):
        return {name: lower_case(inner) for name, inner in value.items()}
    return value if key in _VALUES else lower_case(value)


@lru_cache(maxsize=1024)
def _validator(written: str) -> Validator:
    schema = lower_case(json.loads(written))
    named = isinstance(schema.get("$schema"), str)
    kind = validator_for(schema, default=Draft202012Validator) if named else Draft202012Validator
    # A registry of our own, because the library's default one fetches unknown addresses from the network.
    return kind(_sound(schema, kind), registry=Registry())


def _sound(schema: Schema, kind: type[Validator]) -> Schema:
    """Return what of `schema` its draft allows, such as all but `"required": true` on a single argument."""
    rules = kind(kind.META_SCHEMA, format_checker=kind.FORMAT_CHECKER)
    for _ in range(_TRIES):
        flaws = {tuple(error.absolute_path) for error in rules.iter_errors(schema)}
        if not flaws:
            return schema
        if () in flaws:
            break
        # From behind, so that no place in a list moves before its turn.
        for path in sorted(flaws, key=_place, reverse=True):
            _remove(schema, path)
    return {}


def _place(path: Iterable[str | int]) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in path]


def _remove(node: Any, path: tuple[str | int, ...]) -> None:
    """Remove what is at `path`, unless it went with something around it."""
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
