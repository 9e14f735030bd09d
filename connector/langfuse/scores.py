"""Scores, written in whichever way lets this server take many at once, and read back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import orjson
import structlog

from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client, NotHere
from connector.langfuse.own import MARK
from connector.types import Score, digest
from rollouts.errors import Permanent

log = structlog.get_logger(__name__)

_MOST = 250  # scores a request: with reasons of up to 1,000 characters some 500 kB, and servers take 1 MB
_COMMENT_LIMIT = 4000


async def write(client: Client, server: Capabilities, scores: Sequence[Score]) -> None:
    """Write `scores`; return once the server has taken them all. Raises `Permanent` naming the first refused one."""
    for start in range(0, len(scores), _MOST):
        await _WAYS[server.scores](client, scores[start : start + _MOST])


async def absent(client: Client, server: Capabilities, ids: Sequence[str]) -> set[str]:
    """Return those of `ids` under which the server keeps no score."""
    v3 = server.reads == "observations"
    path, parameter = ("/api/public/v3/scores", "id") if v3 else ("/api/public/v2/scores", "scoreIds")
    found = set[str]()
    for start in range(0, len(ids), 50):
        page = await client.get(path, {parameter: ",".join(ids[start : start + 50]), "limit": 100})
        found |= {row["id"] for row in page["data"]}
    return set(ids) - found


async def withdraw(client: Client, server: Capabilities, ids: Sequence[str]) -> None:
    """Delete those of `ids` that the server keeps: what an earlier judge said, and the present one does not say."""
    for score_id in sorted(set(ids) - await absent(client, server, ids)):
        with suppress(NotHere):
            await client.send("DELETE", f"/api/public/scores/{score_id}")


async def _list(client: Client, scores: Sequence[Score]) -> None:
    """Since 4.59: 202, or 207 with what was refused; a 207 must not be repeated as a whole."""
    answer = await client.post("/api/public/scores", [_body(score) for score in scores])
    _refuse(answer.get("errors") if isinstance(answer, dict) else None)


async def _ingestion(client: Client, scores: Sequence[Score]) -> None:
    """Up to 4.58 the batch's envelope carries the score's time, which `POST /scores` ignores.

    A server that has taken this endpoint away and not yet got lists is given one score at a time.
    """
    batch = [
        {
            "id": digest(score.id, str(_body(score))),
            "type": "score-create",
            "timestamp": _time(score),
            "body": _body(score),
        }
        for score in scores
    ]
    try:
        answer = await client.post("/api/public/ingestion", {"batch": batch})
    except NotHere:
        await _single(client, scores)
    else:
        _refuse(answer.get("errors"))


async def _single(client: Client, scores: Sequence[Score]) -> None:
    await asyncio.gather(*(client.post("/api/public/scores", _body(score)) for score in scores))


_WAYS = {"list": _list, "ingestion": _ingestion}


def _refuse(errors: Any) -> None:
    if errors:
        raise Permanent(f"Langfuse refused {len(errors)} score(s): {orjson.dumps(errors[0]).decode()[:300]}")


def _time(score: Score) -> str:
    return score.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _body(score: Score) -> dict[str, Any]:
    body = {
        "id": score.id,
        "name": score.name,
        "value": score.value,
        "dataType": score.data_type,
        "timestamp": _time(score),
        "traceId": score.trace_id,
        "observationId": score.observation_id,
        "datasetRunId": score.experiment_id,
        "comment": score.comment[:_COMMENT_LIMIT] if score.comment else None,
        "metadata": {MARK: "score", **score.metadata},
        "environment": score.environment,
    }
    return {key: value for key, value in body.items() if value is not None}
