"""The ledger against the model server's own bill: thousands of calls, random failures, and killed processes."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from signal import SIGKILL
from typing import NamedTuple

from connector.demo.models import ModelServer
from connector.demo.weather import Weather
from rollouts.ledger import dollars, picodollars
from tests.integration.spender import CONCURRENCY, LONGEST, PRICE

ROOT = Path(__file__).resolve().parents[2]
CALLS = 2_000
KILLS = 3


class Entry(NamedTuple):
    """One line of the ledger."""

    outcome: str | None
    worst: int
    spent: int | None
    input_tokens: int | None
    output_tokens: int | None


def ledger(folder: Path) -> list[Entry]:
    """Read every entry from the file."""
    with closing(sqlite3.connect(f"file:{folder / 'understudy.db'}?mode=ro", uri=True)) as state:
        sql = "select outcome, worst, spent, input_tokens, output_tokens from spending"
        return [Entry(*row) for row in state.execute(sql)]


def spent(entries: list[Entry]) -> int:
    """Return all that counts as spent, in picodollars."""
    return sum(each.worst if each.spent is None else each.spent for each in entries)


async def started(folder: Path, url: str, per_day_usd: float) -> Process:
    """Start to buy, or go on where the last process stopped."""
    asked = (str(folder), url, str(CALLS), str(per_day_usd))
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.integration.spender", *asked, cwd=ROOT, stdout=PIPE, stderr=PIPE
    )


async def ended(process: Process) -> tuple[int, int]:
    """Return the exit code, and how many calls were in flight when the process before was killed."""
    out, err = await asyncio.wait_for(process.communicate(), timeout=60)
    assert process.returncode in {0, 4, -SIGKILL}, err.decode()
    found = re.search(rb"interrupted (\d+)", out)
    return process.returncode or 0, int(found[1]) if found else 0


async def killed_after(process: Process, server: ModelServer, calls: int) -> None:
    """Kill the process when so many more calls have arrived."""
    last = server.calls.total() + calls
    while server.calls.total() < last and process.returncode is None:  # noqa: ASYNC110  nobody tells
        await asyncio.sleep(0.001)
    if process.returncode is None:
        process.kill()


def assert_billed_is_entered(entries: list[Entry], weather: Weather) -> None:
    """Each answer that was read is in the ledger to the picodollar, and every other call that was billed as lost."""
    bill = {(each.input_tokens, each.output_tokens): each for each in weather.bill}
    answered = [each for each in entries if each.outcome == "answered"]
    known = Counter((each.input_tokens or 0, each.output_tokens or 0) for each in answered)
    assert set(known.values()) <= {1}
    assert known.keys() <= bill.keys()
    assert all(each.spent == bill[each.input_tokens or 0, each.output_tokens or 0].picodollars for each in answered)
    lost = [each for each in entries if each.outcome in {"lost", None}]
    assert len(bill) - len(answered) <= len(lost)
    owed = max((each.picodollars for each in weather.bill), default=0)
    assert all(each.worst >= owed for each in entries)
    assert all(each.spent == 0 for each in entries if each.outcome == "refused")
    assert spent(entries) >= weather.charged


async def test_the_ledger_is_the_servers_bill_whatever_fails_and_whoever_is_killed(tmp_path: Path) -> None:
    """2,000 answers at 256 at once, three kills: no billed call is without its entry, and no day's limit is passed."""
    random = Random(20261122)
    weather = Weather(PRICE, seed=5, slow_s=6.0, most_output_tokens=LONGEST)
    weather.chances["slow"] = 0.002
    async with ModelServer({}, latency_s=0.02) as server:
        server.weather = weather
        in_flight = 0
        for _ in range(KILLS):
            process = await started(tmp_path, server.url, 100.0)
            await killed_after(process, server, random.randint(100, 350))
            code, interrupted = await ended(process)
            assert code == -SIGKILL
            in_flight += interrupted
            assert_billed_is_entered(ledger(tmp_path), weather)
        little = dollars(spent(ledger(tmp_path))) + 0.1
        code, interrupted = await ended(await started(tmp_path, server.url, little))
        in_flight += interrupted
        assert code == 4, "the day's money is spent"
        assert picodollars(little) - ledger(tmp_path)[0].worst < spent(ledger(tmp_path)) <= picodollars(little)
        assert (await ended(await started(tmp_path, server.url, 100.0)))[0] == 0
        assert server.most_in_flight > CONCURRENCY / 2
    entries = ledger(tmp_path)
    assert_billed_is_entered(entries, weather)
    outcomes = Counter(each.outcome for each in entries)
    assert outcomes.keys() == {"answered", "refused", "lost"}
    assert outcomes["answered"] == CALLS, "no answer that was kept is bought again"
    assert 0 < in_flight <= outcomes["lost"]
