"""What stands beside the contents in a request to Gemini: system instruction, tools, and how to answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.format import decoded
from connector.formats.tool_definitions import read_tools
from rollouts.types import ToolDefinition

Table = Mapping[str, Any]

_MODES = {"auto": "auto", "any": "required", "none": "none"}


def either(table: Table, *names: str) -> Any:
    """Return the first of `names` that is set, as camelCase or as snake_case."""
    spelled = (key for name in names for key in (name, re.sub("[A-Z]", lambda hit: "_" + hit[0].lower(), name)))
    return next((decoded(table[key]) for key in spelled if table.get(key) not in (None, "", [], {})), None)


def system_instruction(body: Table, parameters: Table) -> Any:
    """Return the parts of the system instruction, wherever the integration put it."""
    found = next((said for source in _sources(body, parameters) if (said := either(source, "systemInstruction"))), None)
    return found["parts"] if isinstance(found, Mapping) and "parts" in found else found


def tools(body: Table, parameters: Table) -> tuple[tuple[ToolDefinition, ...], bool]:
    """Return the tools offered, and whether some were Google's own."""
    offered = next((found for source in _sources(body, parameters) if (found := either(source, "tools"))), None)
    listed = [decoded(tool) for tool in (offered if isinstance(offered, list) else [offered] if offered else [])]
    declared = [list(_declarations(tool)) for tool in listed]
    return read_tools([tool for some in declared for tool in some]), not all(declared)


def _declarations(tool: Any) -> Iterator[Table]:
    if not isinstance(tool, Mapping):
        return
    declared = either(tool, "functionDeclarations")
    for one in declared if isinstance(declared, list) else [tool] if "name" in tool else []:
        schema = either(one, "parametersJsonSchema", "parameters")
        yield {**one, "parameters": _lowered(schema)}


def _lowered(schema: Any) -> Any:
    """Google writes types in upper case. Nobody else reads them so."""
    if isinstance(schema, list):
        return [_lowered(inner) for inner in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: value.lower() if key == "type" and isinstance(value, str) else value if key == "enum" else _lowered(value)
        for key, value in schema.items()
        if value is not None
    }


def settings(body: Table, parameters: Table) -> list[Table]:
    """Return where parameters stand, the most telling first."""
    sources = _sources(body, parameters)
    return [parameters, *({**source, **_choice(source), **_form(source)} for source in sources)]


def _sources(body: Table, parameters: Table) -> list[Table]:
    beside = (either(body, "config"), either(body, "generationConfig"))
    return [body, *(found for found in beside if isinstance(found, Mapping)), parameters]


def _choice(source: Table) -> Table:
    config = either(source, "toolConfig")
    calling = either(config, "functionCallingConfig") if isinstance(config, Mapping) else None
    if not isinstance(calling, Mapping):
        return {}
    allowed = either(calling, "allowedFunctionNames")
    mode = str(either(calling, "mode")).rpartition(".")[2].lower()
    if mode == "any" and isinstance(allowed, list) and len(allowed) == 1:
        return {"tool_choice": {"type": "tool", "name": allowed[0]}}
    return {"tool_choice": _MODES.get(mode)}


def _form(source: Table) -> Table:
    schema = either(source, "responseJsonSchema", "responseSchema")
    if isinstance(schema, Mapping):
        named = {"name": "answer", "schema": _lowered(schema)}
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    wanted = either(source, "responseMimeType") == "application/json"
    return {"response_format": {"type": "json_object"}} if wanted else {}
