"""What lies beside a call's messages: the system prompt, the tools and the parameters in its attributes.

The server moves some of it into the input, newer versions more than older ones, and some never (`output_tools`,
`llm.request.functions.N`, instructions where a system message exists). What the input itself says comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.attributes import attributes
from connector.formats.format import Reading, decoded, malformed
from connector.formats.parameters import read_parameters
from connector.formats.repairs import Repair
from connector.formats.tool_definitions import read_tools
from connector.traces import Observation
from rollouts.canonical import canonical_text, fingerprint
from rollouts.types import Message, Parameters, Text, ToolDefinition


def completed(reading: Reading, observation: Observation) -> Reading:
    """Return the reading with what its observation's metadata adds. Raises `Unusable` for what no text can hold."""
    reading = _said_once(reading)
    if not observation.metadata:
        return reading
    with malformed("attributes"):
        return _completed(reading, observation, attributes(observation))


def _completed(reading: Reading, observation: Observation, known: dict[str, Any]) -> Reading:
    request = _request(known)
    tools = reading.tools or next(filter(None, _offered(known, request, observation.metadata)), ())
    tools = (*tools, *(tool for tool in definitions(request.get("output_tools")) if tool.name not in _names(tools)))
    said = (_under(known, "gen_ai.request."), decoded(known.get("llm.invocation_parameters")))
    logged = read_parameters(*(source for source in said if isinstance(source, Mapping)))
    return reading.model_copy(
        update={
            "messages": _instructed(reading.messages, _instructions(known.get("gen_ai.system_instructions"))),
            "tools": tools,
            "parameters": _demanded(request, tools).overridden_by(logged).overridden_by(reading.parameters),
        }
    )


def _said_once(reading: Reading) -> Reading:
    """Take the answer out of a history that ends with it: several loggers write it into both."""
    *before, last = reading.messages or (None,)
    if last is None or reading.answer is None or last.role != "assistant" or not last.parts:
        return reading
    if fingerprint(last) != fingerprint(reading.answer):
        return reading
    repairs = dict.fromkeys((*reading.repairs, Repair.ANSWER_IN_INPUT))
    return reading.model_copy(update={"messages": tuple(before), "repairs": tuple(repairs)})


def definitions(tools: Any) -> tuple[ToolDefinition, ...]:
    """Read definitions in any wrapping, JSON text each among them."""
    found = decoded(tools)
    return read_tools([_unwrapped(decoded(tool)) for tool in found] if isinstance(found, list) else [])


def _unwrapped(tool: Any) -> Any:
    """Bedrock has `{"toolSpec": {…, "inputSchema": {"json": {…}}}}`."""
    spec = tool.get("toolSpec") if isinstance(tool, Mapping) else None
    if not isinstance(spec, Mapping):
        return tool
    schema = decoded(spec.get("inputSchema"))
    return {**spec, "inputSchema": schema.get("json") if isinstance(schema, Mapping) else None}


def _offered(known: Mapping[str, Any], request: Mapping[str, Any], metadata: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the tools that each convention names, most trusted first."""
    yield definitions(known.get("gen_ai.tool.definitions"))
    yield definitions(request.get("function_tools"))
    yield definitions(_numbered(known, "llm.tools.", ".tool.json_schema"))
    yield definitions(_functions(known))
    yield definitions(known.get("ai.prompt.tools"))
    yield definitions(metadata.get("tools"))
    yield definitions(known.get("tools"))


def _request(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return PydanticAI's `model_request_parameters`, which v4 may have flattened further."""
    whole = known.get("model_request_parameters")
    return dict(whole) if isinstance(whole, Mapping) else _under(known, "model_request_parameters.")


def _demanded(request: Mapping[str, Any], tools: tuple[ToolDefinition, ...]) -> Parameters:
    """How PydanticAI asks for structured output: by forcing a tool, or by the model's own response format."""
    if request.get("allow_text_output") in (False, "false") and tools:
        return Parameters(tool_choice="required")
    wanted = decoded(request.get("output_object"))
    schema = decoded(wanted.get("json_schema")) if isinstance(wanted, Mapping) else None
    if request.get("output_mode") != "native" or not isinstance(schema, dict):
        return Parameters()
    named = {"name": wanted.get("name") or "final_result", "schema": schema}
    strict = {"strict": wanted["strict"]} if isinstance(wanted.get("strict"), bool) else {}
    return Parameters(response_format={"type": "json_schema", "json_schema": {**named, **strict}})


def _under(known: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in known.items() if name.startswith(prefix)}


def _numbered(known: Mapping[str, Any], before: str, after: str) -> list[Any]:
    names = [name for name in known if name.startswith(before) and name.endswith(after)]
    return [known[name] for name in sorted(names, key=lambda name: (len(name), name))]


def _functions(known: Mapping[str, Any]) -> list[dict[str, Any]]:
    """OpenLLMetry writes one attribute for each field of each function."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in _under(known, "llm.request.functions.").items():
        number, dot, field = name.partition(".")
        if dot:
            found.setdefault(number, {})[field] = value
    return [found[number] for number in sorted(found, key=lambda number: (len(number), number))]


def _names(tools: tuple[ToolDefinition, ...]) -> set[str]:
    return {tool.name for tool in tools}


def _instructions(value: Any) -> str:
    """Read text, a list of text parts, or one part."""
    if isinstance(value, str):
        return value.strip()
    parts = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
    said = [part.get("content", part.get("text")) if isinstance(part, Mapping) else part for part in parts]
    return "\n".join(text for text in said if isinstance(text, str)).strip()


def _instructed(messages: tuple[Message, ...], instructions: str) -> tuple[Message, ...]:
    """Add instructions that no system message holds yet, after the system message, as PydanticAI sends them."""
    systems = [at for at, message in enumerate(messages) if message.role == "system"]
    told = canonical_text("\n".join(messages[at].text for at in systems))
    if not instructions or canonical_text(instructions) in told:
        return messages
    added = Text(content=instructions)
    if not systems:
        return (Message(role="system", parts=(added,)), *messages)
    at = systems[0]
    whole = messages[at].model_copy(update={"parts": (*messages[at].parts, added)})
    return (*messages[:at], whole, *messages[at + 1 :])
