"""Samples of what integrations really store, each with its expected reading."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from connector.assemble import assemble
from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.langfuse.rows import observation
from connector.split import TurnRules, split
from connector.types import Call, Trace
from rollouts.types import Challenge, Media, Message, Reasoning, ToolCall, ToolResult

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "formats"
MANIFEST = (
    [json.loads(line) for line in (FOLDER / "manifest.jsonl").read_text(encoding="utf-8").split("\n") if line]
    if FOLDER.is_dir()
    else []
)
needed = pytest.mark.skipif(not MANIFEST, reason="the samples in ../shared/data/formats are not here")


NOT_YET = {
    "067-langchain-full-state-as-output": "the harness cannot yet compare an output that repeats its input",
    "173-langgraph-js-root-constructors": "the harness cannot yet compare an output that repeats its input",
    "022-trace-ms-agent-stitch": "a system prompt that only the agent's span holds is not yet fetched from there",
}


def samples(kind: str) -> list[Any]:
    """Return the samples of one kind, each under its name."""
    return [
        pytest.param(
            sample,
            id=sample["id"],
            marks=pytest.mark.xfail(reason=NOT_YET[sample["id"]], strict=True) if sample["id"] in NOT_YET else (),
        )
        for sample in MANIFEST
        if sample["kind"] == kind
    ]


def stored(sample: dict[str, Any]) -> dict[str, Any]:
    """Return what the integration stored."""
    found: dict[str, Any] = json.loads((FOLDER / sample["file"]).read_text(encoding="utf-8"))
    return found


def as_strings(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as v2/observations has it: input and output as text."""
    texts = {
        key: row.get(key) if isinstance(row.get(key), str | None) else json.dumps(row[key])
        for key in ("input", "output")
    }
    return row | texts


def bare(text: str | None) -> str:
    """Return text without any white space."""
    return re.sub(r"\s+", "", text or "")


def roles(messages: Iterable[Message]) -> list[str]:
    """Return the roles, one `tool` for each result."""
    return [
        role
        for m in messages
        for role in (
            [m.role] * max(1, sum(isinstance(p, ToolResult) for p in m.parts)) if m.role == "tool" else [m.role]
        )
    ]


def calls(messages: Iterable[Message]) -> list[str]:
    """Return the names of the tools called, in order."""
    return [part.name for message in messages for part in message.parts if isinstance(part, ToolCall)]


def differences(call: Call, want: dict[str, Any]) -> list[str]:
    """Name everything in which a reading differs from what is expected."""
    answer = (call.answer.message,) if call.answer else ()
    found = {
        "input_roles": roles(call.messages),
        "output_roles": roles(answer),
        "input_tool_calls": calls(call.messages),
        "output_tool_calls": calls(answer),
        "tools_defined": sorted(tool.name for tool in call.tools),
    }
    wrong = []
    moved = want["output_roles"] == [] and want["input_roles"][-1:] == ["assistant"]
    for key, value in found.items():
        allowed = [want[key]] if key != "tools_defined" else [sorted(want[key])]
        if key == "input_roles":
            alternatives = want.get("input_roles_alt", [])
            allowed += (
                alternatives
                if alternatives and isinstance(alternatives[0], list)
                else [alternatives]
                if alternatives
                else []
            )
            allowed += [want[key][:-1]] if moved else []
        if key == "output_roles" and moved:
            allowed.append(["assistant"])
        if key in ("input_tool_calls", "output_tool_calls") and moved:
            continue
        if key == "tools_defined" and want.get("tools_optional"):
            continue
        if value not in allowed:
            wrong.append(f"{key}: {value} instead of {want[key]}")
    wrong += _texts(call, want, () if moved else answer) + _figures(call, want)
    return wrong


def _texts(call: Call, want: dict[str, Any], answer: tuple[Message, ...]) -> list[str]:
    history = call.messages
    systems = [m.text for m in history if m.role == "system"]
    users = [m.text for m in history if m.role == "user"]
    results = [p.response for m in history for p in m.parts if isinstance(p, ToolResult)]
    last = [m for m in (*history, *answer) if m.role == "assistant"][-1:]
    wrong = []
    for key, texts, place in (("system_prefix", systems, 0), ("last_user_prefix", users, -1)):
        if want[key] is not None and not (texts and bare(texts[place]).startswith(bare(want[key]))):
            alternative = want.get("system_alt") if key == "system_prefix" else None
            if alternative is None or not (texts and bare(texts[place]).startswith(bare(str(alternative)))):
                wrong.append(f"{key}: {texts[place:][:1]} instead of {want[key]!r}")
    if (expected := want["last_tool_result_prefix"]) is not None:
        shown = bare(results[-1] if results else "")
        if bare(expected) not in shown and bare(expected).replace("\\", "") not in shown.replace("\\", ""):
            wrong.append(f"last_tool_result_prefix: {shown[:80]} instead of {expected!r}")
    said = last[0].text if last and answer else ""
    expected = want["answer_text_prefix"]
    allowed = [expected, *(want[key] for key in ("answer_alt", "output_text_alt") if key in want)]
    flat = [item for a in allowed for item in (a if isinstance(a, list) else [a])]
    if not any(bare(said) == "" if a is None else bare(said).startswith(bare(str(a))) for a in flat) and answer:
        json_same = want.get("answer_json") and _is_json(said)
        if not json_same:
            wrong.append(f"answer_text_prefix: {said[:80]!r} instead of {expected!r}")
    return wrong


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _figures(call: Call, want: dict[str, Any]) -> list[str]:
    everything = [*call.messages, *([call.answer.message] if call.answer else [])]
    parts = [part for message in everything for part in message.parts]
    media = [m for p in parts for m in ((p,) if isinstance(p, Media) else p.media if isinstance(p, ToolResult) else ())]
    wrong = []
    if (
        want["reasoning_present"] is not None
        and any(isinstance(p, Reasoning) for p in parts) != want["reasoning_present"]
    ):
        wrong.append(f"reasoning_present: not {want['reasoning_present']}")
    kinds = ["file" if m.modality == "document" else m.modality for m in media]
    if kinds != want["media"]:
        wrong.append(f"media: {kinds} instead of {want['media']}")
    given = call.parameters.model_dump(mode="json", exclude_none=True)
    for name, value in want["params"].items():
        if name in type(call.parameters).model_fields and not _same(given.get(name), value):
            wrong.append(f"params.{name}: {given.get(name)!r} instead of {value!r}")
    wrong += [f"params.{name}: must be absent" for name in want["params_absent"] if name in given]
    if want.get("model") and call.answer and call.answer.model != want["model"]:
        wrong.append(f"model: {call.answer.model} instead of {want['model']}")
    return wrong


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(found, str):
        return [found] == expected
    if isinstance(expected, dict) and isinstance(found, dict):
        return bool(found)
    return bool(found == expected) or str(found).lower() == str(expected).lower()


@needed
@pytest.mark.parametrize("as_text", [False, True], ids=["parsed", "text"])
@pytest.mark.parametrize("sample", samples("observation"))
def test_a_logged_call_reads_as_expected(sample: dict[str, Any], *, as_text: bool) -> None:
    """Roles, calls, results, tools, system prompt, texts, media, reasoning and parameters; both API forms."""
    row, want = stored(sample)["observation"], sample["expected"]
    row = {"traceId": "t", "startTime": "2026-01-01T00:00:00Z", **row}
    try:
        call = read_call(observation(as_strings(row) if as_text else row))
    except Unusable:
        assert "no" in (want["usable"], want.get("usable_alt")) or want["usable"] == "partial", "it is unreadable"
        return
    if want["usable"] == "no":
        return
    assert differences(call, want) == []


@needed
@pytest.mark.parametrize("sample", samples("trace"))
def test_a_logged_trace_gives_its_turns_once(sample: dict[str, Any]) -> None:
    """As many turns as are expected, each from its source, with its history and its calls."""
    body, want = stored(sample), sample["expected"]
    usual = {"startTime": "2026-01-01T00:00:00Z", "traceId": body["trace"]["id"]}
    rows = [observation(usual | row) for row in body["observations"]]
    rows.sort(key=lambda row: (row.started_at, row.id))
    trace = Trace(id=body["trace"]["id"], started_at=rows[0].started_at, observations=tuple(rows))
    conversation, _ = assemble(trace)
    rules = TurnRules(tools_missing="include")
    turns = [turn for turn in split(conversation, rules) if isinstance(turn, Challenge)]
    expected = want["turns"]
    if want["usable"] == "partial" and not turns:
        return  # left out by default, with a counted reason
    if len(turns) not in (want["unique_turns"], want.get("turns_alt", -1)):
        shown = [(turn.origin.observation_id, roles(turn.messages)) for turn in turns]
        pytest.fail(f"{len(turns)} turns instead of {want['unique_turns']}: {shown}")
    if len(turns) == len(expected):
        by_source = {turn.origin.observation_id: turn for turn in turns}
        for turn in expected:
            found = by_source.get(turn["source"])
            assert found is not None, f"no turn of {turn['source']}"
            assert calls([found.baseline.message]) == turn["tool_calls"]
            assert bare(found.baseline.message.text).startswith(bare(turn["text_prefix"]))
            assert roles(found.messages) in (turn["history_roles"], turn.get("history_roles_unstitched"))
