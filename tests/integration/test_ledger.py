"""The ledger of a mixed project: every trace and every turn in exactly one state, and the sums add up."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from tests.integration.world import CONFIG, config, generation, produce, send, span, understudy

ONLY_PRODUCTION = '[filters]\nenvironments = ["production"]\n' + CONFIG
ASKED = {"messages": [{"role": "user", "content": "hey"}]}
CALLS = {"role": "assistant", "tool_calls": [{"id": "c", "function": {"name": "look_up", "arguments": "{}"}}]}
TRANSCRIPT = [{"role": role, "content": text} for role, text in zip(["user", "assistant"] * 3, "abcdef", strict=True)]

ODD: dict[str, list[dict[str, Any]]] = {
    "failed": [generation(ASKED, "", **{"langfuse.observation.level": "ERROR"})],
    "failed, then answered": [
        generation(ASKED, "", **{"langfuse.observation.level": "ERROR"}),
        generation(ASKED, "hi"),
    ],
    "nonsense": [generation("[0.1, -0.2]", '{"vector": [1]}')],
    "foreign": [generation(ASKED, '{"candidates": []}')],
    "half written": [generation('[{"role": "user", "content": "he', "hi")],
    "unanswered": [generation(ASKED, "")],
    "greeting": [generation({"messages": [{"role": "system", "content": "Greet."}]}, "welcome")],
    "undeclared tool": [generation(ASKED, CALLS)],
    "transcript": [generation({"messages": TRANSCRIPT[:-1]}, TRANSCRIPT[-1])],
    "empty": [],
    "question and answer": [],
}
"""What production logged beside its good traces: the model calls of one trace each."""

TRACES = {
    ("challenged", ""): 2 + 3 + 3,  # good, a session of three traces, then: answered at last, transcript, plain
    ("failed", "the call ended in an error"): 1,
    ("unreadable", "no known format"): 1,
    ("unreadable", "its output is in no known form"): 1,
    ("unreadable", "messages in broken JSON"): 1,
    ("unreadable", "no answer was logged"): 1,
    ("unreadable", "no model call in it"): 1,
    ("unreplayable", "nothing before it to answer"): 1,
    ("unreplayable", "it calls a tool whose definition was not logged"): 1,
    ("filtered", "environment"): 1,
}
TURNS = {
    ("challenged", ""): 2 * 2 + 3 + 1 + 1 + 1,
    ("challenged", "known from a later history"): 2,  # of the transcript
    ("failed", "the call ended in an error"): 2,
    ("unreadable", "no known format"): 1,
    ("unreadable", "its output is in no known form"): 1,
    ("unreadable", "messages in broken JSON"): 1,
    ("unreadable", "no answer was logged"): 1,
    ("unreplayable", "nothing before it to answer"): 1,
    ("unreplayable", "it calls a tool whose definition was not logged"): 1,
}
WAITING = {("waiting", "not settled yet"): 1}


async def mixed_project(server: SmallLangfuse) -> set[str]:
    """Fill a project with everything that goes right and wrong; return the ids of production's traces."""
    ids = {*await produce(server), *await produce(server, 1, 1, **{"langfuse.environment": "staging"})}
    begun = datetime.now(UTC) - timedelta(minutes=20)
    for number, (name, calls) in enumerate(ODD.items()):
        plain = {"langfuse.observation.input": '{"question": "hey"}', "langfuse.observation.output": "hi"}
        ids.add(await _log(server, name, begun, number, calls, about=plain if name == "question and answer" else {}))
    history: list[dict[str, Any]] = []
    for number in range(3):
        history = [*history, {"role": "user", "content": f"q{number}"}]
        call = generation({"messages": history}, f"a{number}", **{"session.id": "s-1"})
        ids.add(await _log(server, f"session {number}", begun, 20 + number, [call], about={"session.id": "s-1"}))
        history = [*history, {"role": "assistant", "content": f"a{number}"}]
    return ids


async def _log(
    server: SmallLangfuse,
    name: str,
    begun: datetime,
    number: int,
    calls: list[dict[str, Any]],
    *,
    about: Mapping[str, Any] | None = None,
    root: bool = True,
) -> str:
    """Send one trace."""
    trace, at = hashlib.md5(name.encode()).hexdigest(), begun + timedelta(seconds=10 * number)
    facts = {"langfuse.environment": "production", "langfuse.trace.name": name, **(about or {})}
    root_id = f"{number + 0x1000:015x}0"
    spans = [span(trace, root_id, at, 9.0, {**facts, "langfuse.internal.is_app_root": True})] if root else []
    for place, call in enumerate(calls, start=1):
        moment = at + timedelta(seconds=place)
        spans.append(span(trace, f"{root_id[:-1]}{place}", moment, 0.5, {**facts, **call}, parent=root_id))
    await send(server, spans)
    return trace


async def scanned(server: SmallLangfuse, path: Path) -> list[dict[str, Any]]:
    """Run `understudy scan --json` and return its rows."""
    said = await understudy("scan", "-c", str(path), "--json", "-q", server=server)
    assert said.code == 0, said.err
    rows: list[dict[str, Any]] = json.loads(said.out)
    return rows


def counts(rows: list[dict[str, Any]], of: str) -> dict[tuple[str, str], int]:
    """Return the counts of traces or of turns, whatever logged them."""
    found = Counter[tuple[str, str]]()
    for row in rows:
        if row["of"] == of:
            found[row["fate"], row["reason"]] += row["count"]
    return dict(found)


@pytest.mark.parametrize("mode", ["events_only", "dual", "v3"])
async def test_every_trace_and_every_turn_is_counted_once(tmp_path: Path, mode: Mode) -> None:
    """What `scan` counts are production's traces, all of them, and every turn that is in them."""
    async with SmallLangfuse(mode) as server:
        ids = await mixed_project(server)
        rows = await scanned(server, config(tmp_path, ONLY_PRODUCTION))
    assert counts(rows, "trace") == TRACES
    assert counts(rows, "turn") == TURNS
    assert sum(counts(rows, "trace").values()) == len(ids)
    assert {row["example"] for row in rows} <= ids


async def test_turns_are_counted_by_what_logged_them(tmp_path: Path) -> None:
    """By format, integration and reason, each pair once; a turn that no format could read has none."""
    async with SmallLangfuse() as server:
        await mixed_project(server)
        rows = await scanned(server, config(tmp_path, ONLY_PRODUCTION))
    kinds = [tuple(row[name] for name in ("of", "fate", "reason", "format", "integration")) for row in rows]
    assert len(set(kinds)) == len(kinds)
    turns = [row for row in rows if row["of"] == "turn"]
    assert {row["format"] for row in turns if row["fate"] == "challenged"} == {"openai_chat", "plain_text"}
    assert {row["format"] for row in turns if row["reason"] == "no known format"} == {None}
    assert all(row["format"] is row["integration"] is None for row in rows if row["of"] == "trace")


async def test_the_table_of_a_scan_fits_a_hundred_columns(tmp_path: Path) -> None:
    """Every count of the JSON stands in it, in a line of its own with its example, below its fate and reason."""
    async with SmallLangfuse() as server:
        await mixed_project(server)
        path = config(tmp_path, ONLY_PRODUCTION)
        rows = await scanned(server, path)
        said = await understudy("scan", "-c", str(path), "-q", server=server)
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 100
    for row in rows:
        assert f"{row['fate']}: {row['reason']}".removesuffix(": ") in lines
    counted = [line.split()[-2:] for line in lines if line.startswith("  ") and line.split()[0] != "sum"]
    examples = [(count, example) for count, example in counted if example != "trace"]
    assert sorted(examples) == sorted((f"{row['count']:,}", row["example"]) for row in rows)
    sums = [int(line.split()[-1]) for line in lines if line.split()[:1] == ["sum"]]
    assert sums == [sum(TRACES.values()), sum(TURNS.values())]


async def test_a_trace_that_still_runs_is_waited_for(tmp_path: Path) -> None:
    """It is counted as waiting, and nothing of it as a turn."""
    async with SmallLangfuse() as server:
        ids = await mixed_project(server)
        begun = datetime.now(UTC) - timedelta(minutes=40)
        ids.add(await _log(server, "running", begun, 99, [generation(ASKED, "hi")], root=False))
        rows = await scanned(server, config(tmp_path, ONLY_PRODUCTION))
    assert counts(rows, "trace") == TRACES | WAITING
    assert counts(rows, "turn") == TURNS
    assert sum(counts(rows, "trace").values()) == len(ids)


async def test_what_we_and_langfuse_write_is_not_production(tmp_path: Path) -> None:
    """After a whole cycle, with all its traces in the project, the next scan counts what the first one did."""
    async with SmallLangfuse() as server:
        ids = await mixed_project(server)
        begun = datetime.now(UTC) - timedelta(minutes=40)
        evaluator = {"langfuse.environment": "langfuse-llm-as-a-judge"}
        await _log(server, "evaluator", begun, 98, [generation(ASKED, "4/5", **evaluator)], about=evaluator)
        path = config(tmp_path, ONLY_PRODUCTION.replace("[poll]\n", '[poll]\nsettle = "0s"\n'))
        before = await scanned(server, path)
        said = await understudy("once", "--yes", "-q", "-c", str(path), server=server)
        assert said.code == 0, said.err
        written = {observation.trace_id for observation in server.observations()} - ids
        assert len(written) > len(ids)
        assert await scanned(server, path) == before
    assert counts(before, "trace") == TRACES


async def test_the_ledger_of_a_cycle_is_that_of_the_scan(tmp_path: Path) -> None:
    """`once` shows the same sums, and running it again adds nothing to them."""
    async with SmallLangfuse() as server:
        await mixed_project(server)
        path = config(tmp_path, ONLY_PRODUCTION)
        first = await understudy("once", "--yes", "-c", str(path), server=server)
        again = await understudy("once", "--yes", "-c", str(path), server=server)
    assert first.code == again.code == 0, first.err
    for said in (first, again):
        sums = [line.split()[-1] for line in said.err.splitlines() if line.startswith("sum")]
        assert sums == [str(sum(TRACES.values())), str(sum(TURNS.values()))]
