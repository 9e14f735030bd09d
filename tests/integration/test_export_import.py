"""Traces out of Langfuse into a file and in again, by the real command: the same challenges, however odd the texts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.jsonl import line_of
from connector.traces import Trace
from tests.integration.reading import agent, hold
from tests.integration.world import CONFIG, config, generation, produce, send, span, understudy

ODD = 'line\u2028paragraph\u2029next\u0085bell\u0007 quote" back\\slash \U0001f600 null\u0000 <\ufeff>'
"""Every character at which some reader of lines or of JSON has been seen to stumble."""

FROM_FILE = '[source]\nkind = "jsonl"\npath = "traces.jsonl"\n'
INTO_FILE = '[sink]\nkind = "jsonl"\npath = "results.jsonl"\n'


async def odd(server: SmallLangfuse) -> None:
    """Let production say everything that may go wrong in a file, with nulls inside of tool calls."""
    begun, trace = datetime.now(UTC) - timedelta(minutes=30), "f" * 32
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"at": null, "q": []}'}}
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
    question = {"role": "user", "content": ODD}
    asked = {"messages": [question], "tools": [tool]}
    answered = {"role": "assistant", "content": None, "tool_calls": [call]}
    history = [question, answered, {"role": "tool", "tool_call_id": "c1", "content": '{"found": null}'}]
    about = {"langfuse.environment": "production"}
    later = {"messages": history, "tools": [tool]}
    spoken = {"role": "assistant", "content": f"Found {ODD}"}
    await send(
        server,
        [
            span(trace, "e" * 16, begun, 5.0, about),
            span(trace, "d" * 16, begun, 1.0, about | generation(asked, answered), parent="e" * 16),
            span(trace, "c" * 16, begun, 2.0, about | generation(later, spoken), parent="e" * 16),
        ],
    )


def challenges(folder: Path) -> dict[str, Any]:
    """Return what the sink's file holds of challenges, by id."""
    lines = [json.loads(line) for line in (folder / "results.jsonl").read_bytes().split(b"\n") if line]
    return {line["id"]: line["challenge"] for line in lines if line["kind"] == "challenge"}


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_what_is_imported_is_what_was_exported(mode: Mode, tmp_path: Path) -> None:
    """`export`, `import`, `once` end in the very challenges that `once` makes of the server itself."""
    direct, by_file = tmp_path / "direct", tmp_path / "file"
    direct.mkdir()
    by_file.mkdir()
    async with SmallLangfuse(mode) as server:
        await produce(server)
        await odd(server)
        ran = await understudy("once", "--yes", "-c", str(config(direct, CONFIG + INTO_FILE)), server=server)
        assert ran.code == 0, ran.err
        traces = str(by_file / "traces.jsonl")
        ran = await understudy("export", "-o", traces, "-c", str(config(tmp_path)), server=server)
        assert ran.code == 0, ran.err
        assert "wrote 3 trace(s)" in ran.err
    path = str(config(by_file, CONFIG + FROM_FILE + INTO_FILE))
    ran = await understudy("import", traces, "-c", path)
    assert ran.code == 0, ran.err
    assert "queued 12 duel(s)" in ran.err
    ran = await understudy("once", "--yes", "-c", path)
    assert ran.code == 0, ran.err
    assert len(challenges(direct)) == 6
    assert challenges(by_file) == challenges(direct)
    assert ODD in [
        message["parts"][0].get("content") for each in challenges(by_file).values() for message in each["messages"]
    ]


async def test_importing_twice_queues_nothing_twice(tmp_path: Path) -> None:
    """The same file again, and the same file read by the jsonl source, find every turn known."""
    async with SmallLangfuse() as server:
        await produce(server)
        exported = await understudy("export", "-c", str(config(tmp_path)), server=server)
    (tmp_path / "traces.jsonl").write_text(exported.out, encoding="utf-8", newline="\n")
    path = str(config(tmp_path, CONFIG + FROM_FILE + INTO_FILE))
    for queued in (8, 0):
        ran = await understudy("import", str(tmp_path / "traces.jsonl"), "-c", path)
        assert f"queued {queued} duel(s)" in ran.err
    ran = await understudy("once", "--yes", "-c", path)
    assert ran.code == 0, ran.err
    assert len(challenges(tmp_path)) == 4


async def test_export_knows_the_filters_and_its_own_traces(tmp_path: Path) -> None:
    """What the filters drop and what Understudy wrote is not in the file."""
    async with SmallLangfuse() as server:
        await produce(server)
        ran = await understudy("once", "--yes", "-c", str(config(tmp_path)), server=server)
        assert ran.code == 0, ran.err
        hold(server, *agent("staging", datetime.now(UTC) - timedelta(minutes=20), environment="staging"))
        path = str(config(tmp_path, CONFIG + '[filters]\nenvironments = ["staging"]\n'))
        filtered = await understudy("export", "-q", "-c", path, server=server)
        everything = await understudy("export", "-q", "-c", str(config(tmp_path)), server=server)
    assert [json.loads(line)["environment"] for line in filtered.out.splitlines()] == ["staging"]
    assert len(everything.out.splitlines()) == 3


GOOD = line_of(Trace(id="t", started_at=datetime(2026, 11, 18, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ('{"id": 7', "line"),
        ('{"id": "t"}', "started_at"),
        ('{"id": "t", "started_at": "soon"}', "started_at"),
        (GOOD.replace('"id":"t"', '"id":"t","idd":"t"').strip(), "idd"),
        ('{"id": "t", "started_at": "2026-11-18T00:00:00Z", "observations": [{"id": "o"}]}', "observations.0.trace_id"),
        ("\udcff", "line"),
    ],
)
async def test_a_bad_line_is_named_by_file_and_line(bad: str, says: str, tmp_path: Path) -> None:
    """With what is wrong in it, exit code 2, and nothing of the file queued."""
    file = tmp_path / "traces.jsonl"
    file.write_bytes(f"{GOOD}\n{GOOD}{bad}\n{GOOD}".encode(errors="surrogateescape"))
    path = str(config(tmp_path, CONFIG + INTO_FILE))
    ran = await understudy("import", str(file), "-c", path)
    assert ran.code == 2
    assert f"error: {file}:4: {says}" in ran.err
    assert "hint: each line is a trace" in ran.err
    assert "Traceback" not in ran.err


async def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    """No traceback: the name and why."""
    ran = await understudy("import", str(tmp_path / "none.jsonl"), "-c", str(config(tmp_path)))
    assert ran.code == 2
    assert f"error: {tmp_path / 'none.jsonl'}: No such file or directory" in ran.err


@pytest.mark.parametrize("verb", ["scan", "export", "once"])
async def test_a_wrong_key_is_never_shown(verb: str, tmp_path: Path) -> None:
    """Refused by the server, unreachable or without a scheme: neither key nor header is on either stream."""
    wrong = {"LANGFUSE_PUBLIC_KEY": "pk-lf-public-word", "LANGFUSE_SECRET_KEY": "sk-lf-secret-word"}
    pair = "cGstbGYtcHVibGljLXdvcmQ6c2stbGYtc2VjcmV0LXdvcmQ="
    async with SmallLangfuse() as server:
        for base_url, code in ((server.base_url, 2), ("localhost:1", 2)):
            for form in ("pretty", "json"):
                path = str(config(tmp_path, CONFIG + f'[log]\nlevel = "debug"\nformat = "{form}"\n'))
                ran = await understudy(verb, "-c", path, **{"LANGFUSE_BASE_URL": base_url, **wrong})  # type: ignore[arg-type]
                assert ran.code == code, ran.err
                assert "error: " in ran.err
                for secret in (*wrong.values(), pair, "Basic "):
                    assert secret not in ran.out + ran.err


async def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """One line and a hint instead of a traceback."""
    async with SmallLangfuse() as server:
        await produce(server, conversations=1)
        output = str(tmp_path / "missing" / "traces.jsonl")
        said = await understudy("export", "-q", "-o", output, "-c", str(config(tmp_path)), server=server)
    assert said.code == 2
    assert said.err.splitlines() == [
        f"error: {output} cannot be written: No such file or directory",
        "hint: -o names a file in a folder that is there",
    ]
