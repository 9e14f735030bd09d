"""The server itself: one aiohttp application on a free port of 127.0.0.1, and what tests and the demo do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from connector.demo.langfuse import (
    annotating,
    dashboards,
    dataset_runs,
    datasets,
    experiments,
    ingestion,
    legacy,
    media,
    metrics,
    observations,
    otlp,
    project,
    queues,
    score_configs,
    score_reads,
    scores,
)
from connector.demo.langfuse.faults import Failure, Kind
from connector.demo.langfuse.gate import gate
from connector.demo.langfuse.state import STATE, Document, Served, State

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping
    from types import TracebackType

    from connector.demo.langfuse.modes import Mode
    from connector.demo.langfuse.rows import Observation, Score

_PARTS = (
    dashboards,
    dataset_runs,
    datasets,
    experiments,
    ingestion,
    legacy,
    media,
    metrics,
    observations,
    otlp,
    project,
    queues,
    score_configs,
    score_reads,
    scores,
)
_MAX_BODY = 64 * 1024 * 1024


class SmallLangfuse:
    """A Langfuse in this process: `async with SmallLangfuse() as langfuse`, then talk to `langfuse.base_url`."""

    def __init__(
        self,
        mode: Mode = "events_only",
        *,
        visible_after_s: float = 0.0,
        public_key: str = "pk-lf-local",
        secret_key: str = "sk-lf-local",  # noqa: S107 -- a key for a server that holds nothing
        project_id: str = "local-project",
        port: int = 0,
    ) -> None:
        """`visible_after_s` is how long after a write of spans, scores or deletions it is seen; `port` 0 is any."""
        self.state = State(mode, public_key, secret_key, project_id)
        self.state.visible_after_s = visible_after_s
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to listen."""
        app = web.Application(middlewares=[gate], client_max_size=_MAX_BODY)
        app[STATE] = self.state
        for part in _PARTS:
            app.add_routes(part.routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening; what was written stays readable from within. Safe to call twice, and without a start."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def base_url(self) -> str:
        """Where it listens, once it does."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def public_key(self) -> str:
        """The user of its basic authentication."""
        return self.state.public_key

    @property
    def secret_key(self) -> str:
        """The password of its basic authentication."""
        return self.state.secret_key

    @property
    def requests(self) -> list[Served]:
        """Everything that was answered, in order."""
        return self.state.requests

    def keep_file(self, content: bytes, mime_type: str) -> str:
        """Store a file as an instrumented application does; return the token that stands for it in a trace."""
        return media.keep(self.state, content, mime_type)

    def annotate(self, observation_id: str, label: str, *, name: str, person: str = "user-1") -> None:
        """Score an observation by hand, as people do in the web interface; a second time replaces the first."""
        annotating.annotate(self.state, observation_id, label, name=name, person=person)

    # Breaking it

    def fail(
        self,
        path_prefix: str,
        status: int,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        method: str | None = None,
        after: bool = False,
        skip: int = 0,
        about: str = "",
    ) -> None:
        """Answer the next `times` requests below `path_prefix` with `status`, once `skip` of them went through.

        With `after` they are carried out first; with `about`, only those whose query holds that text are meant.
        """
        failure = Failure(path_prefix, status, times, headers or {}, body, method, after, skip, about)
        self.state.faults.add(failure)

    def recover(self) -> None:
        """Forget the failures that are still to come."""
        self.state.faults.forget()

    def swallow(self, kind: Kind, times: int = 1) -> None:
        """Accept the next `times` scores or spans with 200, and never keep them."""
        self.state.faults.swallow(kind, times)

    @property
    def repeat_cursor(self) -> bool:
        """Whether a page answers the cursor that asked for it, for ever."""
        return self.state.faults.repeat_cursor

    @repeat_cursor.setter
    def repeat_cursor(self, broken: bool) -> None:
        self.state.faults.repeat_cursor = broken

    @property
    def widest_window_s(self) -> float:
        """The longest span of time that a listing may ask for, in seconds, before the database gives up with 422."""
        return self.state.faults.widest_window_s

    @widest_window_s.setter
    def widest_window_s(self, seconds: float) -> None:
        self.state.faults.widest_window_s = seconds

    @property
    def clock_offset_s(self) -> float:
        """How far its clock is ahead, in seconds."""
        return self.state.clock.offset_s

    @clock_offset_s.setter
    def clock_offset_s(self, offset_s: float) -> None:
        self.state.clock.offset_s = offset_s

    @property
    def visible_after_s(self) -> float:
        """How long after a write it is seen, in seconds."""
        return self.state.visible_after_s

    @visible_after_s.setter
    def visible_after_s(self, lag_s: float) -> None:
        self.state.visible_after_s = lag_s

    # Looking inside

    def observations(self) -> list[Observation]:
        """All that is visible, newest first."""
        self.state.settle()
        return list(self.state.observations.newest())

    def scores(self) -> list[Score]:
        """All that is visible, newest first."""
        self.state.settle()
        return list(self.state.scores.newest())

    def experiments(self) -> list[Document]:
        """As the API shows them, with metadata and run-level scores."""
        self.state.settle()
        return experiments.experiments(self.state)

    @property
    def datasets(self) -> dict[str, Document]:
        """By name."""
        return self.state.datasets

    @property
    def dataset_items(self) -> dict[str, Document]:
        """By id."""
        return self.state.dataset_items

    @property
    def versions(self) -> Counter[str]:
        """How often each dataset item was written, by id."""
        return self.state.item_versions

    @property
    def dashboards(self) -> dict[str, Document]:
        """By id."""
        return self.state.dashboards
