"""Challenges and duels → what a person sees of them in Langfuse: spans and dataset items. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson

from connector.langfuse.own import JUDGES, ROLLOUTS
from connector.langfuse.spans import Span
from connector.scoring import (
    baseline_trace_id,
    finding,
    judge_span_id,
    judge_trace_id,
    judged_at,
    rollout_trace_id,
    shown_at,
    span_id,
)
from connector.types import Duel
from judges.types import Judgment, Round
from rollouts.projections.openai_chat import to_openai
from rollouts.types import Challenge, Completion, Message, Record


class Experiment(Record):
    """One challenger, or the baseline, over one epoch: a column of Langfuse's comparison."""

    id: str
    name: str
    dataset_id: str


def experiment_name(challenger: str, epoch: str, fingerprint: str) -> str:
    """Another configuration of the same challenger is another experiment."""
    return f"{challenger}@{epoch} {fingerprint[:6]}"


def baseline_name(epoch: str) -> str:
    """Name the experiment that shows production's own answers."""
    return f"baseline@{epoch}"


def experiment_id(project_id: str, dataset_id: str, name: str) -> str:
    """The id that a server in `events_only` mode derives for a run (seen in recording 51 of tests/recordings)."""
    seed = orjson.dumps(["langfuse-experiment-v1", project_id, dataset_id, name])
    return hashlib.sha256(seed).hexdigest()[:16]


def item(challenge: Challenge, dataset: str) -> dict[str, Any]:
    """Return the dataset item of a challenge: the history asks, production's answer is expected."""
    origin, baseline = challenge.origin, challenge.baseline
    facts = {
        "understudy": "challenge",
        "tier": challenge.tier,
        "epoch": challenge.epoch or None,
        "source_item": origin.item or None,
        "baseline": "the expected output" if origin.stands_in else None,
        "reference": said(challenge.expected) if challenge.expected else None,
        "turn": origin.turn,
        "session_id": origin.session_id,
        "trace_name": origin.trace_name,
        "baseline_model": baseline.model,
        "baseline_cost_usd": baseline.cost_usd,
        "baseline_latency_s": baseline.latency_s,
        "content_id": challenge.content_id,
    }
    return {
        "datasetName": dataset,
        "id": challenge.id,
        "input": asked(challenge),
        "expectedOutput": said(baseline.message),
        "metadata": _known(facts),
        "sourceTraceId": origin.trace_id or None,
        "sourceObservationId": origin.observation_id,
    }


def asked(challenge: Challenge) -> dict[str, Any]:
    """Return the history and the tools as OpenAI chat, which Langfuse renders as a conversation."""
    body = to_openai(challenge.messages, challenge.tools)
    return {key: body[key] for key in ("messages", "tools") if key in body}


def said(message: Message) -> dict[str, Any]:
    """Return one answer as an OpenAI chat message."""
    found = to_openai([message])["messages"]
    return found[0] if found else {"role": message.role, "content": ""}


def baseline_span(challenge: Challenge, experiment: Experiment) -> Span:
    """Show production's answer as an item of its own experiment, at the time when production gave it."""
    trace_id = baseline_trace_id(challenge.id)
    origin = challenge.origin
    facts = {"source_trace_id": origin.trace_id or None, "source_observation_id": origin.observation_id}
    at = shown_at(challenge)
    span = _answered("baseline", trace_id, span_id(challenge.id, "baseline"), at, challenge.baseline)
    return _in_experiment(span.model_copy(update={"metadata": _known(facts)}), challenge, experiment)


def rollout_span(duel: Duel, experiment: Experiment) -> Span:
    """Show the challenger's answer as an item of its experiment; a generation as root, so that its cost counts."""
    challenge, rollout = duel.challenge, duel.rollout
    if rollout is None:
        raise ValueError("a duel without a rollout has nothing to show")
    started_at = rollout.completion.started_at or shown_at(challenge)
    span = _answered("rollout", rollout_trace_id(duel), span_id(duel.id), started_at, rollout.completion)
    facts = {
        "challenger": duel.challenger,
        "fingerprint": duel.fingerprint,
        "source_trace_id": challenge.origin.trace_id or None,
        "judge_trace_id": judge_trace_id(duel) if duel.judgment and duel.judgment.looks else None,
        "warnings": list(rollout.warnings) or None,
    }
    return _in_experiment(span.model_copy(update={"metadata": _known(facts)}), challenge, experiment)


def judge_spans(duel: Duel) -> Iterator[Span]:
    """Show the judge's rounds in a trace of their own: in the experiment they would add to the challenger's cost."""
    judgment = duel.judgment
    if judgment is None or not judgment.looks:
        return
    begun = [look.started_at for look in judgment.looks if look.started_at] or [judged_at(duel)]
    ends = [(look.started_at or judged_at(duel)).timestamp() + (look.latency_s or 0.0) for look in judgment.looks]
    root = judge_span_id(duel)
    facts = {
        "judge": judgment.judge,
        "challenger": duel.challenger,
        "rollout_trace_id": rollout_trace_id(duel),
        "source_trace_id": duel.challenge.origin.trace_id or None,
        "dataset_item_id": duel.challenge.id,
        "absent": judgment.absent or None,
    }
    yield _judge_span(
        duel,
        root,
        name="judge",
        type="evaluator",
        started_at=min(begun),
        duration_s=max(ends) - min(begun).timestamp(),
        output={"verdict": judgment.verdict, "score": judgment.score, "consistent": judgment.consistent},
        metadata=_known(facts),
    )
    held = [(judged, look) for judged in judgment.members or (judgment,) for look in judged.rounds]
    for number, (judged, look) in enumerate(held, start=1):
        yield _round_span(duel, root, number, judged, look)


def _round_span(duel: Duel, root: str, number: int, judged: Judgment, look: Round) -> Span:
    method = judged.method
    facts = {
        "judge": judged.judge,
        "challenger_seat": look.challenger_seat,
        "seated": look.seated or None,
        "label": finding(look),
        "grades": look.grades or None,
        "asks": look.asks,
        "prompt": method.prompt if method else None,
    }
    return _judge_span(
        duel,
        judge_span_id(duel, number),
        parent_id=root,
        name=f"round {number}",
        type="generation",
        started_at=look.started_at or judged_at(duel),
        duration_s=look.latency_s or 0.0,
        output=look.text,
        model=look.model,
        usage=look.usage,
        cost_usd=look.cost_usd,
        parameters=method.parameters.model_dump(exclude_none=True) if method else None,
        level=None if look.score is not None or look.challenger_seat is None else "WARNING",
        status_message=look.problem,
        metadata=_known(facts),
    )


def _judge_span(duel: Duel, span: str, **shown: Any) -> Span:
    return Span(
        trace_id=judge_trace_id(duel),
        span_id=span,
        environment=JUDGES,
        trace_name="understudy judge",
        shows="judge",
        tags=(duel.challenge.tier,),
        **shown,
    )


def _answered(shows: str, trace_id: str, span: str, started_at: datetime, completion: Completion) -> Span:
    return Span(
        trace_id=trace_id,
        span_id=span,
        name=shows,
        type="generation",
        started_at=started_at,
        duration_s=completion.latency_s or 0.0,
        environment=ROLLOUTS,
        trace_name=f"understudy {shows}",
        shows=shows,
        output=said(completion.message),
        model=completion.model,
        usage=completion.usage,
        cost_usd=completion.cost_usd,
    )


def _in_experiment(span: Span, challenge: Challenge, experiment: Experiment) -> Span:
    """Add the five attributes without which Langfuse shows no experiment, and what was asked and expected."""
    extra = {
        "langfuse.experiment.id": experiment.id,
        "langfuse.experiment.name": experiment.name,
        "langfuse.experiment.dataset.id": experiment.dataset_id,
        "langfuse.experiment.item.id": challenge.id,
        "langfuse.experiment.item.root_observation_id": span.span_id,
        "langfuse.experiment.metadata.model": span.model or "unknown",
        "langfuse.experiment.item.expected_output": orjson.dumps(said(challenge.baseline.message)).decode(),
    }
    parameters = challenge.parameters.model_dump(mode="json", exclude_none=True)
    told = {"extra": extra, "input": asked(challenge), "parameters": parameters or None, "tags": (challenge.tier,)}
    return span.model_copy(update=told)


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if value is not None}
