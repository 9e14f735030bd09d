"""`understudy demo` as a person starts it: a process of its own, in an environment full of keys that open nothing."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from connector.demo.airline import Grade, help_desk, scenes
from connector.demo.players import PLAYERS, Player, true_order
from connector.demo.scripted_judge import ScriptedJudge
from connector.demo.stage import stage
from connector.demo.traffic import traffic
from connector.epochs import epoch_of
from judges import transcript
from rollouts.errors import Fatal

UNDERSTUDY = (sys.executable, "-m", "connector.cli")
NOWHERE = "http://127.0.0.1:9"
NONSENSE = dict.fromkeys(
    (
        "LANGFUSE_BASE_URL", "LANGFUSE_HOST", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL", "HTTP_PROXY", "http_proxy",
        "HTTPS_PROXY", "ALL_PROXY",
    ),
    NOWHERE,
) | dict.fromkeys(
    ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "opens-nothing",
)  # fmt: skip
READABLE = [d for d in help_desk().conversations if d.environment == "production" and d.logged in ("calls", "plain")]
CHALLENGES = sum(len(dialogue.turns) for dialogue in READABLE)
CHALLENGERS = [player.model for player in true_order()]
EXPERIMENTS = {"baseline", *CHALLENGERS}


class Ran(NamedTuple):
    """What a finished process left behind."""

    code: int | None
    seconds: float
    out: str
    err: str


async def run(*arguments: str) -> Ran:
    """Run `understudy` to its end."""
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *UNDERSTUDY,
        *arguments,
        env={**os.environ, **NONSENSE},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), timeout=90)
    return Ran(process.returncode, time.monotonic() - begun, out.decode(), err.decode())


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["events_only", "dual", "list_scores", "v3"])
async def test_it_recovers_the_true_order_and_posts_everything(mode: str, tmp_path: Path) -> None:
    """Without a usable key or a network it ends in time, ranks the models as they are, and leaves nothing out."""
    ran = await run("demo", "--mode", mode, "--keep", str(tmp_path))
    assert ran.code == 0, ran.err
    assert ran.seconds < 60
    board = json.loads((await run("leaderboard", "--json", "-c", str(tmp_path / "config.toml"))).out)
    rows = {row["challenger"]: row for row in board["standings"]}
    assert [name for name in rows if name != "baseline"] == CHALLENGERS == ["falcon-large", "kestrel-2", "sparrow-mini"]
    assert [name for name, row in rows.items() if row["control"]] == ["kestrel-2"]
    assert {row["turns"] + row["unreadable"] for name, row in rows.items() if name in CHALLENGERS} == {CHALLENGES}
    assert re.findall(r"^(\S+).*?\d\.\d\d +(\d) +(\d)$", ran.out, re.MULTILINE) == [
        (name, str(place), str(place)) for place, name in enumerate(CHALLENGERS, start=1)
    ]
    items = dict(
        re.findall(r"^(?:dataset|experiment) ([\w/-]+)(?:@\S+)?(?: \w+)? +items: (\d+)", ran.out, re.MULTILINE)
    )
    assert items == {"understudy/leaderboard": "1"} | dict.fromkeys(
        ["understudy/production", *EXPERIMENTS], str(CHALLENGES)
    )
    assert re.search(rf"^score understudy_verdict +{len(CHALLENGERS) * CHALLENGES}$", ran.out, re.MULTILINE)


@pytest.mark.slow
async def test_what_it_shows_can_be_looked_up_while_it_serves() -> None:
    """Until Ctrl-C anyone may read the small Langfuse: every duel is there once, with its scores and its judge."""
    async with serving() as (process, client):
        items = await listed(client, "/api/public/experiment-items", fromStartTime=weeks_ago(), limit=100)
        scores = await listed(client, "/api/public/v3/scores", limit=100, fields="subject")
        spans = await listed(
            client, "/api/public/v2/observations", environment="llm-as-a-judge", fields="core,basic,metadata"
        )
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), timeout=20) == 0
        with pytest.raises(httpx.ConnectError):
            await client.get("/api/public/health")
    pairs = Counter((item["experimentName"].split("@")[0], item["experimentItemId"]) for item in items)
    assert set(pairs.values()) == {1}
    assert Counter(name for name, _ in pairs) == dict.fromkeys(EXPERIMENTS, CHALLENGES)
    subjects = Counter((score["name"], score["subject"]["id"]) for score in scores)
    assert set(subjects.values()) == {1}
    rounds = [span["metadata"] for span in spans if not span["isRootObservation"]]
    assert len(rounds) == 2 * sum(span["isRootObservation"] for span in spans)
    assert {str(look["asks"]) for look in rounds} == {"1", "2"}, "the judge forgets its label now and then"


async def test_keep_wants_a_directory_of_its_own(tmp_path: Path) -> None:
    """The state of an earlier demo would hide what a new Langfuse lacks, so a used directory is refused."""
    (tmp_path / "understudy.db").touch()
    with pytest.raises(Fatal, match="not empty"):
        async with stage("events_only", seed=1, keep=tmp_path):
            pass


async def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside the stage the keys are the demo's; afterwards they are what they were, or are gone."""
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "mine")
    monkeypatch.delenv("LANGFUSE_SECRET_KEY", raising=False)
    before = dict(os.environ)
    async with stage("events_only", seed=1) as ready:
        assert os.environ["LANGFUSE_PUBLIC_KEY"] == ready.langfuse.public_key != "mine"
        assert ready.config.exists()
    assert dict(os.environ) == before
    assert not ready.config.exists()


@pytest.mark.parametrize("weekday", range(7))
def test_traffic_is_old_enough_and_lies_in_one_week(weekday: int) -> None:
    """Right after midnight, on any day, all spans have ended long ago and share one epoch."""
    now = datetime(2026, 11, 16 + weekday, 0, 5, tzinfo=UTC)
    times = [
        datetime.fromtimestamp(int(span[edge]) / 1e9, UTC)
        for span in traffic(now, seed=1)
        for edge in ("startTimeUnixNano", "endTimeUnixNano")
    ]
    assert max(times) < now - timedelta(minutes=5)
    assert len({epoch_of(moment) for moment in times}) == 1


def test_one_seed_is_one_week_at_the_airline() -> None:
    """Traffic can be repeated to the byte, and another seed has other traces and other answers."""
    now = datetime(2026, 11, 18, 12, tzinfo=UTC)
    assert traffic(now, seed=1) == traffic(now, seed=1)
    first, second = ({span["traceId"] for span in traffic(now, seed)} for seed in (1, 2))
    assert not first & second


def test_traffic_has_what_a_help_desk_has() -> None:
    """Enough turns to tell models apart, calls of tools, a session of three traces, and one of each kind of trouble."""
    assert len(READABLE) >= 12
    assert CHALLENGES >= 45
    assert sum(bool(turn.calls) for dialogue in READABLE for turn in dialogue.turns) >= 15
    [session] = [dialogue for dialogue in READABLE if dialogue.session]
    assert sum(turn.after_minutes is not None for turn in session.turns) == 2
    assert {dialogue.logged for dialogue in help_desk().conversations} == {"calls", "error", "nonsense", "plain"}


def test_answers_are_told_apart_by_their_text_alone() -> None:
    """No two turns hear the same, and no text is good in one place and bad in another: else the judge would guess."""
    assert len(scenes()) == sum(len(dialogue.turns) for dialogue in help_desk().conversations)
    found: dict[str, set[tuple[str, int]]] = {}
    for scene in scenes().values():
        for player in PLAYERS:
            for grade in Grade:
                worth = Grade.POOR if grade is Grade.POOR else Grade.EXCELLENT if scene.turn.calls else grade
                text = transcript.answer(player.message(scene, grade))
                found.setdefault(text, set()).add((scene.heard, worth))
    assert [text for text, places in found.items() if len(places) > 1] == []


def test_the_judge_prefers_seat_a() -> None:
    """Shown two answers of the same worth in every turn, it favours the first seat, as real judges do."""
    falcon, kestrel, sparrow = PLAYERS
    said = Counter(
        re.findall(r"\[\[(.*)\]\]$", judged(scene.heard, first, second))[-1:] == ["A>B"]
        for scene in scenes().values()
        if not scene.turn.calls
        for first, second in ((falcon, sparrow), (sparrow, kestrel), (kestrel, falcon))
    )
    assert 0.15 < said[True] / said.total() < 0.45


def judged(heard: str, first: Player, second: Player) -> str:
    """Ask the judge about two sound answers to what was heard."""
    a, b = (transcript.answer(player.message(scenes()[heard], Grade.SOUND)) for player in (first, second))
    material = f"<answer_a>\n{a}\n</answer_a>\n\n<answer_b>\n{b}\n</answer_b>"
    return ScriptedJudge(1)({"messages": [{"content": "Judge."}, {"content": material}]})


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[asyncio.subprocess.Process, httpx.AsyncClient]]:
    """Start `demo --serve`, and open a client with the keys that it prints once everything is there."""
    process = await asyncio.create_subprocess_exec(
        *UNDERSTUDY,
        "demo",
        "--serve",
        env={**os.environ, **NONSENSE},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        told = (await asyncio.wait_for(process.stderr.readuntil(b"understudy once --yes -c"), timeout=60)).decode()
        keys = dict(re.findall(r"export (LANGFUSE_\w+)=(\S+)", told))
        auth = (keys["LANGFUSE_PUBLIC_KEY"], keys["LANGFUSE_SECRET_KEY"])
        async with httpx.AsyncClient(base_url=keys["LANGFUSE_BASE_URL"], auth=auth, trust_env=False) as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def listed(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    """Return all pages of a listing."""
    rows: list[dict[str, Any]] = []
    for _ in range(100):
        page = (await client.get(path, params=query)).raise_for_status().json()
        rows += page["data"]
        if "cursor" not in page["meta"]:
            return rows
        query["cursor"] = page["meta"]["cursor"]
    raise AssertionError(f"{path} does not end")


def weeks_ago() -> str:
    """Long before anything that the demo writes."""
    return (datetime.now(UTC) - timedelta(weeks=2)).isoformat()
