"""Alerts arrive once an event, signed, with patience and without anybody's data or secrets."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connector.alerts.courier import MOST_AT_ONCE, Courier, addresses
from connector.alerts.events import Event, exhaustion, failures, lateness, outages, shortages, standstills, trial
from connector.alerts.forms import body
from connector.alerts.options import Alerts, Webhook
from connector.clock import Clock
from connector.demo.langfuse import SmallLangfuse
from connector.demo.model_dialects import Wire
from connector.demo.models import ModelServer
from connector.store.sqlite import SqliteStore
from connector.types import Hold
from judges.standings.gated import Gates
from judges.standings.gates import gate
from rollouts.errors import BudgetExhausted, Fatal
from rollouts.windows import WindowState
from tests.gating import board, row
from tests.integration.receiving import SECRET, Receiver, genuine, receiving
from tests.integration.world import config, produce, understudy

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ALERTS = Alerts(webhooks=(Webhook(url_env="HOOK", secret_env="HOOK_SECRET"), Webhook(url_env="CHAT", form="slack")))


class Post:
    """A courier over a real file, at a time of its own."""

    def __init__(self, path: Path) -> None:
        self.now, self.store = NOW, SqliteStore(str(path))
        self.courier = Courier(self.store, addresses(ALERTS), ALERTS, Clock(now=lambda: self.now))

    async def told(self, *events: Event) -> int:
        """Raise these; return how many are new."""
        return await self.store.alert(events, [webhook.url_env for webhook in ALERTS.webhooks], self.now)

    async def states(self) -> list[tuple[str | None, str | None, int]]:
        """Return webhook, state and attempts of everything."""
        return [row[2:] for row in await self.store.alerts(100)]


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Receiver]:
    """Listen, with its address in the environment."""
    async with receiving() as found:
        for name, value in (("HOOK", found.url), ("CHAT", found.url), ("HOOK_SECRET", SECRET)):
            monkeypatch.setenv(name, value)
        yield found


@pytest.fixture
async def post(tmp_path: Path, receiver: Receiver) -> AsyncIterator[Post]:
    """Return a courier to the receiver."""
    found = Post(tmp_path / "s.db")
    yield found
    await found.store.aclose()


async def test_an_event_arrives_once_and_its_signature_holds(post: Post, receiver: Receiver) -> None:
    """However often it is noticed, each webhook gets it once; the receiver verifies it by the headers alone."""
    event = trial(NOW)
    assert [await post.told(event), await post.told(event)] == [1, 0]
    for _ in range(3):
        await post.courier.deliver()
        post.now += timedelta(hours=2)
    assert receiver.ids == [event.id, event.id]
    [signed] = [each for each in receiver.arrived if "X-Understudy-Signature" in each[0]]
    assert genuine(*signed)
    assert not genuine(signed[0], signed[1] + b" ")
    assert not genuine(signed[0] | {"X-Understudy-Timestamp": "1"}, signed[1])
    assert not genuine(*signed, secret="another")
    assert json.loads(signed[1])["title"] == event.title
    [chat] = [json.loads(payload) for headers, payload in receiver.arrived if "X-Understudy-Signature" not in headers]
    assert list(chat) == ["text"]
    assert await post.states() == [("CHAT", "sent", 1), ("HOOK", "sent", 1)]


async def test_a_receiver_that_is_down_is_tried_again_with_patience(post: Post, receiver: Receiver) -> None:
    """The same id comes again after a wait that grows; nothing is sent before its time; at last it arrives."""
    receiver.answers = lambda number: web.Response(status=503 if number < 6 else 200)
    await post.told(trial(NOW))
    arrived = []
    for _ in range(240):
        await post.courier.deliver()
        arrived.append(len(receiver.arrived))
        post.now += timedelta(seconds=15)
    assert len(set(receiver.ids)) == 1
    assert arrived[:10] == [2, 2, 4, 4, 4, 4, 6, 6, 6, 6]
    assert arrived[-1] == 8
    assert {state for _, state, _ in await post.states()} == {"sent"}


async def test_what_never_answers_is_given_up(post: Post, receiver: Receiver) -> None:
    """After three days, and some hundred attempts at the most."""
    receiver.answers = lambda _: web.Response(status=500)
    await post.told(trial(NOW))
    for _ in range(80):
        await post.courier.deliver()
        post.now += timedelta(hours=1)
    assert {state for _, state, _ in await post.states()} == {"given up"}
    assert len(receiver.arrived) < 160


async def test_retry_after_is_honoured(post: Post, receiver: Receiver) -> None:
    """Who asks for ten minutes is left alone for ten minutes."""
    receiver.answers = lambda number: web.Response(status=429 if number < 2 else 200, headers={"Retry-After": "600"})
    await post.told(trial(NOW))
    await post.courier.deliver()
    post.now += timedelta(seconds=599)
    await post.courier.deliver()
    assert len(receiver.arrived) == 2
    post.now += timedelta(seconds=2)
    await post.courier.deliver()
    assert len(receiver.arrived) == 4


@pytest.mark.parametrize("asked", ["9" * 30, "9" * 400, "²", "soon"])
async def test_who_asks_for_an_absurd_wait_is_asked_again_within_a_day(
    post: Post, receiver: Receiver, asked: str
) -> None:
    """It holds up no other event, and the day after it gets this one."""
    receiver.answers = lambda number: web.Response(status=503 if number < 2 else 200, headers={"Retry-After": asked})
    await post.told(trial(NOW))
    await post.courier.deliver()
    assert len(receiver.arrived) == 2
    post.now += timedelta(days=1)
    await post.courier.deliver()
    assert {state for _, state, _ in await post.states()} == {"sent"}


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_wrong_secret_or_address_loses_nothing(post: Post, receiver: Receiver, status: int) -> None:
    """Once a person has put it right, what was refused meanwhile arrives."""
    receiver.answers = lambda _: web.Response(status=status)
    await post.told(trial(NOW))
    await post.courier.deliver()
    receiver.answers = lambda _: web.Response()
    post.now += timedelta(hours=5)
    await post.courier.deliver()
    assert len(set(receiver.ids)) == 1
    assert {state for _, state, _ in await post.states()} == {"sent"}


async def test_who_was_away_for_long_still_tells(post: Post, receiver: Receiver) -> None:
    """A daemon that was down for longer than `give_up` tries once more what it had not told, before it gives up."""
    for answer, state in ((200, "sent"), (503, "given up")):
        receiver.arrived.clear()
        receiver.answers = lambda _, answer=answer: web.Response(status=answer)  # type: ignore[misc]
        await post.told(trial(post.now))
        post.now += timedelta(days=4)
        await post.courier.deliver()
        assert len(receiver.arrived) == 2
        assert {found[1] for found in (await post.states())[:2]} == {state}


async def test_a_clock_that_was_ahead_holds_nothing_back(post: Post, receiver: Receiver) -> None:
    """What failed while the clock stood years ahead is tried again now, and not in years."""
    post.now += timedelta(days=1000)
    receiver.answers = lambda _: web.Response(status=503)
    await post.told(trial(NOW))
    await post.courier.deliver()
    post.now, receiver.answers = NOW, lambda _: web.Response()
    await post.courier.deliver()
    assert {state for _, state, _ in await post.states()} == {"sent"}


def test_two_webhooks_have_two_variables() -> None:
    """By its variable a webhook is remembered: two of one name are refused before anything is paid."""
    with pytest.raises(ValueError, match="a variable of its own"):
        Alerts(webhooks=(Webhook(url_env="HOOK"), Webhook(url_env="HOOK", form="slack")))


async def test_redirects_are_not_followed(post: Post, receiver: Receiver) -> None:
    """They may lead anywhere, and with them the signature: it counts as refused, and is not tried again."""
    receiver.answers = lambda _: web.Response(status=307, headers={"Location": "/elsewhere"})
    await post.told(trial(NOW))
    for _ in range(3):
        await post.courier.deliver()
        post.now += timedelta(hours=1)
    assert (len(receiver.arrived), receiver.elsewhere) == (2, 0)
    assert {state for _, state, _ in await post.states()} == {"refused"}


async def test_never_many_at_a_time(post: Post, receiver: Receiver) -> None:
    """Of a hundred events some go at each look."""
    await post.told(*(trial(NOW + timedelta(seconds=number)) for number in range(100)))
    await post.courier.deliver()
    assert len(receiver.arrived) == MOST_AT_ONCE


KILLED = """
import asyncio, sys
from datetime import UTC, datetime
from connector.alerts.courier import Courier, addresses
from connector.alerts.events import trial
from connector.alerts.options import Alerts, Webhook
from connector.clock import Clock
from connector.store.sqlite import SqliteStore

async def main():
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    alerts = Alerts(webhooks=(Webhook(url_env="HOOK", secret_env="HOOK_SECRET"), Webhook(url_env="CHAT", form="slack")))
    store = SqliteStore(sys.argv[1])
    await store.alert([trial(now)], ["HOOK", "CHAT"], now)
    await Courier(store, addresses(alerts), alerts, Clock(now=lambda: now)).deliver()

asyncio.run(main())
"""


async def test_killed_while_sending_it_comes_again_under_its_id_and_not_in_a_storm(
    tmp_path: Path, receiver: Receiver
) -> None:
    """A process that is killed at each attempt makes one attempt per wait, always with the same id."""
    process: asyncio.subprocess.Process

    def kill(_: int) -> web.Response:
        process.kill()
        return web.Response()

    receiver.answers = kill
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", KILLED, str(tmp_path / "s.db")), cwd=Path(__file__).parents[2], env=dict(os.environ)
        )
        await process.wait()
    assert len(receiver.arrived) == 2  # one for each webhook: the clock of these processes stands still
    receiver.answers = lambda _: web.Response()
    post = Post(tmp_path / "s.db")
    post.now += timedelta(minutes=1)
    await post.courier.deliver()
    assert len(set(receiver.ids)) == 1
    assert len(receiver.arrived) == 4
    assert {state for _, state, _ in await post.states()} == {"sent"}
    await post.store.aclose()


def test_what_is_missing_is_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook without address or secret is an error by the variable's name; an address is never part of it."""
    told: list[tuple[str | None, dict[str, str], str]] = [
        (None, {}, "HOOK is not set"),
        (None, {"HOOK": "ftp://T0K3N"}, "HOOK holds no address"),
        ("HOOK_SECRET", {"HOOK": "http://x/T0K3N"}, "HOOK_SECRET is not set"),
    ]
    for secret, values, said in told:
        with monkeypatch.context() as here:
            for name, value in values.items():
                here.setenv(name, value)
            webhook = Webhook(url_env="HOOK", secret_env=secret)
            with pytest.raises(Fatal, match=said) as caught:
                addresses(Alerts(webhooks=(webhook,)))
            assert "T0K3N" not in str(caught.value)


def test_events_are_the_same_as_long_as_they_are_the_same() -> None:
    """A day of the same trouble is one event; another day, epoch, challenger or period is another."""

    def ids(events: Any) -> list[str]:
        return [event.id for event in events]

    later = NOW + timedelta(hours=3)
    tomorrow = NOW + timedelta(days=1)
    mark, most = NOW - timedelta(hours=7), timedelta(hours=6)
    assert ids(lateness(mark, NOW, most)) == ids(lateness(mark - timedelta(hours=1), later, most)) != []
    assert ids(lateness(mark, NOW, most)) != ids(lateness(mark, tomorrow, most))
    assert ids(lateness(NOW, NOW, most)) == ids(lateness(None, NOW, most)) == []
    window = WindowState(period="day", model=None, since=NOW, until=None, spent=80, reserved=0, limit=100)
    more = window.model_copy(update={"spent": 95})
    assert ids(shortages([window], 0.8)) == ids(shortages([more], 0.8)) != []
    assert ids(shortages([window.model_copy(update={"spent": 79})], 0.8)) == []
    broke = BudgetExhausted("$1 of $1 per day are spent", opens_at=tomorrow)
    assert ids(exhaustion(broke, NOW)) == ids(exhaustion(broke, later)) != []
    assert ids(exhaustion(broke, tomorrow + timedelta(days=1))) == ids(exhaustion(None, NOW)) == []
    assert ids(outages({"good"}, NOW)) == ids(outages({"good"}, later)) != ids(outages({"bad"}, NOW))


def test_no_word_of_a_provider_or_customer_is_told() -> None:
    """Errors of providers may quote what they were asked: alerts name the part only."""
    hold = Hold(what="lane good", reason="400: 'my card is 4111'", money=False, since=NOW)
    [event] = standstills([hold], NOW)
    for form in ("json", "slack"):
        assert b"4111" not in body(event, form, NOW)
    assert event.challenger == "good"


def test_names_are_no_links_in_slack() -> None:
    """What stands in angle brackets would be a link, or call everybody."""
    event = trial(NOW).model_copy(update={"title": "<!channel> & co", "link": "https://langfuse/project/p"})
    text = json.loads(body(event, "slack", NOW))["text"]
    assert text.startswith("*&lt;!channel&gt; &amp; co*")
    assert text.endswith("<https://langfuse/project/p|Open in Langfuse>")


def test_each_failed_check_is_one_event() -> None:
    """A floor and a regression are told apart; what is open or passes is no event."""
    worse = [[0.0], [0.3]] * 60
    found = list(failures(gate(board(row(worse), row(worse, tier="golden")), Gates())))
    assert [(event.kind, event.tier, event.epoch) for event in found] == [
        ("regression", "fresh", "2026-W47"),
        ("floor", "golden", "2026-W47"),
    ]
    assert list(failures(gate(board(row([[0.5], [0.6]] * 60)), Gates()))) == []


CONFIG = """
[poll]
confirm = "5s"
[server]
listen = ""
[alerts]
webhooks = [{ url_env = "HOOK", secret_env = "HOOK_SECRET" }]
[judge.model]
kind = "openai_compatible"
base_url = "MODELS/v1"
model = "judge-1"
free = true
[challengers.worse]
kind = "scripted"
model = "worse-1"
answers = ["a poor answer", "a bad answer"]
"""


def judging(wire: Wire) -> str:
    """Find production better, sometimes by far, wherever the challenger sits."""
    text = json.dumps(wire["messages"])
    poor = max(text.rfind("a poor answer"), text.rfind("a bad answer"))
    first = poor < text.rfind("answer", poor + 15) - 20
    strength = ">>" if "a bad answer" in text else ">"
    return f"[[B{strength}A]]" if first else f"[[A{strength}B]]"


async def test_a_regression_is_told_once_with_a_link_to_the_leaderboard(tmp_path: Path) -> None:
    """`once`, twice: one signed alert, whose link opens the leaderboard's trace; no secret in any output or file."""
    async with SmallLangfuse() as langfuse, receiving() as receiver, ModelServer({"judge-1": judging}) as models:
        await produce(langfuse, 60, 1)
        path = config(tmp_path, CONFIG.replace("MODELS", models.url))
        environment = {"HOOK": receiver.url, "HOOK_SECRET": SECRET}
        runs = [await understudy("once", "-c", str(path), "--yes", server=langfuse, **environment) for _ in range(2)]
        assert [ran.code for ran in runs] == [0, 0], runs[0].err
        [(headers, payload)] = receiver.arrived
        told = json.loads(payload)
        assert genuine(headers, payload)
        assert (told["kind"], told["challenger"], told["tier"]) == ("regression", "worse", "fresh")
        project, _, trace = told["link"].partition("/traces/")
        assert project.startswith(f"{langfuse.base_url}/project/")
        [shown] = [row for row in langfuse.observations() if row.trace_id == trace]
        assert shown.name.startswith("Understudy leaderboard")
        written = b"".join(file.read_bytes() for file in sorted(tmp_path.glob("*.db*")))  # noqa: ASYNC240  small
        for secret in ("T0K3N", SECRET):
            assert secret not in "".join(ran.out + ran.err for ran in runs)
            assert secret.encode() not in written


async def test_a_look_that_could_decide_nothing_is_none(tmp_path: Path) -> None:
    """A few conversations in the morning do not hold back until tomorrow what many of them show at noon."""
    async with SmallLangfuse() as langfuse, receiving() as receiver, ModelServer({"judge-1": judging}) as models:
        path = config(tmp_path, CONFIG.replace("MODELS", models.url))
        arrived = []
        for name, conversations in (("morning", 4), ("noon", 60)):
            await produce(langfuse, conversations, 1, **{"langfuse.trace.name": name})
            environment = {"HOOK": receiver.url, "HOOK_SECRET": SECRET}
            ran = await understudy("once", "-c", str(path), "--yes", server=langfuse, **environment)
            assert ran.code == 0, ran.err
            arrived.append(len(receiver.arrived))
        assert arrived == [0, 1]
