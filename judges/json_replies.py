"""Read the JSON that a judge ended with, and know it from afar where answers imitate it.

A verdict is an object whose first key is one of `KEYS`. The same pattern finds it in a judge's reply and in the
material under judgement, where it is made harmless, so that no answer a judge repeats can be read as its verdict.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, Never, TypeVar

from pydantic import ValidationError

from judges.labels import Problem, spoken
from rollouts.types import Record

KEYS: Final = frozenset({"rationale", "score", "grades", "ranking"})
OBJECT_LIKE: Final = re.compile(r'\{(?=\s*"(?P<key>(?:[^"\\]|\\.){1,60})")', re.DOTALL)
"""Where an object begins. A key can be written with escapes, six signs for a letter."""

_PROBLEM_CHARS: Final = 200
Form = TypeVar("Form", bound=Record)


def is_verdict(found: re.Match[str]) -> bool:
    """Tell whether an object that begins like this could be a verdict."""
    key = found["key"]
    try:
        return str(json.loads(f'"{key}"', strict=False) if "\\" in key else key).strip().lower() in KEYS
    except ValueError:
        return False


def read_json(text: str, form: type[Form]) -> Form | Problem:
    """Return the last verdict that was said aloud, alone, in a code fence or after other text, or what is wrong.

    A verdict that is no JSON is never passed over in favour of what stands inside or before it.
    """
    shown, position, last = spoken(text), 0, None
    while found := next(filter(is_verdict, OBJECT_LIKE.finditer(shown, position)), None):
        try:
            last, position = _DECODER.raw_decode(shown, found.start())
        except (ValueError, RecursionError):
            return Problem(what="broken JSON")
    return Problem(what="no JSON") if last is None else _formed(last, form)


def answer_format(name: str, **properties: dict[str, Any]) -> dict[str, Any]:
    """Return the response format for an object of `properties`, every one of them required."""
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": closed(properties)}}


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of an object with exactly these properties, as strict modes want it.

    Numbers have no bounds there, because not every provider takes them; whoever reads the reply checks.
    """
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _formed(value: Any, form: type[Form]) -> Form | Problem:
    try:
        return form.model_validate(value)
    except ValidationError as error:
        [first, *_] = error.errors(include_url=False, include_input=False)
        where = ".".join(map(str, first["loc"]))
        return Problem(what=f"{where}: {first['msg']}"[:_PROBLEM_CHARS])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(name: str) -> Never:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_refuse, strict=False)
