"""Names of tools as providers take them: letters, digits, `_` and `-`. Answers get the names of production back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from rollouts.types import Message, NamedTool, Parameters, ToolCall, ToolDefinition

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_-]")


def safe_names(names: Iterable[str], longest: int) -> dict[str, str]:
    """Return what to send in place of each name that cannot be sent; no two names become one."""
    known = tuple(dict.fromkeys(names))
    taken = {name for name in known if name and len(name) <= longest and not _FORBIDDEN.search(name)}
    found: dict[str, str] = {}
    for name in known:
        if name not in taken:
            found[name] = _free(_FORBIDDEN.sub("_", name)[:longest] or "tool", taken | set(found.values()), longest)
    return found


def _free(name: str, taken: set[str], longest: int) -> str:
    endings = ("", *(f"_{number}" for number in range(2, len(taken) + 3)))
    return next(free for ending in endings if (free := name[: longest - len(ending)] + ending) not in taken)


def tool_names(messages: Sequence[Message], tools: Sequence[ToolDefinition], parameters: Parameters) -> list[str]:
    """Return every tool's name that a request mentions."""
    choice = parameters.tool_choice
    chosen = [choice.name] if isinstance(choice, NamedTool) else []
    return [*(tool.name for tool in tools), *chosen, *(call.name for m in messages for call in m.tool_calls)]


def renamed(message: Message, names: Mapping[str, str]) -> Message:
    """Return `message` with its calls under other names."""
    if not any(call.name in names for call in message.tool_calls):
        return message
    parts = (
        part.model_copy(update={"name": names.get(part.name, part.name)}) if isinstance(part, ToolCall) else part
        for part in message.parts
    )
    return message.model_copy(update={"parts": tuple(parts)})
