"""A leaderboard → what of it is written to Langfuse. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, get_args, get_origin

from connector.epochs import begins, ends
from connector.langfuse.own import LEADERBOARD, MARK
from connector.langfuse.spans import Span
from connector.leaderboard_text.advice import advice
from connector.leaderboard_text.main_table import title
from connector.leaderboard_text.markdown import markdown
from connector.leaderboard_text.tiers import tier_figure_names, tier_figures
from connector.scoring import OWN, span_id
from connector.types import Score, digest
from judges.standings.leaderboard import Leaderboard
from judges.standings.standing import Standing

DATASET = "understudy/leaderboard"

SWITCHING = "switching"
"""The score that says whether the figures support replacing production; its comment is the advice."""

_NAMES = {"low": "win_rate_low", "high": "win_rate_high"}


def figure_names() -> dict[str, str]:
    """Return the names of the run-level scores by the field of a standing that they show: all single numbers."""
    return {
        field: _NAMES.get(field, field)
        for field, info in Standing.model_fields.items()
        if get_origin(info.annotation) is not dict and {int, float} & {info.annotation, *get_args(info.annotation)}
    }


def figure_ids(experiments: Iterable[str]) -> Iterator[str]:
    """Yield the ids of all figures that may stand on `experiments`."""
    names = [*figure_names().values(), *tier_figure_names(), SWITCHING]
    return (_figure_id(experiment, name) for experiment in experiments for name in names)


def run_scores(
    leaderboard: Leaderboard, experiments: Mapping[str, str], begun: Mapping[str, datetime]
) -> Iterator[Score]:
    """Yield the figures of each challenger on its experiment of this epoch; what is unknown is not written.

    `begun` says when each experiment began: the figures bear that time at every write, so that they overwrite
    themselves, and none of them stands before the experiment that it is about.
    """
    names = figure_names()
    sayings = {saying.challenger: saying for saying in advice(leaderboard)}
    for row in leaderboard.standings:
        if experiment := experiments.get(row.challenger):
            about = _About(leaderboard, row, experiment, begun[row.challenger])
            figures = {name: getattr(row, field) for field, name in names.items()}
            figures |= tier_figures(leaderboard, row.challenger)
            for name, value in figures.items():
                if value is not None:
                    yield about.score(name, float(value))
            if row.switching is not None:
                saying = sayings.get(row.challenger)
                comment = f"{saying.sentence} It {saying.rests}." if saying else row.advice
                yield about.score(SWITCHING, row.switching.value, comment)


def _figure_id(experiment: str, name: str) -> str:
    return digest(experiment, name)


class _About(NamedTuple):
    """What the scores of one row have in common."""

    board: Leaderboard
    row: Standing
    experiment: str
    at: datetime

    def score(self, name: str, value: float | str, comment: str | None = None) -> Score:
        """Figures of one name overwrite each other, whoever judged: beside each other, Langfuse would average them."""
        board = self.board
        rests = f"{self.row.turns} turns of {self.row.conversations} {board.unit}s"
        return Score(
            id=_figure_id(self.experiment, name),
            name=name,
            value=value,
            data_type="CATEGORICAL" if isinstance(value, str) else "NUMERIC",
            timestamp=self.at,
            experiment_id=self.experiment,
            comment=comment or f"{rests}; judge {board.judge}",
            metadata={
                "comparability": board.comparability,
                "judge": board.judge,
                "scale": board.scale,
                "seed": board.seed,
                "trusted": board.trusted,
            }
            | _closing(board),
        )


def item(leaderboard: Leaderboard) -> dict[str, Any]:
    """Return the whole leaderboard as a dataset item: one per epoch, judge and other conditions."""
    return {
        "datasetName": DATASET,
        "id": digest("leaderboard", _epoch(leaderboard), *_conditions(leaderboard)),
        "input": _about(leaderboard),
        "expectedOutput": leaderboard.model_dump(mode="json"),
        "metadata": {MARK: "leaderboard"} | _closing(leaderboard),
    }


def trace_id(leaderboard: Leaderboard, project_id: str) -> str:
    """Return the id of the trace that shows the leaderboard."""
    return OWN + digest("leaderboard", *_names(leaderboard, project_id))[:24]


def span(leaderboard: Leaderboard, project_id: str) -> Span:
    """Return the leaderboard as a trace whose output is all of it as Markdown: one where there is one item."""
    return Span(
        trace_id=trace_id(leaderboard, project_id),
        span_id=span_id("leaderboard", *_names(leaderboard, project_id)),
        name=title(leaderboard),
        started_at=begins(_epoch(leaderboard)),
        duration_s=(ends(_epoch(leaderboard)) - begins(_epoch(leaderboard))).total_seconds(),
        environment=LEADERBOARD,
        trace_name="understudy leaderboard",
        shows="leaderboard",
        input=_about(leaderboard),
        output=markdown(leaderboard),
    )


def _names(leaderboard: Leaderboard, project_id: str) -> tuple[str, ...]:
    return project_id, _epoch(leaderboard), *_conditions(leaderboard)


def _conditions(leaderboard: Leaderboard) -> tuple[str, ...]:
    """Name what figures depend on; the hash holds judge and scale too, but not every leaderboard has one."""
    return leaderboard.judge, leaderboard.scale, leaderboard.comparability


def _about(leaderboard: Leaderboard) -> dict[str, str | None]:
    return {
        "epoch": leaderboard.epoch,
        "judge": leaderboard.judge,
        "scale": leaderboard.scale,
        "comparability": leaderboard.comparability,
    }


def _closing(leaderboard: Leaderboard) -> dict[str, str]:
    """Say when the epoch was closed, if it is: figures without that may still change."""
    return {} if leaderboard.closed_at is None else {"closed": leaderboard.closed_at.isoformat()}


def _epoch(leaderboard: Leaderboard) -> str:
    if leaderboard.epoch is None:
        raise ValueError("only the leaderboard of one epoch is written to Langfuse")
    return leaderboard.epoch
