"""A request made fit for one provider: what every provider's rules have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from rollouts.errors import Permanent
from rollouts.projections.mended import mended
from rollouts.projections.plain import media_of, plain
from rollouts.projections.tool_names import renamed, safe_names, tool_names
from rollouts.projections.tool_schemas import mended_tool
from rollouts.types import Media, Message, NamedTool, Parameters, Request, ToolDefinition

Wire = dict[str, Any]


class Rules(NamedTuple):
    """What one provider takes."""

    provider: str
    takes: Callable[[Media], bool]
    longest_name: int
    """Of a tool."""
    most_tools: int


class Fit(NamedTuple):
    """A request in the form that one provider takes."""

    messages: tuple[Message, ...]
    tools: tuple[ToolDefinition, ...]
    parameters: Parameters
    names: Mapping[str, str]
    """What production called the tools whose names had to change."""
    losses: tuple[str, ...]


class Asked(NamedTuple):
    """What is sent, without the model's name, and how to read the answer."""

    body: Wire
    names: Mapping[str, str]
    """Back to what production called its tools."""
    losses: tuple[str, ...]
    """What could not be carried over, in words."""


def fit(request: Request, parameters: Parameters, rules: Rules) -> Fit:
    """Return the request with `parameters`, mended. Raises `Permanent` for what would become another question."""
    messages, broken = plain(request.messages)
    messages, mends = mended(messages)
    check_turn(messages)
    _check_media(messages, rules)
    losses = [*broken, *mends]
    tools = _tools(request.tools, rules, losses)
    _check_choice(tools, parameters)
    names = safe_names(tool_names(messages, tools, parameters), rules.longest_name)
    losses += [f"the name of tool {name!r}, sent as {sent!r}" for name, sent in names.items()]
    return Fit(
        messages=tuple(renamed(message, names) for message in messages) if names else messages,
        tools=tuple(tool.model_copy(update={"name": names.get(tool.name, tool.name)}) for tool in tools),
        parameters=_choosing(parameters, names),
        names={sent: name for name, sent in names.items()},
        losses=tuple(losses),
    )


def check_turn(messages: Sequence[Message]) -> None:
    """Raise `Permanent` for a history that leaves nothing to answer."""
    if not any(message.role in {"user", "tool"} for message in messages):
        raise Permanent("unreplayable: nobody has said anything yet")
    if messages[-1].role == "assistant":
        # Taking it away would ask for another answer than production's.
        raise Permanent("unreplayable: the history ends with the assistant's own words")


def _check_media(messages: Sequence[Message], rules: Rules) -> None:
    """What a user or a tool showed belongs to the question; what an assistant showed is left out by name."""
    for role, media in media_of(messages):
        if role in {"user", "tool"} and not rules.takes(media):
            kind = f" ({media.mime_type})" if media.mime_type and media.type == "blob" else ""
            by = {"uri": "by address", "blob": f"by value{kind}", "file": "in another provider's store"}[media.type]
            raise Permanent(f"unreplayable: {rules.provider} takes no {media.modality} {by} from a {role}")


def _tools(offered: Sequence[ToolDefinition], rules: Rules, losses: list[str]) -> tuple[ToolDefinition, ...]:
    found: dict[str, ToolDefinition] = {}
    for tool in offered:
        if found.setdefault(tool.name, tool) != tool:
            raise Permanent(f"unreplayable: two different tools have the name {tool.name!r}")
    if len(found) > rules.most_tools:
        raise Permanent(f"unreplayable: {rules.provider} takes no more than {rules.most_tools} tools")
    if len(found) < len(offered):
        losses.append("a tool that was offered twice")
    return tuple(mended_tool(tool, losses) for tool in found.values())


def _check_choice(tools: Sequence[ToolDefinition], parameters: Parameters) -> None:
    choice = parameters.tool_choice
    if isinstance(choice, NamedTool) and choice.name not in {tool.name for tool in tools}:
        raise Permanent(f"unreplayable: production had to call {choice.name!r}, whose definition was not logged")
    if choice == "required" and not tools:
        raise Permanent("unreplayable: production had to call a tool, and no definition was logged")


def _choosing(parameters: Parameters, names: Mapping[str, str]) -> Parameters:
    choice = parameters.tool_choice
    if not isinstance(choice, NamedTool) or choice.name not in names:
        return parameters
    return parameters.model_copy(update={"tool_choice": NamedTool(name=names[choice.name])})
