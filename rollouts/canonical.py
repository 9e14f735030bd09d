"""When two texts, two tool calls or two answers count as the same. Ids, key order and line ends never matter."""

from __future__ import annotations

import hashlib
import json
import unicodedata

from rollouts.types import Media, Message, Part, Reasoning, Text, ToolCall, ToolResult


def canonical_text(text: str) -> str:
    """Return `text` in Unicode NFC, with Unix line ends and nothing around it; case and inner spaces stay."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()


def canonical_json(text: str) -> str:
    """Return JSON `text` with sorted keys and no spaces; text that is not JSON only loses what surrounds it.

    Not by orjson, which reads whole numbers beyond 64 bits as floats: two long ids would become one.
    """
    try:
        value = json.loads(text)
        return canonical_text(json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
    except (ValueError, RecursionError):
        return canonical_text(text)


def canonical_calls(message: Message) -> tuple[tuple[str, str], ...]:
    """Return the tool calls as sorted (name, arguments): parallel calls have no order of their own."""
    return tuple(sorted((call.name, canonical_json(call.arguments or "{}")) for call in message.tool_calls))


def fingerprint(message: Message) -> str:
    """Return a hash that equal messages share. Reasoning, names and ids are left out.

    Logged answers and their copies in a later history differ in ids, in null against empty text, and in the order of
    parallel results; none of that makes another message.
    """
    text = canonical_text(message.text)
    others = sorted(_form(part) for part in message.parts if not isinstance(part, Text | Reasoning))
    return hashlib.sha256("\x1e".join((message.role, text, *others)).encode("utf-8", "surrogatepass")).hexdigest()


def _form(part: Part) -> str:
    match part:
        case ToolCall(name=name, arguments=arguments):
            return f"call\x1f{name}\x1f{canonical_json(arguments or '{}')}"
        case ToolResult(response=response, media=media):
            return "\x1f".join(("result", canonical_json(response), *(m.content for m in media)))
        case Media(content=content):
            return f"media\x1f{content}"
        case _:
            return ""
