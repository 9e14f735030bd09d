"""Everything the server knows, and when it becomes readable."""

from __future__ import annotations

import time
from collections import Counter, deque
from typing import TYPE_CHECKING, Any, NamedTuple

from aiohttp import web

from connector.demo.langfuse.clock import Clock
from connector.demo.langfuse.faults import Faults
from connector.demo.langfuse.rows import Observation, Score
from connector.demo.langfuse.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.demo.langfuse.modes import Mode

Document = dict[str, Any]
"""A row that is kept as the JSON the API answers. Replaced on a change, never altered."""


class Stored(NamedTuple):
    """One file that was taken out of a trace."""

    content: bytes
    mime_type: str
    uploaded_ms: int


class Served(NamedTuple):
    """One request that was answered."""

    method: str
    path: str
    status: int


class State:
    """What was written: spans and scores in tables, the rest as documents by id (datasets by name)."""

    def __init__(self, mode: Mode, public_key: str, secret_key: str, project_id: str) -> None:
        self.mode = mode
        self.public_key = public_key
        self.secret_key = secret_key
        self.project_id = project_id
        self.clock = Clock()
        self.faults = Faults()
        self.requests: list[Served] = []
        self.visible_after_s = 0.0
        self._pending: deque[tuple[float, Callable[[], None]]] = deque()

        self.observations = Table[Observation](
            lambda row: row.key,
            id=lambda row: row.id,
            trace=lambda row: row.trace_id,
            session=lambda row: row.session_id,
            experiment=lambda row: row.experiment.id if row.experiment else None,
        )
        self.scores = Table[Score](
            lambda row: row.key,
            id=lambda row: row.id,
            trace=lambda row: row.trace_id,
            experiment=lambda row: row.dataset_run_id,
        )
        self.traces: dict[str, Document] = {}
        """What `trace-create` events said, by trace id."""
        self.datasets: dict[str, Document] = {}
        self.dataset_items: dict[str, Document] = {}
        self.item_versions: Counter[str] = Counter()
        self.dataset_runs: dict[str, Document] = {}
        self.dataset_run_items: dict[str, Document] = {}
        self.score_configs: dict[str, Document] = {}
        self.queues: dict[str, Document] = {}
        self.queue_items: dict[str, Document] = {}
        self.comments: dict[str, Document] = {}
        self.media: dict[str, Stored] = {}
        self.dashboards: dict[str, Document] = {}
        self.widgets: dict[str, Document] = {}

    def write(self, apply: Callable[[], None]) -> None:
        """Carry out `apply` once the lag is over: at once without one, else with the first request after it."""
        if self.visible_after_s <= 0 and not self._pending:
            apply()
        else:
            self._pending.append((time.monotonic() + self.visible_after_s, apply))

    def settle(self) -> None:
        """Carry out the writes whose lag is over."""
        while self._pending and self._pending[0][0] <= time.monotonic():
            self._pending.popleft()[1]()


STATE = web.AppKey("state", State)
