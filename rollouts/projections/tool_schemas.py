"""JSON schemas of tools' arguments as providers take them: an object at the top, lower-case types, nothing missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rollouts.errors import Permanent
from rollouts.types import ToolDefinition

Schema = dict[str, Any]

_VALUES = frozenset({"enum", "const", "default", "examples", "example"})
"""Below these keys are values, not schemas."""
_NAMED = frozenset({"properties", "$defs", "definitions", "patternProperties"})
"""Below these keys are schemas under names of their own."""
_CHOICES = ("anyOf", "oneOf", "allOf")


def mended_tool(tool: ToolDefinition, losses: list[str]) -> ToolDefinition:
    """Return the tool with a schema that is an object's. Raises `Permanent` when its arguments are none."""
    if not tool.parameters:
        return tool.model_copy(update={"parameters": {"type": "object", "properties": {}}})
    schema: Schema = _written_out({key: value for key, value in tool.parameters.items() if key != "$schema"})
    if any(key in schema for key in _CHOICES):
        losses.append(f"the alternatives at the top of the arguments of {tool.name!r}")
        schema = _flat(schema)
    kind = schema.get("type", "object")
    if kind != "object" and not (isinstance(kind, list) and "object" in kind):
        raise Permanent(f"unreplayable: the arguments of {tool.name!r} are no JSON object")
    schema = {**schema, "type": "object", "properties": schema.get("properties") or {}}
    if not isinstance(schema["properties"], Mapping):
        raise Permanent(f"unreplayable: the schema of {tool.name!r} is broken")
    return tool if schema == tool.parameters else tool.model_copy(update={"parameters": schema})


def strict_enough(schema: Any) -> bool:
    """Tell whether every object in `schema` names all that it holds as required, as OpenAI's strict mode wants."""
    return all(
        node.get("additionalProperties") is False and set(node.get("required") or ()) == set(node["properties"])
        for node in _objects(schema)
    )


def _objects(node: Any) -> Iterator[Schema]:
    for inner in node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ():
        yield from _objects(inner)
    if isinstance(node, Mapping) and (node.get("type") == "object" or isinstance(node.get("properties"), Mapping)):
        yield {"properties": {}, **node}


def _written_out(node: Any) -> Any:
    """Gemini's types are upper-case; OpenAI wants to hear what an array holds, even if it is anything."""
    if isinstance(node, list):
        return [_written_out(inner) for inner in node]
    if not isinstance(node, Mapping):
        return node
    found = {
        key: {name: _written_out(inner) for name, inner in value.items()}
        if key in _NAMED and isinstance(value, Mapping)
        else value
        if key in _VALUES
        else _written_out(value)
        for key, value in node.items()
    }
    if isinstance(kind := found.get("type"), str):
        found["type"] = kind.lower()
        if kind.lower() == "array" and not {"items", "prefixItems"} & found.keys():
            found["items"] = {}
    return found


def _flat(schema: Schema) -> Schema:
    """Neither provider takes alternatives at the top: offer the arguments of all of them."""
    variants = [v for key in _CHOICES for v in schema.get(key) or () if isinstance(v, Mapping)]
    rest = {key: value for key, value in schema.items() if key not in _CHOICES}
    found: Schema = {}
    for one in (*variants, rest):
        found |= one["properties"] if isinstance(one.get("properties"), Mapping) else {}
    needed = [one.get("required") for one in (rest, *(v for v in schema.get("allOf") or () if isinstance(v, Mapping)))]
    required = [name for names in needed if isinstance(names, list) for name in names]
    return {**rest, "type": "object", "properties": found} | ({"required": required} if required else {})
