"""From a span's attributes to an observation, by the names that Langfuse's SDK writes and some of OpenTelemetry's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from connector.demo.langfuse.clock import to_ms
from connector.demo.langfuse.replies import packed, unpacked
from connector.demo.langfuse.rows import Experiment, Observation

if TYPE_CHECKING:
    from connector.demo.langfuse.spans import Span

Attributes = dict[str, Any]

_OURS = "langfuse.observation"
_ENVIRONMENT = ("langfuse.environment", "deployment.environment.name", "deployment.environment")
_SESSION = ("langfuse.session.id", "session.id", "gen_ai.conversation.id")
_USER = ("langfuse.user.id", "user.id")
_MODEL = (f"{_OURS}.model.name", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
_INPUT = (f"{_OURS}.input", "gen_ai.input.messages", "gen_ai.prompt", "input.value")
_OUTPUT = (f"{_OURS}.output", "gen_ai.output.messages", "gen_ai.completion", "output.value")
_OPERATIONS = {"chat": "GENERATION", "text_completion": "GENERATION", "execute_tool": "TOOL", "invoke_agent": "AGENT"}
# Seen on 4.16: a span without an output shows an empty object.
_NO_OUTPUT = "{}"
_MAX_ENVIRONMENT = 40


def observation_of(span: Span, project_id: str, api_key: str, now_ms: int) -> Observation:
    """The row that `span` becomes."""
    found = span.attributes
    start_ms = span.start_ns // 1_000_000
    return Observation(
        id=span.span_id,
        trace_id=span.trace_id,
        project_id=project_id,
        start_ms=start_ms,
        end_ms=span.end_ns // 1_000_000 if span.end_ns else None,
        completion_start_ms=_time(found.get(f"{_OURS}.completion_start_time")),
        created_ms=now_ms,
        updated_ms=now_ms,
        parent_id=span.parent_id,
        is_root=span.parent_id is None or found.get("langfuse.internal.is_app_root") is True,
        type=_type(found),
        name=span.name,
        level=_first(found, (f"{_OURS}.level",)) or ("ERROR" if span.failed else "DEFAULT"),
        status_message=_first(found, (f"{_OURS}.status_message",)) or span.status_message,
        **_context(span),
        input=_first(found, _INPUT),
        output=_first(found, _OUTPUT) if any(name in found for name in _OUTPUT) else _NO_OUTPUT,
        metadata=_metadata(span),
        model=_first(found, _MODEL),
        model_parameters=_object(found.get(f"{_OURS}.model.parameters")),
        usage=_with_total(_usage(found)),
        cost_usd=_with_total(_object(found.get(f"{_OURS}.cost_details"))),
        prompt_name=_first(found, (f"{_OURS}.prompt.name",)),
        prompt_version=found.get(f"{_OURS}.prompt.version"),
        api_key=api_key,
        experiment=_experiment(found),
    )


def environment_of(name: str) -> str:
    """`name` by the rules for public environments: `langfuse-x` becomes `x`, and what breaks them `default`."""
    public = re.sub(r"^(langfuse[-_]?)+", "", name.lower())[:_MAX_ENVIRONMENT]
    return public if re.fullmatch(r"[a-z0-9_-]+", public) else "default"


def _context(span: Span) -> dict[str, Any]:
    """What holds for the whole trace, and is written on each of its spans."""
    found = span.attributes
    environment = _first(found, _ENVIRONMENT) or _first(span.resource, _ENVIRONMENT)
    tags = found.get("langfuse.trace.tags") or ()
    tags = unpacked(tags) if isinstance(tags, str) else tags
    return {
        "environment": environment_of(environment),
        "version": _first(found, ("langfuse.version",)),
        "release": _first(found, ("langfuse.release",)) or _first(span.resource, ("langfuse.release",)),
        "public": found.get("langfuse.trace.public") is True,
        "trace_name": _first(found, ("langfuse.trace.name",)) or ("" if span.parent_id else span.name),
        "user_id": _first(found, _USER),
        "session_id": _first(found, _SESSION),
        "tags": tuple(tags) if isinstance(tags, list | tuple) else (tags,),
    }


def _type(found: Attributes) -> str:
    if ours := found.get(f"{_OURS}.type"):
        return str(ours).upper()
    return _OPERATIONS.get(str(found.get("gen_ai.operation.name")), "SPAN")


def _metadata(span: Span) -> Attributes:
    metadata: Attributes = {
        **_under(span.attributes, "langfuse.trace.metadata"),
        **_under(span.attributes, f"{_OURS}.metadata"),
    }
    # Other scopes get all that is left copied here, which is much noise; the SDK's own are spared.
    if not span.scope_name.startswith("langfuse-sdk"):
        known = (*_INPUT, *_OUTPUT, f"{_OURS}.metadata")
        metadata["attributes"] = {key: value for key, value in span.attributes.items() if not key.startswith(known)}
    if span.resource:
        metadata["resourceAttributes"] = span.resource
    metadata["scope"] = {"name": span.scope_name, "version": span.scope_version, "attributes": {}}
    return metadata


def _experiment(found: Attributes) -> Experiment | None:
    prefix = "langfuse.experiment"
    if not (experiment_id := found.get(f"{prefix}.id")):
        return None
    version = found.get(f"{prefix}.item.version")
    return Experiment(
        id=experiment_id,
        name=_first(found, (f"{prefix}.name",)),
        description=_first(found, (f"{prefix}.description",)),
        metadata=_under(found, f"{prefix}.metadata"),
        dataset_id=_first(found, (f"{prefix}.dataset.id",)),
        item_id=_first(found, (f"{prefix}.item.id",)),
        item_version=version if _time(version) is not None else None,
        item_metadata=_under(found, f"{prefix}.item.metadata"),
        root_id=_first(found, (f"{prefix}.item.root_observation_id",)),
        expected_output=_first(found, (f"{prefix}.item.expected_output",)),
    )


def _usage(found: Attributes) -> Attributes:
    if ours := _object(found.get(f"{_OURS}.usage_details")):
        return ours
    counts = {"input": found.get("gen_ai.usage.input_tokens"), "output": found.get("gen_ai.usage.output_tokens")}
    return {name: count for name, count in counts.items() if count is not None}


def _with_total(parts: Attributes) -> Attributes:
    return {**parts, "total": parts.get("total", sum(parts.values()))} if parts else {}


def _first(found: Attributes, names: tuple[str, ...]) -> str:
    return next((packed(found[name]) for name in names if found.get(name) is not None), "")


def _under(found: Attributes, name: str) -> Attributes:
    """An object that is one JSON attribute, or one attribute for each of its keys, or both."""
    single = {key[len(name) + 1 :]: value for key, value in found.items() if key.startswith(f"{name}.")}
    whole = found.get(name)
    if isinstance(whole, str):
        whole = unpacked(whole)
    if whole is None:
        return single
    return {**(whole if isinstance(whole, dict) else {"metadata": whole}), **single}


def _object(text: Any) -> Attributes:
    value = unpacked(text) if isinstance(text, str) else text
    return value if isinstance(value, dict) else {}


def _time(text: Any) -> int | None:
    try:
        return to_ms(text) if isinstance(text, str) else None
    except ValueError:
        return None
