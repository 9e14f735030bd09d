"""A leaderboard → what of it is written to Langfuse. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.langfuse.own import LEADERBOARD, MARK
from connector.langfuse.spans import Span
from connector.leaderboard_text import markdown, title
from connector.scoring import OWN, span_id
from connector.types import Score, digest
from judges.standings.leaderboard import Leaderboard, Standing

DATASET = "understudy/leaderboard"

_FIGURES = {
    "win_rate": "win_rate",
    "win_rate_low": "low",
    "win_rate_high": "high",
    "turns": "turns",
    "unreadable": "unreadable",
    "failed": "failed",
    "cost_per_1000_turns_usd": "cost_per_1000_turns_usd",
    "p95_latency_s": "p95_latency_s",
}
"""Names of run-level scores, and the fields of a standing that they show."""


def run_scores(
    leaderboard: Leaderboard, experiments: Mapping[str, str], begun: Mapping[str, datetime]
) -> Iterator[Score]:
    """Yield the figures of each challenger on its experiment of this epoch; what is unknown is not written.

    `begun` says when each experiment began: the figures bear that time at every write, so that they overwrite
    themselves, and none of them stands before the experiment that it is about.
    """
    for row in leaderboard.standings:
        if experiment := experiments.get(row.challenger):
            for name, field in _FIGURES.items():
                value = getattr(row, field)
                if value is not None:
                    yield _figure(leaderboard, row, name, float(value), experiment, at=begun[row.challenger])


def _figure(
    leaderboard: Leaderboard, row: Standing, name: str, value: float, experiment: str, *, at: datetime
) -> Score:
    return Score(
        id=digest(experiment, leaderboard.judge, name),
        name=name,
        value=value,
        data_type="NUMERIC",
        timestamp=at,
        experiment_id=experiment,
        comment=f"{row.turns} turns of {row.conversations} conversations; judge {leaderboard.judge}",
        metadata={"judge": leaderboard.judge, "scale": leaderboard.scale, "seed": leaderboard.seed},
    )


def item(leaderboard: Leaderboard) -> dict[str, Any]:
    """Return the leaderboard as a dataset item: one per epoch and judge."""
    return {
        "datasetName": DATASET,
        "id": digest("leaderboard", _epoch(leaderboard), leaderboard.judge),
        "input": {"epoch": leaderboard.epoch, "judge": leaderboard.judge},
        "expectedOutput": leaderboard.model_dump(mode="json"),
        "metadata": {MARK: "leaderboard"},
    }


def span(leaderboard: Leaderboard, project_id: str) -> Span:
    """Return the leaderboard as a trace whose output is a Markdown table: one per epoch and judge."""
    names = (project_id, _epoch(leaderboard), leaderboard.judge)
    return Span(
        trace_id=OWN + digest("leaderboard", *names)[:24],
        span_id=span_id("leaderboard", *names),
        name=title(leaderboard),
        started_at=_monday(_epoch(leaderboard)),
        duration_s=timedelta(days=7).total_seconds(),
        environment=LEADERBOARD,
        trace_name="understudy leaderboard",
        shows="leaderboard",
        input={"epoch": leaderboard.epoch, "judge": leaderboard.judge},
        output=markdown(leaderboard),
    )


def _monday(epoch: str) -> datetime:
    """A span's start is part of its identity, so it must be the same at every write."""
    return datetime.strptime(f"{epoch}-1", "%G-W%V-%u").replace(tzinfo=UTC)


def _epoch(leaderboard: Leaderboard) -> str:
    if leaderboard.epoch is None:
        raise ValueError("only the leaderboard of one epoch is written to Langfuse")
    return leaderboard.epoch
