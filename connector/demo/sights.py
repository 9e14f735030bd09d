"""What a person finds in Langfuse after a run, read back over its public API: by v4's endpoints, or by those of v3."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client, NotHere
from connector.langfuse.own import JUDGES, LEADERBOARD
from connector.langfuse.paging import by_cursor, by_number
from connector.scoring import VERDICT
from rollouts.types import Record

Row = dict[str, Any]

_LOOK_BACK = timedelta(days=14)


class Sight(Record):
    """One thing to be seen, and how much of it."""

    where: str
    name: str
    shows: str


class Sights:
    """Looks at one project."""

    def __init__(self, client: Client, server: Capabilities) -> None:
        self._client, self._v4 = client, server.reads == "observations"
        self._since = (datetime.now(UTC) - _LOOK_BACK).isoformat()

    async def all(self) -> list[Sight]:
        """Return everything that Understudy has written."""
        scores = [row async for row in self._scores()]
        return [
            *[sight async for sight in self._datasets()],
            *await self._experiments(scores),
            *_counted(scores),
            await self._traces("judge traces", JUDGES),
            await self._traces("leaderboard trace", LEADERBOARD),
            *await self._dashboards(),
            _seats(scores),
        ]

    async def _datasets(self) -> AsyncIterator[Sight]:
        async for row in by_number(self._client, "/api/public/v2/datasets", {"limit": 50}):
            query = {"datasetName": row["name"], "limit": 1}
            page = await self._client.get("/api/public/dataset-items", query)
            yield Sight(where="dataset", name=row["name"], shows=f"items: {page['meta']['totalItems']}")

    async def _experiments(self, scores: list[Row]) -> list[Sight]:
        """Each experiment with its items and the figures that stand on it as a whole."""
        runs = await self._runs_of_v4() if self._v4 else await self._runs_of_v3()
        return [
            Sight(where="experiment", name=name, shows=f"items: {items}{_figures(run_id, scores)}")
            for name, run_id, items in sorted(runs)
        ]

    async def _runs_of_v4(self) -> list[tuple[str, str, int]]:
        query = {"fromStartTime": self._since, "limit": 50}
        rows = by_cursor(self._client, "/api/public/experiments", query)
        return [(row["name"], row["id"], row["itemCount"]) async for row in rows]

    async def _runs_of_v3(self) -> list[tuple[str, str, int]]:
        found = []
        async for dataset in by_number(self._client, "/api/public/v2/datasets", {"limit": 50}):
            path = f"/api/public/datasets/{dataset['name'].replace('/', '%2F')}/runs"
            async for run in by_number(self._client, path, {"limit": 50}):
                query = {"datasetId": dataset["id"], "runName": run["name"], "limit": 1}
                page = await self._client.get("/api/public/dataset-run-items", query)
                found.append((run["name"], run["id"], page["meta"]["totalItems"]))
        return found

    async def _scores(self) -> AsyncIterator[Row]:
        """Scores as v3 shows them; v4 keeps under `subject` what they are about."""
        if not self._v4:
            async for row in by_number(self._client, "/api/public/v2/scores", {"limit": 100}):
                yield row
            return
        query = {"limit": 100, "fields": "details,subject"}
        async for row in by_cursor(self._client, "/api/public/v3/scores", query):
            subject = row["subject"]
            yield row | {"datasetRunId": subject["id"] if subject["kind"] == "experiment" else None}

    async def _traces(self, where: str, environment: str) -> Sight:
        if self._v4:
            query = {"environment": environment, "limit": 1000, "fromStartTime": self._since, "fields": "core,basic"}
            rows = by_cursor(self._client, "/api/public/v2/observations", query)
            names = Counter([row["name"] async for row in rows if row["isRootObservation"]])
        else:
            traces = by_number(self._client, "/api/public/traces", {"environment": environment, "limit": 100})
            names = Counter([row["name"] async for row in traces])
        return Sight(where=where, name=" · ".join(sorted(names)) or "—", shows=str(names.total()))

    async def _dashboards(self) -> list[Sight]:
        try:
            rows = [row async for row in by_number(self._client, "/api/public/unstable/dashboards", {"limit": 50})]
        except NotHere:
            return [Sight(where="dashboard", name="—", shows="this server has none")]
        return [
            Sight(where="dashboard", name=row["name"], shows=f"widgets: {len(row['definition']['widgets'])}")
            for row in rows
        ]


def _figures(run_id: str, scores: Iterable[Row]) -> str:
    found = {row["name"]: row["value"] for row in scores if row.get("datasetRunId") == run_id}
    return f" · figures: {len(found)}, win_rate {found['win_rate']:.3f}" if "win_rate" in found else ""


def _counted(scores: Iterable[Row]) -> list[Sight]:
    counts = Counter(row["name"] for row in scores if not row.get("datasetRunId"))
    return [Sight(where="score", name=name, shows=str(count)) for name, count in sorted(counts.items())]


def _seats(scores: Iterable[Row]) -> Sight:
    """Which seat the judge preferred, from the labels that every verdict carries."""
    labels = [
        label
        for row in scores
        if row["name"] == VERDICT
        for key, label in (row["metadata"] or {}).items()
        if key.startswith("round_") and label != "unreadable"
    ]
    shares = [sum(label.startswith(seat) for label in labels) / max(1, len(labels)) for seat in ("A>", "B>")]
    return Sight(where="judge", name="preferred seat", shows="A {:.0%} · B {:.0%} of all rounds".format(*shares))
