"""Which of two logs of one call tells more, and what it takes from the other."""

from __future__ import annotations

from connector.calls.likeness import is_cut, is_flat, media_of, said_by
from connector.traces import Call
from rollouts.types import Completion, Message, Usage


def richness(call: Call, other: Call, *, leaf: bool) -> tuple[object, ...]:
    """Sort the log that tells more to the end, of `call` and its copy `other`.

    An answer that is all there counts first, for it is the baseline; then messages that are no flattened text, then
    what a challenger needs: images and files, which no copy can lend, tools, system prompt, the whole history. Between
    equals the innermost log is nearest to the model; then the one with parameters, then the earlier.
    """
    return (
        _answered(call),
        not is_cut(said_by(call), said_by(other)),
        not is_flat(call),
        call.lacks is None,
        len(media_of(call.messages)),
        bool(call.tools),
        any(message.role == "system" for message in call.messages),
        len(call.messages),
        leaf,
        len(call.parameters.given()),
        -call.started_at.timestamp(),
        call.observation_id,
    )


def enriched(rich: Call, poor: Call) -> Call:
    """Return `rich` with what only `poor` tells: tools, system prompt, parameters, ids, and figures of the answer."""
    return rich.model_copy(
        update={
            "messages": with_system(rich.messages, poor.messages),
            "tools": rich.tools or poor.tools,
            "parameters": poor.parameters.overridden_by(rich.parameters),
            "answer": _figured(rich.answer, poor.answer),
            "response_id": rich.response_id or poor.response_id,
            "follows": rich.follows or poor.follows,
        }
    )


def with_system(messages: tuple[Message, ...], other: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return `messages`, under the system prompt of `other` where they have none."""
    if any(message.role == "system" for message in messages):
        return messages
    return (*(message for message in other if message.role == "system"), *messages)


def _answered(call: Call) -> int:
    said = call.answer.message if call.answer else Message(role="assistant")
    return bool(said.text.strip()) + bool(said.tool_calls)


def _figured(rich: Completion | None, poor: Completion | None) -> Completion | None:
    if rich is None or poor is None:
        return rich or poor
    return rich.model_copy(
        update={
            "model": rich.model or poor.model,
            "finish_reason": rich.finish_reason or poor.finish_reason,
            "usage": poor.usage if rich.usage == Usage() else rich.usage,
            "cost_usd": poor.cost_usd if rich.cost_usd is None else rich.cost_usd,
            "latency_s": poor.latency_s if rich.latency_s is None else rich.latency_s,
        }
    )
