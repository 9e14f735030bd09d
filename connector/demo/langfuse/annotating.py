"""What a person does in the web interface: pick a label of a score config, and go on to the next item of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from connector.demo.langfuse.rows import Score

if TYPE_CHECKING:
    from connector.demo.langfuse.state import Document, State


def annotate(state: State, observation_id: str, label: str, *, name: str, person: str) -> None:
    """Let `person` say `label`, in place of what they said before, and complete what waits in queues.

    Raises `LookupError` for what is not on the screen: an observation, a config or a label that is not there.
    """
    seen = next(iter(state.observations.having("id", [observation_id])), None)
    config = next((each for each in state.score_configs.values() if each["name"] == name), None)
    if seen is None or config is None or label not in {each["label"] for each in config["categories"]}:
        raise LookupError(f"nobody can give {observation_id} the {name} {label!r}")
    waiting = [item for item in state.queue_items.values() if item["objectId"] == observation_id]
    before = [each for each in state.scores.having("trace", [seen.trace_id]) if _is_theirs(each, name, person)]
    now_ms = state.clock.now_ms()
    state.scores.put(
        Score(
            id=before[0].id if before else str(uuid4()),
            name=name,
            data_type=config["dataType"],
            value=next(each["value"] for each in config["categories"] if each["label"] == label),
            string_value=label,
            trace_id=seen.trace_id,
            observation_id=observation_id,
            config_id=config["id"],
            queue_id=waiting[0]["queueId"] if waiting else None,
            author_user_id=person,
            source="ANNOTATION",
            environment=seen.environment,
            timestamp_ms=before[0].timestamp_ms if before else now_ms,
            created_ms=before[0].created_ms if before else now_ms,
            updated_ms=now_ms,
        )
    )
    for item in waiting:
        _complete(state, item)


def _is_theirs(score: Score, name: str, person: str) -> bool:
    return score.name == name and score.author_user_id == person


def _complete(state: State, item: Document) -> None:
    now = state.clock.now()
    state.queue_items[item["id"]] = {**item, "status": "COMPLETED", "completedAt": now, "updatedAt": now}
