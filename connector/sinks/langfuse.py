"""Results into Langfuse: dataset items, experiments, judge traces, scores, the leaderboard and a dashboard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from itertools import chain

import structlog
from langfuse.api import ConfigCategory, ScoreConfigDataType
from langfuse.api.core import ApiError

from connector.langfuse import dashboard, datasets, forgetting, readback, scores, spans, summary
from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client, from_sdk
from connector.langfuse.paging import by_number
from connector.langfuse.shown import (
    Experiment,
    baseline_name,
    baseline_span,
    experiment_id,
    experiment_name,
    item,
    judge_spans,
    rollout_span,
)
from connector.periods import Run
from connector.scoring import CONSISTENT, VERDICT, WIN, baseline_trace_id, rollout_trace_id, span_id, unsaid
from connector.scoring import scores as scores_of
from connector.subjects import Remains
from connector.types import Duel, period_of
from judges.standings.leaderboard import Leaderboard
from judges.types import Verdict
from rollouts.types import Challenge

log = structlog.get_logger(__name__)

_SIDE_BY_SIDE = 12  # requests: the client holds 16 connections, and httpx slows down with more


class LangfuseSink:
    """Implements `connector.ports.Sink`. `open` it before the first write."""

    def __init__(self, client: Client, server: Capabilities, *, dataset: str) -> None:
        self._client, self._server, self._dataset = client, server, f"understudy/{dataset}"
        self._dataset_id = ""
        self._opening = asyncio.Lock()
        self._runs = datasets.Runs(client, "")
        self._room = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._written: dict[str, Leaderboard] = {}

    async def open(self) -> None:
        """Make sure that dataset, score configs and dashboard are there, once in the life of this sink."""
        async with self._opening:  # two at a time would both find nothing, and make everything twice
            if self._dataset_id:
                return
            dataset_id = await datasets.ensure(self._client, self._dataset, "Production turns to be answered again.")
            await datasets.ensure(self._client, summary.DATASET, "Who could take over, epoch by epoch.")
            await _ensure_configs(self._client)
            await dashboard.ensure(self._client)
            self._runs, self._dataset_id = datasets.Runs(self._client, dataset_id), dataset_id

    async def post(self, duels: Sequence[Duel], fresh: Sequence[Challenge], *, doubtful: Collection[str]) -> None:
        """Write items first, then what answers them, then what is said of the answers."""
        if not self._dataset_id:
            await self.open()
        await _all(self._item(challenge, doubtful=challenge.id in doubtful) for challenge in fresh)
        baselines = [baseline_span(challenge, await self._baseline(challenge)) for challenge in fresh]
        rollouts = [rollout_span(duel, await self._experiment(duel)) for duel in duels if duel.rollout]
        judges = chain.from_iterable(judge_spans(duel) for duel in duels)
        await spans.send(self._client, [*baselines, *rollouts, *judges])
        await scores.write(self._client, self._server, [score for duel in duels for score in scores_of(duel)])
        earlier = [score_id for duel in duels if duel.rejudged for score_id in unsaid(duel)]
        await scores.withdraw(self._client, self._server, earlier)

    async def missing(self, duels: Sequence[Duel]) -> set[str]:
        """Read back scores, rollouts, judges' rounds and production's answers."""
        wanted = {score.id: duel.id for duel in duels for score in scores_of(duel)}
        absent = await scores.absent(self._client, self._server, list(wanted))
        return {wanted[score_id] for score_id in absent} | await readback.unseen(self._client, self._server, duels)

    async def forget(self, remains: Remains) -> None:
        """Delete items, traces, scores and queued pairs."""
        await forgetting.remove(self._client, remains)

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Write an epoch's leaderboard, unless this process has written just that before."""
        if leaderboard.epoch is None or not runs or self._written.get(leaderboard.epoch) == leaderboard:
            return
        if not self._dataset_id:
            await self.open()
        names = {who: experiment_name(who, leaderboard.epoch, run.fingerprint) for who, run in runs.items()}
        experiments = {who: found for who, name in names.items() if (found := await self._run_id(name))}
        begun = {who: run.begun_at for who, run in runs.items()}
        figures = list(summary.run_scores(leaderboard, experiments, begun))
        await scores.write(self._client, self._server, figures)
        unknown = set(summary.figure_ids(experiments.values())) - {figure.id for figure in figures}
        await scores.withdraw(self._client, self._server, sorted(unknown))
        await datasets.write_item(self._client, summary.item(leaderboard), doubtful=True)
        await spans.send(self._client, [summary.span(leaderboard, self._server.project_id)])
        self._written[leaderboard.epoch] = leaderboard

    async def _item(self, challenge: Challenge, *, doubtful: bool) -> None:
        async with self._room:
            await datasets.write_item(self._client, item(challenge, self._dataset), doubtful=doubtful)

    async def _baseline(self, challenge: Challenge) -> Experiment:
        name = baseline_name(period_of(challenge))
        return await self._linked(
            name, challenge.id, baseline_trace_id(challenge.id), span_id(challenge.id, "baseline")
        )

    async def _experiment(self, duel: Duel) -> Experiment:
        name = experiment_name(duel.challenger, duel.epoch, duel.fingerprint)
        return await self._linked(name, duel.challenge.id, rollout_trace_id(duel), span_id(duel.id))

    async def _linked(self, name: str, item_id: str, trace: str, span: str) -> Experiment:
        """Servers with a run table give runs their own ids; the others derive it from the name."""
        if self._server.legacy:
            await self._runs.link(name, item_id, trace, span)
        return Experiment(id=await self._run_id(name) or "", name=name, dataset_id=self._dataset_id)

    async def _run_id(self, name: str) -> str | None:
        if self._server.legacy:
            return await self._runs.id_of(name)
        return experiment_id(self._server.project_id, self._dataset_id, name)


async def _all(writes: Iterable[Awaitable[None]]) -> None:
    """Do all, then raise what went wrong first: none may still be under way when it is looked for or written again."""
    for outcome in await asyncio.gather(*writes, return_exceptions=True):
        if outcome is not None:
            raise outcome


async def _ensure_configs(client: Client) -> None:
    """Create our score configs once. Their names are not unique on the server, so they are looked for first."""
    categories = [ConfigCategory(label=verdict.value, value=float(n)) for n, verdict in enumerate(Verdict)]
    wanted = {
        WIN: {"data_type": ScoreConfigDataType.NUMERIC, "min_value": 0.0, "max_value": 1.0},
        VERDICT: {"data_type": ScoreConfigDataType.CATEGORICAL, "categories": categories},
        CONSISTENT: {"data_type": ScoreConfigDataType.BOOLEAN},
    }
    held = {row["name"] async for row in by_number(client, "/api/public/score-configs", {"limit": 100})}
    for name in wanted.keys() - held:
        try:
            await client.sdk.score_configs.create(name=name, **wanted[name])  # type: ignore[arg-type]
        except ApiError as error:
            raise from_sdk(error, f"creating the score config {name}") from error
