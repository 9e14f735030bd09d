"""What came back from Gemini: a response, an event of ADK, a bare content, or the pieces of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from connector.formats.gemini_request import either
from connector.formats.outputs import as_text


class Response(NamedTuple):
    """The first candidate, its stream put together."""

    parts: tuple[Any, ...] = ()
    finish_reason: Any = None
    grounded: bool = False
    """Whether Google searched for it."""
    text: str | None = None
    """The whole answer, where it is no response but what an application made of it."""


def response(output: Any) -> Response:
    """Read an output. Raises what reading a broken one raises."""
    if output in (None, "", {}, []):
        return Response()
    candidates = [_candidate(piece) for piece in (output if isinstance(output, list) else [output])]
    known = [candidate for candidate in candidates if candidate is not None]
    if len(known) < len(candidates):
        return Response(text=as_text(output))
    reasons = [reason for candidate in known if (reason := either(candidate, "finishReason"))]
    return Response(
        parts=tuple(part for candidate in known for part in _parts(candidate)),
        finish_reason=reasons[-1] if reasons else None,
        grounded=any(map(_is_grounded, known)),
    )


def _candidate(output: Any) -> Mapping[str, Any] | None:
    """Return the first candidate; empty where a prompt was blocked, `None` for what is no response."""
    if not isinstance(output, Mapping):
        return None
    if "candidates" in output:
        first: Any = next(iter(output["candidates"] or ()), {})
        return first if isinstance(first, Mapping) else None
    if "parts" in output:
        return {"content": output}
    return output if isinstance(output.get("content"), Mapping) else None


def _parts(candidate: Mapping[str, Any]) -> list[Any]:
    parts = (candidate.get("content") or {}).get("parts") or []
    return parts if isinstance(parts, list) else [parts]


def _is_grounded(candidate: Mapping[str, Any]) -> bool:
    metadata = either(candidate, "groundingMetadata")
    return isinstance(metadata, Mapping) and bool(either(metadata, "webSearchQueries", "groundingChunks"))
