"""What people flag: traces with a tag, scores of a value, what lies in an annotation queue.

There is no feed of changes. Tags are asked for by the age of the trace, because people tag late; scores by their own
time, which may be long after that of what they speak of; queues are read whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import orjson

from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client, NotHere
from connector.langfuse.dataset_items import items, nearest
from connector.langfuse.own import ALL, FOREIGN, filters
from connector.langfuse.paging import by_cursor, by_number
from connector.langfuse.rows import moment
from connector.scoring import OWN
from connector.tiers.options import AdversarialTier, QueueRule, ScoreRule
from connector.tiers.types import Flag, Item
from rollouts.errors import Fatal

_OBSERVATIONS, _TRACES = "/api/public/v2/observations", "/api/public/traces"
_QUEUES = "/api/public/annotation-queues"


class LangfuseCuration:
    """Implements `connector.tiers.types.Curation`."""

    def __init__(self, client: Client, server: Capabilities) -> None:
        self.name = f"langfuse/{server.project_id}/scores"
        self._client, self._server = client, server

    async def items(self, dataset: str) -> list[Item]:
        """Return every item of a dataset."""
        return await items(self._client, dataset)

    async def flags(self, rules: AdversarialTier, scored_since: datetime) -> list[Flag]:
        """Return what is flagged now, each object once for each way; never what we wrote ourselves."""
        now = self._client.clock.now()
        found = [
            *[flag for tag in rules.tags async for flag in self._tagged(tag, now - rules.since, now)],
            *[flag for rule in rules.scores async for flag in self._scored(rule, scored_since)],
            *[flag for rule in rules.queues for flag in await self.queued(rule)],
        ]
        return list({flag.id: flag for flag in found if not (flag.trace_id or "").startswith(OWN)}.values())

    async def traces_of(self, flag: Flag) -> list[str]:
        """Return the traces that a flag is about: its own, that of its observation, or those of its session."""
        if flag.trace_id:
            return [flag.trace_id]
        if flag.session_id:
            return await self._traces_of_session(flag.session_id)
        return await self._trace_of(flag.observation_id or "")

    async def _tagged(self, tag: str, since: datetime, now: datetime) -> AsyncIterator[Flag]:
        if self._server.reads == "observations":
            tagged = {"type": "arrayOptions", "column": "traceTags", "operator": "any of", "value": [tag]}
            query = {"fields": "core", "limit": 1000, "fromStartTime": since.isoformat(), "filter": _filter(tagged)}
            ids = {str(row["traceId"]) async for row in by_cursor(self._client, _OBSERVATIONS, query)}
        else:
            query = {"tags": tag, "fields": "core", "limit": 100, "fromTimestamp": since.isoformat()}
            rows = by_number(self._client, _TRACES, query)
            ids = {str(row["id"]) async for row in rows if row.get("environment") not in FOREIGN}
        for trace_id in sorted(ids):
            yield Flag(by="tag", why=f"tag {tag}", trace_id=trace_id, at=now)

    async def _scored(self, rule: ScoreRule, since: datetime) -> AsyncIterator[Flag]:
        query = {"name": rule.name, "limit": 100, "fromTimestamp": since.isoformat()}
        if self._server.reads == "observations":
            rows = by_cursor(self._client, "/api/public/v3/scores", query | {"fields": "subject"})
        else:
            rows = by_number(self._client, "/api/public/v2/scores", query)
        async for row in rows:
            value = _value(row)
            trace_id, observation_id, session_id = _subject(row)
            if rule.matches(value) and (trace_id or session_id):
                yield Flag(
                    by="score",
                    why=f"score {rule.name} = {value:g}"
                    if isinstance(value, float)
                    else f"score {rule.name} = {value}",
                    trace_id=trace_id,
                    observation_id=observation_id,
                    session_id=session_id,
                    at=moment(row["timestamp"]),
                )

    async def queued(self, rule: QueueRule) -> list[Flag]:
        """Return what lies in an annotation queue. Raises `Fatal`, naming the nearest, where it does not exist."""
        rows = [row async for row in by_number(self._client, _QUEUES, {"limit": 100})]
        queue_id = next((str(row["id"]) for row in rows if row["name"] == rule.name), None)
        if queue_id is None:
            hint = nearest(rule.name, [str(row["name"]) for row in rows], "annotation queues")
            raise Fatal(f"Langfuse has no annotation queue {rule.name!r}", hint=hint)
        query = {"limit": 100, **({"status": "COMPLETED"} if rule.completed else {})}
        waiting = by_number(self._client, f"{_QUEUES}/{queue_id}/items", query)
        return [_of_queue(rule, row) async for row in waiting]

    async def _trace_of(self, observation_id: str) -> list[str]:
        if self._server.reads == "observations":
            wanted = {"type": "string", "column": "id", "operator": "=", "value": observation_id}
            query = {"fields": "core", "limit": 10, "filter": _filter(wanted)}
            rows = [row async for row in by_cursor(self._client, _OBSERVATIONS, query)]
            return sorted({str(row["traceId"]) for row in rows})[:1]
        try:
            row = await self._client.get(f"/api/public/observations/{observation_id}")
        except NotHere:
            return []
        return [str(row["traceId"])] if row.get("traceId") else []

    async def _traces_of_session(self, session_id: str) -> list[str]:
        if self._server.reads == "observations":
            query = {
                "sessionId": session_id,
                "fields": "core",
                "limit": 1000,
                "filter": orjson.dumps(filters(ALL)).decode(),
            }
            return sorted({str(row["traceId"]) async for row in by_cursor(self._client, _OBSERVATIONS, query)})
        query = {"sessionId": session_id, "fields": "core", "limit": 100}
        rows = [row async for row in by_number(self._client, _TRACES, query)]
        return sorted(str(row["id"]) for row in rows if not str(row["id"]).startswith(OWN))


def _of_queue(rule: QueueRule, row: dict[str, Any]) -> Flag:
    about = {"TRACE": "trace_id", "OBSERVATION": "observation_id", "SESSION": "session_id"}[row["objectType"]]
    said = {"by": "queue", "why": f"queue {rule.name}", "at": moment(row["createdAt"])}
    return Flag.model_validate({**said, about: str(row["objectId"])})


def _filter(condition: dict[str, Any]) -> str:
    return orjson.dumps([*filters(ALL)[:1], condition]).decode()


def _value(row: dict[str, Any]) -> str | float:
    """A score's value in either form: v2 has text beside a number."""
    value = row.get("stringValue") if row.get("dataType") == "CATEGORICAL" else row.get("value")
    value = row.get("value") if value is None else value
    return float(value) if isinstance(value, int | float) else str(value)


def _subject(row: dict[str, Any]) -> tuple[str | None, str | None, str | None]:
    """Return trace, observation and session of a score in either form; a score on an experiment has none."""
    subject = row.get("subject")
    if not isinstance(subject, dict):
        return row.get("traceId"), row.get("observationId"), row.get("sessionId")
    name, kind = subject.get("id"), subject.get("kind")
    if kind == "observation":
        return subject.get("traceId"), name, None
    return (name if kind == "trace" else None), None, (name if kind == "session" else None)
