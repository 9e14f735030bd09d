"""Judged duel → scores. Pure: ids and times are functions of the duel, so that posting twice overwrites."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from connector.epochs import begins
from connector.types import Duel, Score, digest, period_of
from judges.types import Judgment, Round
from rollouts.types import Challenge

WIN = "understudy_win"
"""Stands on rollouts alone: dashboards average it by model."""
VERDICT = "understudy_verdict"
CONSISTENT = "understudy_consistent"

OWN = "0a11ce5f"
"""Every trace id that we write begins so: known again even when the state file is lost."""

_PRODUCTION = "production"
_NAME_LIMIT = 35  # characters, of a score config's name


def rollout_trace_id(duel: Duel) -> str:
    """Name the trace that shows the challenger's answer."""
    return OWN + digest(duel.id, "rollout")[:24]


def traces_of(duel_id: str, judges: Iterable[str]) -> list[str]:
    """Return the traces that show a duel: its answer, and what each of these judges said."""
    return [OWN + digest(duel_id, *what)[:24] for what in (("rollout",), *(("judge", judge) for judge in judges))]


def production_score_id(duel_id: str) -> str:
    """Name the score of a duel on production's own observation."""
    return digest(duel_id, _PRODUCTION)


def judge_trace_id(duel: Duel) -> str:
    """Name the trace that shows the judge's calls; another judge has another trace."""
    return OWN + digest(duel.id, "judge", duel.judgment.judge if duel.judgment else "")[:24]


def baseline_trace_id(challenge_id: str) -> str:
    """Name the trace that shows production's answer as an item of the baseline experiment."""
    return OWN + digest(challenge_id, "baseline")[:24]


def span_id(*parts: str) -> str:
    """Derive an OpenTelemetry span id of 16 hex digits."""
    return digest("span", *parts)[:16]


def judge_span_id(duel: Duel, round_number: int | None = None) -> str:
    """Name the span of a judgment, or of one of its rounds."""
    judge = duel.judgment.judge if duel.judgment else ""
    return span_id(duel.id, judge, "judge" if round_number is None else str(round_number))


def win_name(challenger: str) -> str:
    """Name the score of one challenger on production observations, so that people can filter where it won."""
    name = f"understudy_win.{challenger}"
    if len(name) <= _NAME_LIMIT:
        return name
    return f"{name[: _NAME_LIMIT - 9]}.{hashlib.sha256(challenger.encode()).hexdigest()[:8]}"


def judged_at(duel: Duel) -> datetime:
    """Return when the duel was decided, for good."""
    begun = [look.started_at for look in duel.judgment.looks if look.started_at] if duel.judgment else []
    return max(begun, default=answered_at(duel))


def shown_at(challenge: Challenge) -> datetime:
    """Return when production's answer is shown to have been given.

    What is asked in every epoch is shown within it: its own time may be years back, and Langfuse is asked by time.
    """
    return challenge.origin.started_at if challenge.tier == "fresh" else begins(period_of(challenge))


def answered_at(duel: Duel) -> datetime:
    """Return when the challenger began to answer: the time of all scores, which another judge must overwrite.

    The server keeps one score per id and day, so a time that moved with the judge would leave two.
    """
    answered = duel.rollout.completion.started_at if duel.rollout else None
    return answered or duel.challenge.origin.started_at


def scores(duel: Duel) -> list[Score]:
    """Return what is to be said about a judged duel; where the judge could not be read, only that."""
    judgment = duel.judgment
    if judgment is None:
        return []
    found = [_score(duel, VERDICT, judgment.verdict.value, comment=judgment.reason)]
    if judgment.score is not None:
        found.append(_score(duel, WIN, judgment.score, comment=judgment.reason))
        found += [_on_production(duel, judgment)] if duel.challenge.origin.trace_id else []
    if judgment.consistent is not None:
        found.append(_score(duel, CONSISTENT, float(judgment.consistent)))
    return found


def unsaid(duel: Duel) -> list[str]:
    """Return the ids of all scores that a judge could have written about the duel, and the present one does not."""
    possible = {digest(duel.id, name) for name in (WIN, VERDICT, CONSISTENT, _PRODUCTION)}
    return sorted(possible - {score.id for score in scores(duel)})


def finding(look: Round) -> str:
    """Return in a word what one round says: its label, or what it is worth to the challenger."""
    return look.label or ("unreadable" if look.score is None else f"{look.score:.3f}")


def _score(duel: Duel, name: str, value: float | str, comment: str | None = None) -> Score:
    kinds = {VERDICT: "CATEGORICAL", CONSISTENT: "BOOLEAN"}
    return Score.model_validate(
        {
            "id": digest(duel.id, name),
            "name": name,
            "value": value,
            "data_type": kinds.get(name, "NUMERIC"),
            "timestamp": answered_at(duel),
            "trace_id": rollout_trace_id(duel),
            "observation_id": span_id(duel.id),
            "comment": comment,
            "metadata": _links(duel),
        }
    )


def _on_production(duel: Duel, judgment: Judgment) -> Score:
    origin = duel.challenge.origin
    return Score(
        id=production_score_id(duel.id),
        name=win_name(duel.challenger),
        value=judgment.score if judgment.score is not None else "",
        data_type="NUMERIC",
        timestamp=answered_at(duel),
        trace_id=origin.trace_id,
        observation_id=origin.observation_id,
        comment=judgment.reason,
        metadata={**_links(duel), "turn": origin.turn},
        environment=origin.environment or "default",
    )


def _links(duel: Duel) -> dict[str, str]:
    rounds = duel.judgment.looks if duel.judgment else ()
    labels = {f"round_{n}": finding(look) for n, look in enumerate(rounds, start=1)}
    return {
        "challenger": duel.challenger,
        "challenge": duel.challenge.id,
        "tier": duel.challenge.tier,
        "judge": duel.judgment.judge if duel.judgment else "",
        "rollout_trace_id": rollout_trace_id(duel),
        "judge_trace_id": judge_trace_id(duel),
        **labels,
    }
