"""Blind pairs for people to judge in Langfuse: a score config, a queue, one observation a pair, and what they said.

Everything is looked for before it is made, and spans have ids and times that are functions of the pair, so that what
was interrupted can be done again. Spans of pairs lie in an environment of their own, which Langfuse shows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final, NamedTuple

import structlog

from connector.calibration.blinding import LABELS, Exhibit, asked, seated
from connector.langfuse import spans
from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client
from connector.langfuse.own import PAIRS
from connector.langfuse.paging import by_cursor, by_number
from connector.langfuse.spans import Span
from rollouts.errors import Permanent, Retryable

log = structlog.get_logger(__name__)

PREFERENCE: Final = "understudy_preference"
"""Names the scores that people give."""

_CONFIGS, _QUEUES = "/api/public/score-configs", "/api/public/annotation-queues"
_VALUES = (2, 1, 0, -1, -2, 3)
_ASKS = "Which answer would you rather have sent? Look at the whole conversation; either order of seats is as likely."
_TRIES = 3  # of filling the queue, each after a look at what it holds


class Said(NamedTuple):
    """What one person said of one pair, as Langfuse tells it."""

    trace_id: str
    person: str
    label: str


class Desk:
    """Where people look at pairs. `open` it before anything else."""

    def __init__(self, client: Client, server: Capabilities, *, queue: str) -> None:
        self._client, self._server, self._queue = client, server, queue
        self._queue_id: str | None = None
        self.no_queue: str | None = None
        """Why there is no queue, in the server's words."""

    async def open(self) -> None:
        """Make sure that config and queue are there. Without a queue pairs are still shown, and scored one by one."""
        config_id = await self._config()
        try:
            self._queue_id = await self._found_queue() or await self._made_queue(config_id)
        except Permanent as error:
            self.no_queue = str(error)
            log.warning("annotation.no_queue", caused_by=str(error), hint=f"people can score the pairs as {PREFERENCE}")

    @property
    def address(self) -> str:
        """Where people go."""
        place = f"annotation-queues/{self._queue_id}" if self._queue_id else "traces"
        return f"{self._client.base_url}/project/{self._server.project_id}/{place}"

    async def show(self, exhibits: Sequence[Exhibit]) -> None:
        """Write the pairs, in an order that says nothing, and put them into the queue."""
        ordered = sorted(exhibits, key=lambda each: each.pair.id)
        await spans.send(self._client, [span(each) for each in ordered])
        if self._queue_id is not None:
            await self._enqueue(self._queue_id, [each.pair.span_id for each in ordered])

    async def said(self) -> list[Said]:
        """Return what each person said last of each pair, whether in a queue, on a trace or by the API.

        The API names no author: `annotator` in a score's metadata does, else all that comes by it is one person's.
        """
        rows = sorted([row async for row in self._scores()], key=lambda row: (row["updatedAt"], row["id"]))
        last = {(said.trace_id, said.person): said for row in rows if (said := _read(row)) is not None}
        return list(last.values())

    async def _config(self) -> str:
        rows = [row async for row in by_number(self._client, _CONFIGS, {"limit": 100})]
        known = [row for row in rows if row["name"] == PREFERENCE and not row["isArchived"]]
        if known:
            return str(min(known, key=lambda row: row["createdAt"])["id"])
        categories = [{"label": label, "value": value} for label, value in zip(LABELS, _VALUES, strict=True)]
        body = {"name": PREFERENCE, "dataType": "CATEGORICAL", "categories": categories, "description": _ASKS}
        return str((await self._client.post(_CONFIGS, body, repeatable=False))["id"])

    async def _found_queue(self) -> str | None:
        rows = [row async for row in by_number(self._client, _QUEUES, {"limit": 100})]
        known = [row for row in rows if row["name"] == self._queue]
        return str(min(known, key=lambda row: row["createdAt"])["id"]) if known else None

    async def _made_queue(self, config_id: str) -> str:
        body = {"name": self._queue, "description": _ASKS, "scoreConfigIds": [config_id]}
        return str((await self._client.post(_QUEUES, body, repeatable=False))["id"])

    async def _enqueue(self, queue_id: str, observations: Sequence[str]) -> None:
        """A queue takes what it holds a second time: after a failure it is looked at again."""
        path = f"{_QUEUES}/{queue_id}/items"
        for attempt in range(_TRIES):
            held = {row["objectId"] async for row in by_number(self._client, path, {"limit": 100})}
            try:
                for each in observations:
                    if each not in held:
                        body = {"objectId": each, "objectType": "OBSERVATION"}
                        await self._client.post(path, body, repeatable=False)
            except Retryable:
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def _scores(self) -> AsyncIterator[dict[str, Any]]:
        query = {"name": PREFERENCE, "limit": 100}
        if self._server.reads == "observations":
            fields = {"fields": "details,subject,annotation"}
            return by_cursor(self._client, "/api/public/v3/scores", query | fields)
        return by_number(self._client, "/api/public/v2/scores", query)


def span(exhibit: Exhibit) -> Span:
    """Show a pair. Nothing but the two answers depends on who sits where."""
    pair = exhibit.pair
    return Span(
        trace_id=pair.trace_id,
        span_id=pair.span_id,
        name="pair",
        started_at=pair.picked_at,
        environment=PAIRS,
        trace_name="understudy pair",
        shows="pair",
        input=asked(exhibit.challenge),
        output=seated(exhibit),
    )


def _read(row: dict[str, Any]) -> Said | None:
    """Both forms of a score: that of `v3/scores` has a subject, that of `v2/scores` a text beside its value."""
    subject, label = row.get("subject") or {}, row.get("stringValue", row.get("value"))
    trace_id = row.get("traceId") or subject.get("traceId") or subject.get("id")
    if not trace_id or label not in LABELS:
        return None
    metadata = row.get("metadata") or {}
    person = row.get("authorUserId") or (metadata.get("annotator") if isinstance(metadata, dict) else None)
    return Said(str(trace_id), str(person or row.get("source") or "somebody"), str(label))
