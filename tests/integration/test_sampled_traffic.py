"""Must hold: 3,000 turns of skewed traffic through the whole product, killed and run again, make one draw of 300."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from typing import Any

from connector.demo.langfuse import SmallLangfuse
from connector.epochs import begins, epoch_of
from tests.integration.world import CONFIG, config, conversation, keys_of, send, understudy

CONVERSATIONS, TURNS, QUOTA = 1000, 3, 300
SAMPLING = """
[poll]
since = "21d"
confirm = "5s"
[epochs]
close_after = "14d"
[sampling]
strategy = "stratified"
challenges = 300
by = ["trace name"]
allocation = "square_root"
per_user = 200
"""


async def produce(server: SmallLangfuse) -> None:
    """Let one customer send 40 % of the conversations of the week before last.

    In the first hour of a week the last one is not drawn from to its end: there may be turns of it to come.
    """
    begun = begins(epoch_of(datetime.now(UTC))) - timedelta(days=10)
    traces = [_spans(number, begun + timedelta(seconds=40 * number)) for number in range(CONVERSATIONS)]
    for start in range(0, CONVERSATIONS, 50):
        await send(server, [span for spans in traces[start : start + 50] for span in spans])


def _spans(number: int, begun: datetime) -> list[dict[str, Any]]:
    loud = number % 5 < 2
    name = "bulk" if loud else "search" if number % 50 == 4 else "chat"
    about = {"langfuse.trace.name": name, "user.id": "loud" if loud else f"user {number % 83}"}
    return conversation(hashlib.md5(f"{number}".encode()).hexdigest(), number, TURNS, begun, about)


def asked(folder: Path, sql: str) -> list[Any]:
    """Ask the state file."""
    with closing(sqlite3.connect(f"file:{folder / 'understudy.db'}?mode=ro", uri=True)) as state:
        return state.execute(sql).fetchall()


async def killed_amid_duels(path: Path, server: SmallLangfuse) -> None:
    """Run a cycle until some of its duels are answered, and kill it there."""
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "understudy"),
        *("once", "--yes", "--config", str(path), "--quiet"),
        env={"PATH": "/usr/bin:/bin", "HOME": str(path.parent), **keys_of(server)},
    )
    deadline = asyncio.get_running_loop().time() + 240
    while process.returncode is None and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.1)
        if (path.parent / "understudy.db").exists() and _answered(path.parent) >= 40:
            break
    process.kill()
    assert await process.wait() == -SIGKILL


def _answered(folder: Path) -> int:
    try:
        return int(asked(folder, "select count(*) from duel where state <> 'queued'")[0][0])
    except sqlite3.OperationalError:
        return 0


DRAWN = "select id, weight from challenge order by id"
LEDGER = "select fate, count(*) from turn group by 1"


async def test_a_run_that_was_killed_draws_the_same_and_everything_adds_up(tmp_path: Path) -> None:
    """Weights, fates and duels are those of the first draw; they stand for all turns; a further run buys nothing."""
    one, other = tmp_path / "one", tmp_path / "other"
    text = SAMPLING + CONFIG.replace('[poll]\nconfirm = "5s"\n', "")
    for folder in (one, other):
        folder.mkdir()
        config(folder, text)
    async with SmallLangfuse() as server:
        await produce(server)
        await killed_amid_duels(one / "config.toml", server)
        before = (asked(one, DRAWN), asked(one, LEDGER))
        ran = await understudy("once", "--yes", "--config", str(one / "config.toml"), server=server)
        assert ran.code == 0, ran.err
        planned = await understudy("plan", "--config", str(other / "config.toml"), server=server)
        assert planned.code == 0, planned.err
        spent = asked(one, "select count(*) from spending")
        again = await understudy("once", "--yes", "--config", str(one / "config.toml"), server=server)
        assert again.code == 0, again.err
    assert (asked(one, DRAWN), asked(one, LEDGER)) == before == (asked(other, DRAWN), asked(other, LEDGER))
    assert dict(before[1]) == {"challenged": QUOTA, "sampled out": CONVERSATIONS * TURNS - QUOTA}
    assert asked(one, "select state, count(*) from duel group by 1") == [("posted", 2 * QUOTA)]
    assert asked(one, "select count(*) from spending") == spent, "a further run buys nothing"
    assert abs(sum(weight for _, weight in before[0]) - CONVERSATIONS * TURNS) < 1
    assert len(asked(one, "select * from draw")) == 1
    users = Counter(user for (user,) in asked(one, "select user_id from challenge"))
    assert users["loud"] <= 200
    fates = Counter(fate for (fate,) in asked(one, "select fate from trace"))
    assert sum(fates.values()) == CONVERSATIONS
    assert set(fates) == {"challenged", "sampled out"}


async def test_a_cycle_that_may_not_draw_yet_says_so(tmp_path: Path) -> None:
    """Of one challenge a week none is due before the week is over; an empty leaderboard alone would be a riddle."""
    path = config(tmp_path, '[sampling]\nstrategy = "uniform"\nchallenges = 1\n' + CONFIG)
    async with SmallLangfuse() as server:
        await send(server, conversation("ab" * 16, 0, TURNS, datetime.now(UTC) - timedelta(minutes=30)))
        ran = await understudy("once", "--yes", "--config", str(path), server=server)
    assert ran.code == 0, ran.err
    assert f"{TURNS} turns are held: the `challenges` of an epoch are spread over its time" in ran.err
