"""`understudy show TRACE`, by the real command over real HTTP: observations, messages, turns."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from connector.demo.langfuse import Mode, Observation, SmallLangfuse
from tests.integration.reading import NOON, agent, hold, row, trace_id
from tests.integration.world import CONFIG, config, understudy

MEDIA = "@@@langfuseMedia:type=image/png|id=x|source=y@@@"
ODD = "[/red] \x1b[31mred\x1b[0m \u2028 \N{GRINNING FACE} " + "wide \u4f60\u597d " * 40

FILES = '[source]\nkind = "jsonl"\npath = "traces.jsonl"\n[sink]\nkind = "jsonl"\npath = "out.jsonl"\n'


def chat(*messages: tuple[str, Any]) -> list[dict[str, Any]]:
    """Say something as OpenAI's chat does."""
    return [{"role": role, "content": content} for role, content in messages]


def generation(part: str, after_s: int, asked: Any, answered: Any, parent: str | None, **more: Any) -> Observation:
    """Return a logged call of the trace `t`."""
    logged = {"input": json.dumps({"messages": asked}), "output": json.dumps(answered), "model": "kestrel-2"}
    begun = NOON + timedelta(seconds=after_s)
    return row("t", part, begun, seconds=1, parent=parent, **{"type": "GENERATION", **logged, **more})


def troubled() -> list[Observation]:
    """An agent with two parallel calls, a sub-agent, a failed call, a nonsense one and a tool."""
    root = row("t", "agent", NOON, seconds=9, parent=None, type="AGENT")
    first = chat(("system", "Be brief."), ("user", [{"type": "text", "text": "look"}, _image()]))
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": '{"q": 1}'}}
    asking = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "rain"}
    thought = {"role": "assistant", "reasoning_content": "let me see", "content": ODD}
    return [
        root,
        generation("ask", 1, first, asking, root.id),
        row("t", "look_up", NOON + timedelta(seconds=2), seconds=1, parent=root.id, type="TOOL"),
        generation("tell", 3, [*first, asking, result], thought, root.id),
        generation(
            "left", 3, [*first, *chat(("assistant", "hm"), ("user", "left?"))], chat(("assistant", "l"))[0], root.id
        ),
        generation("sub", 4, chat(("system", "Rate it."), ("user", "x")), chat(("assistant", "good"))[0], root.id),
        generation("failed", 5, first, None, root.id, level="ERROR"),
        generation("nonsense", 6, 17, 4, root.id),
    ]


def _image() -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": MEDIA}}


async def shown(tmp_path: Path, server: SmallLangfuse | None, *arguments: str, text: str = CONFIG) -> str:
    """Run the command; it must succeed and say nothing beside the result."""
    said = await understudy("show", *arguments, "-c", str(config(tmp_path, text)), server=server)
    assert (said.code, said.err) == (0, "")
    return said.out


async def exported(folder: Path, server: SmallLangfuse) -> None:
    """Write all traces into the file that `FILES` names."""
    path = config(folder, CONFIG.replace("[poll]", '[poll]\nsince = "3650d"'))
    said = await understudy("export", "-q", "-o", str(folder / "traces.jsonl"), "-c", str(path), server=server)
    assert said.code == 0, said.err


def names(folder: Path) -> list[str]:
    """Return the names of the files in a folder."""
    return [file.name for file in folder.iterdir()]


async def test_a_trace_is_drawn_before_anything_is_stored(tmp_path: Path) -> None:
    """Each observation with what it was taken for, each message once, each turn with its fate; nothing is kept."""
    async with SmallLangfuse() as server:
        hold(server, *troubled())
        out = await shown(tmp_path, server, trace_id("t"))
    for text in (
        "8 observation(s)",
        "call, read as openai_chat",
        "lost: the call ended in an error",
        "TOOL look_up · +2.0 s",
        'calls look_up {"q": 1} (c1)',
        "result of look_up (c1): rain",
        "shows image/png",
        "thought: let me see",
        "another way on",
        "history 2",
        "failed: the call ended",
    ):
        assert text in out
    assert out.count("Be brief.") == out.count("Rate it.") == 1
    assert names(tmp_path) == ["config.toml"]


async def test_a_drawing_fits_and_obeys_nothing(tmp_path: Path) -> None:
    """A hundred columns, no colour where nobody looks, and text that would move a terminal is only shown."""
    deep = [row("t", "0", NOON, seconds=9, parent=None)]
    for number in range(1, 60):
        below = row("t", str(number), NOON, seconds=9, parent=deep[-1].id)
        deep.append(below.model_copy(update={"name": f"step {number} {ODD}"}))
    asked = chat(("user", ODD))
    async with SmallLangfuse() as server:
        hold(server, *deep, generation("g", 1, asked, chat(("assistant", ODD))[0], deep[-1].id, model=ODD))
        out = await shown(tmp_path, server, trace_id("t"))
    assert max(map(cell_len, out.splitlines())) <= 100
    assert "\x1b" not in out
    assert "61 observation(s)" in out
    assert "[/red]" in out


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_every_source_draws_the_same(mode: Mode, tmp_path: Path) -> None:
    """v4, v3 and a file of exported traces: the same documented fields."""
    async with SmallLangfuse(mode) as server:
        begun = NOON - timedelta(minutes=30)
        hold(server, *agent("a", begun, session_id="s1"))
        one = json.loads(await shown(tmp_path, server, trace_id("a"), "--json"))
        await exported(tmp_path, server)
    assert json.loads(await shown(tmp_path, None, trace_id("a"), "--json", text=CONFIG + FILES)) == one
    assert [turn["answer"] for turn in one["turns"]] == ["a answer 0", "a answer 1"]
    assert [turn["history"] for turn in one["turns"]] == [1, 3]
    assert [node["role"] for node in one["messages"]] == ["user", "assistant"] * 2
    assert [node["parent"] for node in one["messages"]] == [None, 1, 2, 3]
    assert {each["use"] for each in one["observations"]} == {"aside", "call"}
    assert (one["fate"], one["session_id"]) == ("challenged", "s1")


async def test_a_history_is_completed_from_the_session(tmp_path: Path) -> None:
    """A follow-up that logs the tool's result alone is drawn with what an earlier trace of its session holds."""
    call = {"id": "c1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    asking = {"role": "assistant", "content": None, "tool_calls": [call]}
    result = [{"role": "tool", "tool_call_id": "c1", "content": "rain"}]
    first = generation("ask", 1, chat(("user", "weather?")), asking, None, session_id="s1")
    later = generation("tell", 60, result, chat(("assistant", "it rains"))[0], None, session_id="s1")
    later = later.model_copy(update={"trace_id": trace_id("later")})
    async with SmallLangfuse() as server:
        hold(server, first, later)
        out = await shown(tmp_path, server, trace_id("later"))
        await exported(tmp_path, server)
    for drawn in (out, await shown(tmp_path, None, trace_id("later"), text=CONFIG + FILES)):
        assert "stitched" in drawn
        assert "1 user: weather?" in drawn
        assert "result of look_up (c1): rain" in drawn


async def test_a_trace_that_a_cycle_leaves_out_says_why(tmp_path: Path) -> None:
    """By a filter, or because it has not ended; drawn all the same."""
    narrow = CONFIG + '[filters]\nenvironments = ["elsewhere"]\n'
    async with SmallLangfuse() as server:
        hold(server, *agent("a", NOON), row("b", "root", NOON, seconds=None, parent=None))
        for name, text, why in (
            ("a", narrow, "filtered: environment"),
            ("b", CONFIG, "waiting: its root has not ended"),
        ):
            out = await shown(tmp_path, server, trace_id(name), text=text)
            assert why in out
            assert "observation(s)" in out


async def test_an_unknown_id_says_where_ids_are_found(tmp_path: Path) -> None:
    """Neither a challenge nor a trace: exit code 2 and a hint."""
    async with SmallLangfuse() as server:
        said = await understudy("show", "nothing", "-c", str(config(tmp_path)), server=server)
    assert (said.code, said.out) == (2, "")
    assert "no stored challenge begins with 'nothing'" in said.err
    assert "hint: `understudy scan` lists examples" in said.err
