"""Tools as they were offered, in the spellings of all providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connector.formats.format import decoded, is_too_deep
from rollouts.types import ToolDefinition

_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema")


def read_tools(tools: Any) -> tuple[ToolDefinition, ...]:
    """Read tool definitions, wrapped in `function` or flat; what has no name is the provider's own and left out.

    Raises `ValueError` for a schema that nobody could write down again.
    """
    found = [_tool(tool.get("function") or tool) for tool in _listed(tools)]
    return tuple(tool for tool in found if tool is not None)


def has_provider_tools(tools: Any) -> bool:
    """Tell whether tools were offered that only their provider can run."""
    return any(_tool(tool.get("function") or tool) is None for tool in _listed(tools))


def _listed(tools: Any) -> list[Mapping[str, Any]]:
    """A list of tables, each of which may be JSON in text."""
    listed = decoded(tools)
    found = [decoded(tool) for tool in listed] if isinstance(listed, list) else []
    return [tool for tool in found if isinstance(tool, Mapping)]


def _tool(tool: Any) -> ToolDefinition | None:
    if not isinstance(tool, Mapping) or not isinstance(tool.get("name"), str):
        return None
    schema = decoded(next((tool[key] for key in _SCHEMAS if tool.get(key)), None))
    if isinstance(schema, dict) and isinstance(schema.get("jsonSchema"), dict):  # as the AI SDK wraps them
        schema = schema["jsonSchema"]
    if is_too_deep(schema):
        raise ValueError("the schema of a tool is nested too deeply")
    return ToolDefinition(
        name=tool["name"],
        description=tool.get("description") or None,
        parameters=schema if isinstance(schema, dict) else None,
        strict=tool.get("strict") if isinstance(tool.get("strict"), bool) else None,
    )
