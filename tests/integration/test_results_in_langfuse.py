"""What people find in Langfuse after a cycle, in every mode of the server."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.langfuse.summary import SWITCHING, figure_names
from connector.leaderboard_text.tiers import tier_figure_names
from tests.integration.world import CONFIG, config, fetch, produce, understudy

MODES = get_args(Mode)
CHALLENGERS, CHALLENGES = 2, 4
ROLLOUTS = CHALLENGERS * CHALLENGES
JUDGED = ROLLOUTS - 1
"""The copy answers one turn with production's own words, which no judge needs to see."""


async def cycle(server: SmallLangfuse, tmp_path: Path, times: int = 1) -> list[str]:
    """Run whole cycles over a small production; return its traces."""
    traces = await produce(server)
    for _ in range(times):
        ran = await understudy("once", "--yes", "-c", str(config(tmp_path)), server=server)
        assert ran.code == 0, ran.err
    return traces


def shown(server: SmallLangfuse, name: str) -> list[Any]:
    """Return the observations of one name."""
    return [row for row in server.observations() if row.name == name]


@pytest.mark.parametrize("mode", MODES)
async def test_every_result_is_there_once_however_often_the_cycle_runs(tmp_path: Path, mode: Mode) -> None:
    """Items, rollouts, baselines, rounds and scores: a second cycle adds nothing and writes nothing again."""
    async with SmallLangfuse(mode) as server:
        await cycle(server, tmp_path, times=2)
        names = Counter(row.name for row in server.observations())
        scores = Counter(score.name for score in server.scores())
        items = [item for item in server.dataset_items.values() if "turn" in item["metadata"]]
        assert len(items) == CHALLENGES
        assert {server.versions[item["id"]] for item in items} == {1}
    assert (names["rollout"], names["baseline"]) == (ROLLOUTS, CHALLENGES)
    assert (names["judge"], names["round 1"], names["round 2"]) == (JUDGED, JUDGED, JUDGED)
    assert scores["understudy_win"] == scores["understudy_verdict"] == scores["understudy_consistent"] == ROLLOUTS
    assert scores["understudy_win.good"] == scores["understudy_win.copy"] == CHALLENGES


@pytest.mark.parametrize("mode", MODES)
async def test_dataset_items_lead_back_to_production(tmp_path: Path, mode: Mode) -> None:
    """Each item asks with history and tools, expects production's answer, and links trace and generation."""
    async with SmallLangfuse(mode) as server:
        traces = await cycle(server, tmp_path)
        page = await fetch(server, "/api/public/dataset-items", datasetName="understudy/production", limit=100)
    assert {item["sourceTraceId"] for item in page["data"]} == set(traces)
    for item in page["data"]:
        assert item["input"]["messages"][0] == {"role": "system", "content": "Be brief."}
        assert item["input"]["messages"][-1]["content"].startswith("question")
        assert item["input"]["tools"][0]["function"]["name"] == "look_up"
        assert item["expectedOutput"]["content"].startswith("answer")
        assert item["sourceObservationId"]


@pytest.mark.parametrize("mode", ["events_only", "list_scores", "dual"])
async def test_each_challenger_and_the_baseline_are_experiments(tmp_path: Path, mode: Mode) -> None:
    """One item per challenge, with model, tokens, cost and latency; judge calls are no part of any of them."""
    async with SmallLangfuse(mode) as server:
        await cycle(server, tmp_path)
        found = {experiment["name"].split("@")[0]: experiment for experiment in server.experiments()}
        rollouts, baselines, judges = (shown(server, name) for name in ("rollout", "baseline", "judge"))
    assert {name: experiment["itemCount"] for name, experiment in found.items()} == dict.fromkeys(
        ("good", "copy", "baseline"), CHALLENGES
    )
    assert all(row.type == "GENERATION" and row.environment == "sdk-experiment" for row in rollouts + baselines)
    assert all(row.environment == "llm-as-a-judge" for row in judges)
    names = {score["name"] for score in found["good"]["scores"]}
    assert names >= {
        "win_rate",
        "win_rate_low",
        "win_rate_high",
        "turns",
        "unreadable",
        "failed",
        "p95_latency_s",
        "cost_per_1000_turns_usd",
        "switching",
    }
    assert names <= {*figure_names().values(), *tier_figure_names(), SWITCHING}


@pytest.mark.parametrize("mode", ["dual", "v3"])
async def test_servers_with_a_run_table_get_their_rows(tmp_path: Path, mode: Mode) -> None:
    """v3 and dual show runs by that table: one row per rollout and baseline, none twice."""
    async with SmallLangfuse(mode) as server:
        await cycle(server, tmp_path, times=2)
        runs = await fetch(server, "/api/public/datasets/understudy%2Fproduction/runs")
        dataset = server.datasets["understudy/production"]["id"]
        rows = {
            run["name"]: (await fetch(server, "/api/public/dataset-run-items", datasetId=dataset, runName=run["name"]))[
                "data"
            ]
            for run in runs["data"]
        }
    assert {name.split("@")[0]: len(found) for name, found in rows.items()} == dict.fromkeys(
        ("good", "copy", "baseline"), CHALLENGES
    )


@pytest.mark.parametrize("mode", MODES)
async def test_scores_carry_what_a_person_asks_next(tmp_path: Path, mode: Mode) -> None:
    """The judge's reason as comment, both labels, and links to rollout, judge trace and challenge."""
    async with SmallLangfuse(mode) as server:
        await cycle(server, tmp_path)
        wins = [score for score in server.scores() if score.name == "understudy_win"]
        production = [score for score in server.scores() if score.name == "understudy_win.good"]
        rollouts = {row.trace_id: row for row in shown(server, "rollout")}
        generations = {row.id for row in server.observations() if row.environment == "production"}
    for score in wins:
        assert score.comment
        assert score.metadata["judge"].startswith("arena_hard/judge-1/")
        assert score.observation_id == rollouts[score.trace_id].id
    assert {score.observation_id for score in production} <= generations
    assert len({score.observation_id for score in production}) == CHALLENGES


@pytest.mark.parametrize("mode", MODES)
async def test_the_leaderboard_is_an_item_and_a_trace(tmp_path: Path, mode: Mode) -> None:
    """One of each per epoch and judge; the trace shows a Markdown table."""
    async with SmallLangfuse(mode) as server:
        await cycle(server, tmp_path, times=2)
        [item] = [item for item in server.dataset_items.values() if item["metadata"].get("understudy") == "leaderboard"]
        [row] = [row for row in server.observations() if row.environment == "understudy"]
    assert {standing["challenger"] for standing in item["expectedOutput"]["standings"]} == {"baseline", "good", "copy"}
    assert "| good | 50.0 %" in (row.output if isinstance(row.output, str) else json.dumps(row.output))


async def test_configs_and_dashboard_are_made_once(tmp_path: Path) -> None:
    """Names are not unique on the server, so a second cycle must look before it writes."""
    async with SmallLangfuse() as server:
        await cycle(server, tmp_path, times=2)
        configs = Counter(row["name"] for row in (await fetch(server, "/api/public/score-configs", limit=100))["data"])
        boards = [board["name"] for board in server.dashboards.values()]
        [board] = server.dashboards.values()
        widgets = await fetch(server, "/api/public/unstable/dashboard-widgets", limit=100)
    assert configs == {"understudy_win": 1, "understudy_verdict": 1, "understudy_consistent": 1}
    assert boards == ["Understudy leaderboard"]
    assert len(board["definition"]["widgets"]) == len(widgets["data"]) >= 4
    [rate] = [widget for widget in widgets["data"] if widget["name"] == "Win rate by model"]
    assert rate["filters"][0]["value"] == ["understudy_win"]


async def test_an_unreadable_judge_leaves_no_win_and_no_tie(tmp_path: Path) -> None:
    """It is said that nothing could be read, and nothing else."""
    mute = CONFIG.replace("Better. [[B>A]]", "I cannot decide.")
    async with SmallLangfuse() as server:
        await produce(server)
        ran = await understudy("once", "--yes", "-c", str(config(tmp_path, mute)), server=server)
        wins = [score for score in server.scores() if score.name == "understudy_win"]
        verdicts = Counter(str(s.string_value or s.value) for s in server.scores() if s.name == "understudy_verdict")
    assert ran.code == 0
    assert verdicts == {"unreadable": JUDGED, "tie": 1}
    assert len(wins) == 1
