"""History in Langfuse: every epoch is an item, and one that is closed says so and is complete."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.epochs import epoch_of
from tests.integration.world import CONFIG, config, conversation, produce, send, understudy

OLD = CONFIG.replace("[poll]\n", '[poll]\nsince = "40d"\n')


async def last_month(server: SmallLangfuse) -> str:
    """Let production answer three weeks ago; return that epoch."""
    begun = datetime.now(UTC) - timedelta(days=21)
    for number in range(3):
        trace = hashlib.md5(f"old {number}".encode()).hexdigest()
        await send(server, conversation(trace, number, 2, begun + timedelta(seconds=number)))
    return epoch_of(begun)


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_a_closed_epoch_is_complete_and_written_once(tmp_path: Path, mode: Mode) -> None:
    """Item and figures say when it closed; the open epoch says nothing of the kind; a second cycle adds no version."""
    async with SmallLangfuse(mode) as server:
        old = await last_month(server)
        await produce(server)
        path = config(tmp_path, OLD)
        for _ in range(2):
            ran = await understudy("once", "--yes", "-c", str(path), server=server)
            assert ran.code == 0, ran.err
        items = {item["input"]["epoch"]: item for item in server.dataset_items.values() if "epoch" in item["input"]}
        versions = server.versions[items[old]["id"]]
        scores = [score for score in server.scores() if "closed" in (score.metadata or {})]
    closed = items[old]["metadata"]["closed"]
    assert items[old]["expectedOutput"]["closed_at"] == closed.replace("+00:00", "Z")
    assert [epoch for epoch, item in items.items() if "closed" in item["metadata"]] == [old]
    assert versions == 1
    assert {"win_rate", "win_rate_low", "turns", "switching"} <= {score.name for score in scores}
    shown = await understudy("leaderboard", "--epoch", old, "--json", "-c", str(path))
    assert json.loads(shown.out)["closed_at"] == items[old]["expectedOutput"]["closed_at"]
    assert json.loads(shown.out)["standings"] == items[old]["expectedOutput"]["standings"]


async def test_history_and_gate_work_without_any_server(tmp_path: Path) -> None:
    """Both read what is stored: in the terminal at any width, as JSON, CSV, JUnit and Markdown."""
    async with SmallLangfuse() as server:
        old = await last_month(server)
        await produce(server)
        path = config(tmp_path, OLD)
        assert (await understudy("once", "--yes", "-c", str(path), server=server)).code == 0
    shown = await understudy("history", "-c", str(path), NO_COLOR="1")
    assert shown.code == 0
    assert f"{old}  " in shown.out
    assert f"{epoch_of(datetime.now(UTC))}*" in shown.out
    assert "\x1b" not in shown.out
    assert max(map(len, shown.out.splitlines())) <= 100
    points = json.loads((await understudy("history", "--json", "--challenger", "good", "-c", str(path))).out)["points"]
    assert {point["challenger"] for point in points} == {"good"}
    assert [point["closed_at"] is None for point in points if point["tier"] == "fresh"] == [False, True]
    table = await understudy("history", "--csv", "-c", str(path))
    assert table.out.splitlines()[0].startswith("challenger,tier,epoch,closed_at,")
    junit = tmp_path / "gate.xml"
    gate = await understudy("gate", "--json", "--epoch", old, "--junit", str(junit), "-c", str(path))
    assert gate.code == 11
    [check] = json.loads(gate.out)["checks"]
    assert (check["challenger"], check["result"], check["more_conversations"]) == ("good", "inconclusive", 27)
    cases = ET.parse(junit).getroot().findall(".//testcase")
    assert [case.find("skipped") is not None for case in cases] == [True]
    remapped = await understudy("gate", "--markdown", "--inconclusive-code", "0", "-c", str(path))
    assert (remapped.code, remapped.out.splitlines()[0]) == (0, "<!-- understudy-gate -->")
    unknown = await understudy("gate", "--challenger", "nobody", "-c", str(path))
    assert (unknown.code, "those there: copy, good" in unknown.err) == (2, True)
