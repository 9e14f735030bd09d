"""Python values that were logged by their `repr`. Nothing is ever evaluated but literals."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

_TOKEN = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[(\[{]|[)\]}]|(?:^|(?<=\ ))[A-Za-z_]\w*=""",
    re.DOTALL,
)
"""A string, a bracket, or the name of a field."""
_OPENING, _CLOSING = "([{", ")]}"
_DEPTH = 60
"""Python's own parser gives up, or worse, on what is nested much deeper."""


def literal(text: str) -> Any:
    """Return the value of a Python literal. Raises `ValueError` for anything else."""
    if _deepest(text) > _DEPTH:
        raise ValueError("nested too deeply")
    try:
        return ast.literal_eval(text.strip())
    except (SyntaxError, MemoryError, RecursionError, TypeError) as error:
        raise ValueError("not a Python literal") from error


def fields(text: str) -> Mapping[str, str]:
    """Return the fields of `name='x' other=[1, 2] …`, each as the text of its value."""
    depth, names = 0, list[re.Match[str]]()
    for token in _TOKEN.finditer(text):
        depth += (token[0] in _OPENING) - (token[0] in _CLOSING)
        if depth == 0 and token[0].endswith("="):
            names.append(token)
    ends = [*(name.start() for name in names[1:]), len(text)]
    return {name[0][:-1]: text[name.end() : end].strip() for name, end in zip(names, ends, strict=bool(names))}


def _deepest(text: str) -> int:
    """An upper bound: brackets inside strings count too, though they close as well."""
    depth = deepest = 0
    for character in text:
        depth += (character in _OPENING) - (character in _CLOSING)
        deepest = max(deepest, depth)
    return deepest
