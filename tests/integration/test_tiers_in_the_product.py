"""Tiers through the whole product: asked, judged, posted and on the leaderboard; and the adversarial tier by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connector.app import build
from connector.checkup import examine
from connector.cli import app
from connector.config_file import read
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.epochs import begins
from connector.types import Duel
from judges.standings.tiers import TierStanding
from rollouts.errors import Fatal
from tests.integration.tiering import People, asked, assistant, observation_of, opened, project, queued, refilled
from tests.integration.world import CONFIG, keys_of, produce, understudy

TIERS = """
[sampling]
share = 0.0
[tiers.golden]
datasets = ["support/golden"]
[tiers.regression]
datasets = ["broken once"]
[tiers.adversarial]
scores = ["user_feedback < 0"]
"""
ONE = CONFIG.split("[challengers.copy]", maxsplit=1)[0]


async def fed(server: SmallLangfuse) -> list[str]:
    """Let production answer and people keep and flag; return the traces."""
    traces = await produce(server, conversations=3, turns=1)
    people = People(server)
    await people.dataset("support/golden", made_up={"input": "How are you?", "expectedOutput": "Fine."})
    kept = {"input": {"messages": asked(0, 0)}, "expectedOutput": assistant("right"), "sourceTraceId": traces[0]}
    await people.dataset("broken once", kept={**kept, "sourceObservationId": observation_of(0, 0)})
    await people.score(traces[1], -1)
    return traces


async def board(path: Path) -> dict[str, TierStanding]:
    """Return the tiers of the leaderboard, of the one challenger."""
    async with build(read(path), path, online=False) as app:
        return {each.tier: each for each in (await app.engine.leaderboard()).tiers if each.challenger == "good"}


async def by_hand(*arguments: str) -> Result:
    """Run a verb that asks no model, in a thread of this process; the keys are in its environment."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, arguments))


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Callable[[SmallLangfuse], None]:
    """Put the keys of a server into the environment."""

    def put(server: SmallLangfuse) -> None:
        for name, value in keys_of(server).items():
            monkeypatch.setenv(name, value)

    return put


@pytest.mark.parametrize("mode", ["events_only", "dual", "v3"])
async def test_every_tier_is_asked_posted_and_has_a_figure_of_its_own(mode: Mode, tmp_path: Path) -> None:
    """An item without a trace has no score on production and no link; the others have both; all are told apart."""
    async with SmallLangfuse(mode) as server:
        traces = await fed(server)
        path = project(tmp_path, TIERS, ONE)
        ran = await understudy("once", "--yes", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        items = {
            item["metadata"]["tier"]: item
            for item in server.state.dataset_items.values()
            if item["metadata"] and "tier" in item["metadata"]
        }
        on_production = {score.trace_id for score in server.scores() if score.name == "understudy_win.good"}
        wins = [score for score in server.scores() if score.name == "understudy_win"]
        shown = [
            row for row in server.observations() if row.trace_name in ("understudy rollout", "understudy baseline")
        ]
    assert set(items) == {"golden", "regression", "adversarial"}
    assert {tier: item["sourceTraceId"] for tier, item in items.items()} == {
        "golden": None,
        "regression": traces[0],
        "adversarial": traces[1],
    }
    assert items["golden"]["metadata"]["baseline"] == "the expected output"
    assert items["golden"]["metadata"]["source_item"] == "support/golden/made_up"
    assert items["regression"]["metadata"]["reference"]["content"] == "right"
    assert on_production == {traces[0], traces[1]}
    assert len(wins) == 3
    assert {tier for row in shown for tier in row.tags} == {"understudy", "golden", "regression", "adversarial"}
    assert all(row.start_ms >= begins(items["golden"]["metadata"]["epoch"]).timestamp() * 1000 for row in shown)
    tiers = await board(path)
    assert {tier: each.turns for tier, each in tiers.items() if each.turns} == {
        "golden": 1,
        "regression": 1,
        "adversarial": 1,
    }
    assert tiers["adversarial"].weight == 3.0
    async with build(read(path), path, online=False) as app:
        judged = await app.store.judged_conversations(app.engine.arena.jury.version, app.engine.fingerprints)
    assert judged == {"good": frozenset()}, "the win rate of the traffic rests on none of them"


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_a_turn_is_added_listed_and_removed_by_hand(
    mode: Mode, tmp_path: Path, keys: Callable[[SmallLangfuse], None]
) -> None:
    """Also while somebody else works on the state; removal needs a reason, leaves a record, and can be undone."""
    async with SmallLangfuse(mode) as server:
        keys(server)
        traces = await produce(server, conversations=2, turns=2)
        path = project(tmp_path, "[sampling]\nshare = 0.0", ONE)
        there = ("-c", str(path))
        async with opened(path) as working:
            said = await by_hand("adversarial", "add", traces[0], "--reason", "rude", *there)
            assert said.exit_code == 0, said.output
            assert said.stdout.startswith(f"added 2 turn(s) of trace {traces[0]}")
            one = ("adversarial", "add", traces[1], "--observation", observation_of(1, 1), *there)
            assert "added 1 " in (await by_hand(*one)).stdout
            assert "; 1 known" in (await by_hand(*one)).stdout
            assert await working.engine.refill() == 3
            rows = json.loads((await by_hand("adversarial", "ls", "--json", *there)).stdout)
            assert {(row["trace_id"], row["why"], row["source"]) for row in rows} == {
                (traces[0], "rude", "by hand"),
                (traces[1], "", "by hand"),
            }
            remove = ("adversarial", "remove", rows[0]["id"][:12], *there)
            assert (await by_hand(*remove)).exit_code == 2, "no reason"
            assert "without a reason" in str((await by_hand(*remove, "--reason", " ")).exception)
            assert (await by_hand(*remove, "--reason", "not hard")).exit_code == 0
            assert "no turns of the adversarial tier begin" in str((await by_hand(*remove, "--reason", "x")).exception)
            assert await working.engine.refill() == -1, "nobody has been asked yet, so nobody will be"
            [record] = json.loads((await by_hand("adversarial", "ls", "--removed", "--json", *there)).stdout)
            assert (record["member_id"], record["because"], record["returned_at"]) == (rows[0]["id"], "not hard", None)
            assert "not hard" in (await by_hand("adversarial", "ls", "--removed", *there)).stdout
            assert len(json.loads((await by_hand("adversarial", "ls", "--json", *there)).stdout)) == 2
            await by_hand("adversarial", "add", traces[0], *there)
            assert await working.engine.refill() == 1
            [record] = json.loads((await by_hand("adversarial", "ls", "--removed", "--json", *there)).stdout)
            assert record["returned_at"] is not None


async def test_what_cannot_be_added_is_refused_by_name(tmp_path: Path, keys: Callable[[SmallLangfuse], None]) -> None:
    """No such trace, no such observation, or nothing to replay in it."""
    async with SmallLangfuse() as server:
        keys(server)
        await produce(server, conversations=1, turns=0)
        [silent] = {row.trace_id for row in server.observations()}
        there = ("-c", str(project(tmp_path, "", ONE)))
        nowhere = (await by_hand("adversarial", "add", "f" * 32, *there)).exception
        nothing = (await by_hand("adversarial", "add", silent, *there)).exception
        mistyped = (await by_hand("adversarial", "add", silent, "--observation", "nope", *there)).exception
    assert isinstance(nowhere, Fatal)
    assert isinstance(nothing, Fatal)
    assert f"has no trace '{'f' * 32}'" in str(nowhere)
    assert "unreadable: no model call in it" in str(nothing)
    assert "there is no such observation in it" in str(mistyped)
    assert nothing.hint == f"`understudy show {silent}` draws how it was read"


async def test_doctor_names_datasets_and_queues_that_do_not_exist(
    tmp_path: Path, keys: Callable[[SmallLangfuse], None]
) -> None:
    """Each of them is a finding."""
    async with SmallLangfuse() as server:
        keys(server)
        await People(server).dataset("support/golden", one={"input": "Q", "expectedOutput": "A"})
        wrong = '[tiers.golden]\ndatasets = ["support/golden", "suport/golden"]\n[tiers.adversarial]\nqueues = ["Bad"]'
        async with opened(project(tmp_path, wrong, ONE)) as app:
            found = [each for each in await examine(app, ask=False) if each.what.startswith("tier")]
    assert [(each.what, each.ok) for each in found] == [
        ("tier golden: dataset support/golden", True),
        ("tier golden: dataset suport/golden", False),
        ("tier adversarial: queue Bad", False),
    ]
    assert found[1].hint == "did you mean 'support/golden'?"


@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_stopped_at_any_moment_the_tiers_are_filled_once(
    mode: Mode, tmp_path: Path, keys: Callable[[SmallLangfuse], None]
) -> None:
    """A process that dies after its first request, its second … leaves every member, one challenge each."""
    count = 9
    async with SmallLangfuse(mode) as server:
        keys(server)
        people = People(server)
        await people.dataset(
            "support/golden", **{f"{n}": {"input": f"Q{n}", "expectedOutput": "A"} for n in range(count)}
        )
        await people.dataset("broken once")
        for trace in await produce(server, conversations=6, turns=1):
            await people.score(trace, -1)
        path = project(tmp_path, TIERS, ONE)
        for requests in range(12):
            async with opened(path) as app:
                begun = len(server.requests)
                dying = asyncio.create_task(app.engine.refill())
                while len(server.requests) < begun + requests and not dying.done():  # noqa: ASYNC110  nobody tells
                    await asyncio.sleep(0)
                dying.cancel()
                await asyncio.gather(dying, return_exceptions=True)
        async with opened(path) as app:
            await app.engine.refill()
            asked_of = [challenge.messages[-1].text for challenge in await queued(app)]
    assert sorted(asked_of) == sorted([*(f"Q{n}" for n in range(count)), *(f"question {n} 0" for n in range(6))])


async def test_the_next_epoch_asks_again_and_buys_nothing(
    tmp_path: Path, keys: Callable[[SmallLangfuse], None]
) -> None:
    """What has not changed is answered and judged from the cache, under the name of the new epoch."""
    async with SmallLangfuse() as server:
        keys(server)
        await People(server).dataset("support/golden", one={"input": "Q", "expectedOutput": "A"})
        async with opened(project(tmp_path, '[tiers.golden]\ndatasets = ["support/golden"]', ONE)) as product:
            found = list[Duel]()
            for weeks in range(2):
                assert await refilled(product, later=timedelta(weeks=weeks)) == 1
                [challenge] = await queued(product)
                await product.engine.work(until_idle=True)
                found += await product.store.duels_of(challenge.id)
    first, second = found
    assert first.epoch < second.epoch
    assert [duel.rollout.completion.cached for duel in found if duel.rollout] == [False, True]
    assert first.judgment is not None
    assert second.judgment is not None
    assert first.judgment.verdict == second.judgment.verdict
