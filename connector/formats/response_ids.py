"""What a call's answer is called, and which answer or conversation it continues, where a log says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connector.formats.attributes import attribute
from connector.traces import Observation


def response_id(observation: Observation) -> str | None:
    """Return the provider's name for the answer: an attribute, or the `id` of a response that was logged whole."""
    output = observation.output
    whole = isinstance(output, Mapping) and bool(output.keys() & {"object", "choices", "usage", "stop_reason"})
    return _first([attribute(observation, "gen_ai.response.id"), output.get("id") if whole else None])


def follows(observation: Observation) -> str | None:
    """Return what the call continues.

    Microsoft's frameworks name the previous response `gen_ai.conversation.id`; others write a session's name there,
    with the whole history in every call. What it is worth is for `connector.calls.stitch` to say.
    """
    return _first(_previous(observation))


def _previous(observation: Observation) -> Iterator[Any]:
    tables = [observation.input, observation.output, observation.metadata, observation.parameters]
    for table in filter(_is_table, tables):
        yield table.get("previous_response_id")
    yield attribute(observation, "gen_ai.request.previous_response_id")
    for table in filter(_is_table, tables[:2]):
        conversation = table.get("conversation")
        yield conversation.get("id") if _is_table(conversation) else conversation
    yield attribute(observation, "gen_ai.conversation.id")


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _first(values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str) and value.strip() and value != "None"), None)
