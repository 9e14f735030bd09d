"""`understudy gate` and `history` on the command line: exit codes, files and text in every situation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from junitparser import Failure, JUnitXml, Skipped
from typer.testing import CliRunner

from connector.app import build
from connector.cli import app as command_line
from connector.config_file import read
from connector.epochs import epoch_of
from connector.store.sqlite import SqliteStore
from connector.types import Duel
from judges.types import Verdict
from rollouts.errors import Fatal
from tests.duelling import challenge, intake, judgment, rollout
from tests.integration.world import CONFIG, config, understudy

NOW = datetime.now(UTC)
FILES = '[source]\nkind = "jsonl"\npath = "in.jsonl"\n[sink]\nkind = "jsonl"\npath = "out.jsonl"\n'
GOOD = FILES + CONFIG.split("[challengers.copy]", maxsplit=1)[0]
OLD = epoch_of(NOW - timedelta(weeks=4))
PRESENT = epoch_of(NOW)

Says = Callable[[int], float]
BETTER: Says = lambda number: (0.75, 1.0)[number % 2]  # noqa: E731
WORSE: Says = lambda number: (0.25, 0.0)[number % 2]  # noqa: E731
EITHER: Says = lambda number: (0.0, 1.0)[number % 2]  # noqa: E731


@dataclass(frozen=True)
class Desk:
    """A configuration, and what it takes to put results under it."""

    path: Path
    jury: str
    mark: str

    async def stored(self, says: Says, *, weeks_ago: int = 0, count: int = 80) -> None:
        """Keep judged duels of one week, one conversation each."""
        store = SqliteStore(str(self.path.parent / "understudy.db"))
        for number in range(count):
            turn = challenge(1000 * weeks_ago + number)
            origin = turn.origin.model_copy(update={"started_at": NOW - timedelta(weeks=weeks_ago)})
            duel = Duel.of(turn.model_copy(update={"origin": origin}), "good", self.mark)
            await store.take(intake(duel.challenge, trace=origin.trace_id), [duel])
            score = says(number)
            verdict = Verdict.WIN if score > 0.5 else Verdict.LOSS
            said = judgment(judge=self.jury, score=score).model_copy(update={"verdict": verdict})
            await store.save(duel.rolled(rollout()))
            await store.save(duel.rolled(rollout()).judged(said))
        await store.aclose()

    async def closed(self) -> None:
        """Close what has waited long enough."""
        async with build(read(self.path), self.path, online=False) as app:
            assert await app.engine.books.close(NOW) == [OLD]

    async def run(self, *arguments: str) -> Any:
        """Run a verb in a thread of this process."""
        asked = [*arguments, "-c", str(self.path)]
        ran = await asyncio.to_thread(CliRunner().invoke, command_line, asked)
        structlog.reset_defaults()  # what it logs to is closed by now
        return ran


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    """Return a project without any result."""
    path = config(tmp_path, GOOD)
    async with build(read(path), path, online=False) as app:
        return Desk(path, app.engine.arena.jury.version, app.engine.fingerprints["good"])


async def test_without_results_nobody_passes(desk: Desk) -> None:
    """Inconclusive, with or without the epoch's name; a name that is none is an error of use."""
    assert (await desk.run("gate")).exit_code == 11
    assert (await desk.run("gate", "--epoch", OLD)).exit_code == 11
    assert (await desk.run("gate", "--epoch", "last")).exit_code == 2
    unknown = (await desk.run("gate", "--challenger", "nobody")).exception
    assert isinstance(unknown, Fatal)
    assert "those there: good" in str(unknown.hint)


@pytest.mark.parametrize(("says", "code"), [(BETTER, 0), (WORSE, 10), (EITHER, 11)])
async def test_exit_codes_of_open_and_closed_epochs(desk: Desk, says: Says, code: int) -> None:
    """They are the same, closed or not; the newest epoch is meant where none is named; codes can be mapped."""
    await desk.stored(says, weeks_ago=4)
    opened = await desk.run("gate")
    await desk.closed()
    closed = await desk.run("gate")
    assert (opened.exit_code, closed.exit_code) == (code, code)
    assert OLD in closed.stdout
    mapped = await desk.run("gate", "--fail-code", "0", "--inconclusive-code", "0")
    assert mapped.exit_code == 0
    await desk.stored(BETTER)
    assert PRESENT in (await desk.run("gate")).stdout
    assert (await desk.run("gate", "--epoch", OLD)).exit_code == code


async def test_a_fall_against_its_own_history_fails(desk: Desk) -> None:
    """As good as production and still worse than it was."""
    await desk.stored(BETTER, weeks_ago=4)
    await desk.closed()
    await desk.stored(lambda number: (0.5, 0.75)[number % 2])
    ran = await desk.run("gate", "--json")
    results = {check["against"]: check["result"] for check in json.loads(ran.stdout)["checks"]}
    assert (ran.exit_code, results) == (10, {"baseline": "pass", "history": "fail"})


async def test_what_others_read(desk: Desk, tmp_path: Path) -> None:
    """JUnit read back by its own library, one table of even rows in Markdown, and the fields of JSON."""
    await desk.stored(WORSE)
    junit = tmp_path / "gate.xml"
    told = json.loads((await desk.run("gate", "--json", "--junit", str(junit))).stdout)
    assert {"version", "result", "epoch", "judge", "checks", "comparability"} <= set(told)
    suites = list(JUnitXml.fromfile(str(junit)))
    cases = [case for suite in suites for case in suite]
    assert (suites[0].tests, suites[0].failures, len(cases)) == (len(told["checks"]), 1, len(told["checks"]))
    results = {"fail": Failure, "inconclusive": Skipped}
    for case, check in zip(cases, told["checks"], strict=True):
        assert [type(result) for result in case.result] == [results[check["result"]]]
    markdown = (await desk.run("gate", "--markdown")).stdout
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    assert rows[1].replace(" ", "").strip("|").replace("|", "").strip(":-") == ""
    missing = await desk.run("gate", "--junit", str(tmp_path / "nowhere" / "gate.xml"))
    assert isinstance(missing.exception, Fatal)


async def test_two_gates_at_once_beside_somebody_who_works(desk: Desk) -> None:
    """Both end, and say the same; the state may be open elsewhere."""
    await desk.stored(BETTER)
    store = SqliteStore(str(desk.path.parent / "understudy.db"))
    ran = await asyncio.gather(*(understudy("gate", "--json", "-c", str(desk.path)) for _ in range(2)))
    await store.aclose()
    assert [each.code for each in ran] == [0, 0], ran[0].err
    assert ran[0].out == ran[1].out


async def test_history_at_80_columns(desk: Desk) -> None:
    """Without results, with one epoch and with a gap of weeks: no colours off a terminal, no line beyond its width."""
    assert "Nothing has been judged yet." in (await desk.run("history")).stdout
    assert (
        "Nothing of good in the golden tier has"
        in (await desk.run("history", "--tier", "golden", "--challenger", "good")).stdout
    )
    unknown = (await desk.run("history", "--challenger", "nobody")).exception
    assert isinstance(unknown, Fatal)
    assert unknown.hint == "those there: good"
    await desk.stored(BETTER, weeks_ago=4)
    one = await desk.run("history")
    assert one.exit_code == 0
    await desk.closed()
    await desk.stored(EITHER)
    ran = await understudy("history", "-c", str(desk.path), NO_COLOR="1", COLUMNS="80")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100
    shown = [line.split()[0] for line in ran.out.splitlines() if line.startswith("20")]
    assert shown == [OLD, f"{PRESENT}*"]


@pytest.mark.parametrize("length", ["day", "month"])
async def test_days_and_months_are_in_order(desk: Desk, length: str) -> None:
    """By the time in which they lie, through leaderboard, gate and history; another length is another name."""
    desk.path.write_text(f'{GOOD}\n[epochs]\nlength = "{length}"\n', encoding="utf-8")
    names = list[str]()
    store = SqliteStore(str(desk.path.parent / "understudy.db"))
    for number, days in enumerate((70, 0, 35)):
        at = NOW - timedelta(days=days)
        names.append(epoch_of(at, length))  # type: ignore[arg-type]
        turn = challenge(number)
        asked = turn.model_copy(
            update={"origin": turn.origin.model_copy(update={"started_at": at}), "epoch": names[-1]}
        )
        duel = Duel.of(asked, "good", desk.mark)
        await store.take(intake(asked, trace=f"t{number}"), [duel])
        await store.save(duel.rolled(rollout()))
        await store.save(duel.rolled(rollout()).judged(judgment(judge=desk.jury)))
    await store.aclose()
    points = json.loads((await desk.run("history", "--json")).stdout)["points"]
    assert [point["epoch"] for point in points if point["tier"] == "fresh"] == sorted(names)
    assert json.loads((await desk.run("gate", "--json")).stdout)["epoch"] == max(names)
    shown = await desk.run("leaderboard", "--epoch", names[0], "--json")
    assert json.loads(shown.stdout)["epoch"] == names[0]
