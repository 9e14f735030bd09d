"""What is shown of a score: by `v3/scores`, and by everything before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.demo.langfuse.clock import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.demo.langfuse.rows import Score

    Fields = dict[str, Any]


def new_score(score: Score, project_id: str, *groups: str) -> Fields:
    """A score as `v3/scores` and the experiments show it."""
    shown: Fields = {
        "id": score.id,
        "projectId": project_id,
        "name": score.name,
        "dataType": score.data_type,
        "value": score.typed_value,
        "source": score.source,
        "timestamp": iso(score.timestamp_ms),
        "environment": score.environment,
        "createdAt": iso(score.created_ms),
        "updatedAt": iso(score.updated_ms),
    }
    for group in groups:
        shown |= GROUPS[group](score)
    return shown


def old_score(score: Score) -> Fields:
    """A score as v3 shows it: the value is a number, and text stands beside it."""
    text = {} if score.string_value is None else {"stringValue": score.string_value}
    return {
        "id": score.id,
        "environment": score.environment,
        "name": score.name,
        "value": score.value,
        "source": score.source,
        "authorUserId": score.author_user_id,
        "comment": score.comment,
        "metadata": score.metadata,
        "configId": score.config_id,
        "queueId": score.queue_id,
        "executionTraceId": None,
        "createdAt": iso(score.created_ms),
        "updatedAt": iso(score.updated_ms),
        "timestamp": iso(score.timestamp_ms),
        "traceId": score.trace_id,
        "observationId": score.observation_id,
        "sessionId": score.session_id,
        "datasetRunId": score.dataset_run_id,
        **text,
        "dataType": score.data_type,
    }


def _subject(score: Score) -> Fields:
    if score.observation_id:
        return {"kind": "observation", "id": score.observation_id, "traceId": score.trace_id}
    if score.trace_id:
        return {"kind": "trace", "id": score.trace_id}
    if score.session_id:
        return {"kind": "session", "id": score.session_id}
    return {"kind": "experiment", "id": score.dataset_run_id}


GROUPS: dict[str, Callable[[Score], Fields]] = {
    "details": lambda score: {"comment": score.comment, "configId": score.config_id, "metadata": score.metadata},
    "subject": lambda score: {"subject": _subject(score)},
    "annotation": lambda score: {"authorUserId": score.author_user_id, "queueId": score.queue_id},
}
