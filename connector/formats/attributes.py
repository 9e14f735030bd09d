"""An observation's OpenTelemetry attributes, in whichever way the server hands its metadata out.

Before v4 metadata is nested, `{"attributes": {"gen_ai.system": …}, "scope": {"name": …}}`; v4 flattens it to dotted
keys, `{"attributes.gen_ai.system": …, "scope.name": …}`, and every value to text. Any value may be JSON as text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import decoded
from connector.traces import Observation

_BELOW = "attributes."


def attributes(observation: Observation) -> dict[str, Any]:
    """Return all attributes, decoded, by their dotted names; the scope's name among them as `scope.name`."""
    found = {name: decoded(value) for name, value in _stored(observation.metadata)}
    return found | ({"scope.name": name} if (name := scope(observation)) else {})


def attribute(observation: Observation, name: str) -> Any:
    """Return one attribute, decoded, or `None`. Cheaper than all of them."""
    metadata = observation.metadata
    if _BELOW + name in metadata:
        return decoded(metadata[_BELOW + name])
    nested = decoded(metadata.get("attributes"))
    return decoded(nested.get(name)) if isinstance(nested, Mapping) else None


def scope(observation: Observation) -> str:
    """Return the name of the instrumentation that wrote it; empty where there is none."""
    nested = decoded(observation.metadata.get("scope"))
    name = nested.get("name") if isinstance(nested, Mapping) else observation.metadata.get("scope.name")
    return name if isinstance(name, str) else ""


def _stored(metadata: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    nested = decoded(metadata.get("attributes"))
    if isinstance(nested, Mapping):
        yield from ((str(name), value) for name, value in nested.items())
    for name, value in metadata.items():
        if name.startswith(_BELOW):
            yield name.removeprefix(_BELOW), value
