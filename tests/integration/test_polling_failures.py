"""What a poll survives: refusals, time-outs, broken cursors, wrong keys. Nothing is lost, and the mark stays."""

from __future__ import annotations

import math
from datetime import timedelta
from time import monotonic
from typing import Any, get_args

import orjson
import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.pace import Pace
from connector.types import Fate
from rollouts.errors import Fatal, Retryable
from tests.integration.reading import NOON, Reader, agent, answers_of, hold, reading, row, trace_id
from tests.logged import ledger as ledger_of

in_every_mode = pytest.mark.parametrize("mode", get_args(Mode))
LISTINGS = {"observations": "/api/public/v2/observations", "traces": "/api/public/traces"}
MANY = [f"t{number}" for number in range(220)]
STEPS = 9
"""With a root each, observations enough for three pages of a thousand, and traces enough for three of a hundred."""


def produce(server: SmallLangfuse, *names: str, turns: int = 2, steps: int = 0) -> None:
    """Let production have answered an hour before noon, a second apart, with `steps` of other work in each trace."""
    for number, name in enumerate(names):
        root, *rest = agent(name, NOON - timedelta(hours=1) + timedelta(seconds=number), turns=turns)
        begun = NOON - timedelta(hours=1) + timedelta(seconds=number)
        work = [row(name, f"step {step}", begun, seconds=1.0, parent=root.id) for step in range(steps)]
        hold(server, root, *rest, *work)


def listing(reader: Reader) -> str:
    """Return where the traces of this server are listed."""
    return LISTINGS[reader.can.reads]


async def takes_everything(reader: Reader, names: list[str], turns: int = 2) -> None:
    """Poll twice; every turn of `names` has been taken by then, and the mark is where it would be anyway."""
    await reader.poll()
    await reader.poll()
    assert await reader.answers() == answers_of(names, turns)
    assert await reader.mark() == reader.hands.now - reader.engine.pace.settle


@in_every_mode
async def test_a_page_that_breaks_off_moves_no_mark(mode: Mode) -> None:
    """When the last page but one fails and all after it, nothing is noted; the next poll finds everything."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, *MANY, turns=1, steps=STEPS)
        server.fail(listing(reader), 500, times=1000, skip=1)
        with pytest.raises(Retryable, match="500"):
            await reader.poll()
        assert await reader.mark() is None
        assert await ledger_of(reader.engine.store) == {}
        server.recover()
        await takes_everything(reader, MANY, turns=1)


@in_every_mode
async def test_one_page_that_fails_costs_no_poll(mode: Mode) -> None:
    """A window that broke off once is read in halves, each of them whole."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, *MANY, turns=1, steps=STEPS)
        server.fail(listing(reader), 502, skip=1)
        await takes_everything(reader, MANY, turns=1)


@in_every_mode
async def test_windows_that_are_too_wide_are_halved_until_they_pass(mode: Mode) -> None:
    """The first look goes back a week; a server that gives up on more than two hours is asked in smaller pieces."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        names = ["week", "day", "hour"]
        for name, age in zip(names, (timedelta(days=6), timedelta(days=1), timedelta(hours=1)), strict=True):
            hold(server, *agent(name, NOON - age))
        server.widest_window_s = 7200
        await reader.poll()
        refused = [each for each in server.requests if each.status == 422]
        assert len(refused) <= 8, "168 hours, halved until 2 are left; after that every piece passes at once"
        await takes_everything(reader, names)


@in_every_mode
async def test_a_server_that_gives_up_on_a_minute_is_left_for_later(mode: Mode) -> None:
    """Halving ends; the poll is put off with nothing noted, and asks again when the server has recovered."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a")
        server.widest_window_s = 1
        before = len(server.requests)
        with pytest.raises(Retryable, match="422"):
            await reader.poll()
        assert len(server.requests) - before < 20, "one descent, not every half of every half"
        assert await reader.mark() is None
        server.widest_window_s = math.inf
        await takes_everything(reader, ["a"])


@in_every_mode
async def test_a_trace_too_heavy_to_be_fetched_at_once_is_fetched_in_parts(mode: Mode) -> None:
    """Its listing passes, its contents do not: smaller pages bring the same turns."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "heavy", turns=25)
        await reader.poll()
        heavy = LISTINGS["observations"] if reader.can.reads == "observations" else f"{listing(reader)}/"
        server.fail(heavy, 422, times=2 if reader.can.reads == "observations" else 1, skip=int(mode != "v3"))
        await reader.poll()
        assert await reader.answers() == answers_of(["heavy"], turns=25)


@in_every_mode
async def test_a_refusal_for_now_is_waited_out_as_long_as_the_server_says(mode: Mode) -> None:
    """429 with `Retry-After: 1` costs one second and no poll."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a")
        server.fail(listing(reader), 429, headers={"Retry-After": "1"})
        begun = monotonic()
        await reader.poll()
        assert 1.0 <= monotonic() - begun < 3.0
        await reader.poll()
        assert await reader.answers() == answers_of(["a"])


async def test_a_wait_beyond_reason_is_left_to_the_next_poll() -> None:
    """Nobody sleeps for an hour inside a request: the error says how long the server asked for."""
    async with SmallLangfuse() as server, reading(server) as reader:
        server.fail(listing(reader), 429, headers={"Retry-After": "3600"})
        begun = monotonic()
        with pytest.raises(Retryable) as caught:
            await reader.poll()
        assert caught.value.retry_after_s == 3600
        assert monotonic() - begun < 2.0


@in_every_mode
async def test_a_key_that_is_refused_parks_reading_until_it_is_right_again(mode: Mode) -> None:
    """401 in mid-life: the error is fatal and has a hint, the mark stays, and the same process reads on afterwards."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a")
        await reader.poll()
        mark, right = await reader.mark(), server.state.secret_key
        server.state.secret_key = "sk-lf-rotated"
        with pytest.raises(Fatal) as caught:
            await reader.poll()
        assert "LANGFUSE_SECRET_KEY" in (caught.value.hint or "")
        assert await reader.mark() == mark
        server.state.secret_key = right
        await reader.poll()
        assert await reader.answers() == answers_of(["a"])


async def test_a_repeated_cursor_is_no_end() -> None:
    """A server that answers the same page for ever: the poll is put off rather than believed, and nothing is noted."""
    async with SmallLangfuse() as server, reading(server) as reader:
        produce(server, *MANY, turns=1, steps=STEPS)
        server.repeat_cursor = True
        with pytest.raises(Retryable, match="repeats the cursor"):
            await reader.poll()
        assert await reader.mark() is None
        server.repeat_cursor = False
        await takes_everything(reader, MANY, turns=1)


async def test_cursors_that_go_round_in_a_circle_are_noticed() -> None:
    """Not only the last cursor counts: pages that lead back to an earlier one would be read for ever."""
    async with SmallLangfuse() as server, reading(server) as reader:
        for cursor in "abab":
            server.fail(listing(reader), 200, body={"data": [], "meta": {"cursor": cursor}})
        with pytest.raises(Retryable, match="repeats the cursor"):
            await reader.poll()


@pytest.mark.parametrize("body", [{"error": "who are you?"}, [], "<html>", {"data": None}])
@pytest.mark.parametrize("mode", ["events_only", "v3"])
async def test_an_answer_that_is_no_page_is_no_empty_page(mode: Mode, body: object) -> None:
    """What a proxy says with 200 in the server's place does not move the mark."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a")
        server.fail(listing(reader), 200, times=20, body=body)
        with pytest.raises(Retryable):
            await reader.poll()
        assert await reader.mark() is None
        server.recover()
        await takes_everything(reader, ["a"])


@in_every_mode
async def test_half_an_emoji_spoils_no_page(mode: Mode) -> None:
    """A server in JavaScript cuts metadata inside a surrogate pair and sends the half: it becomes a question mark."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a")
        await reader.poll()
        root, *_ = server.observations()
        page = {"data": [{"id": "ab", "traceId": trace_id("b"), "startTime": "2026-11-18T11:00:00Z", "name": "HALF"}]}
        if reader.can.reads == "traces":
            page = {"data": [{"id": trace_id("b"), "timestamp": "2026-11-18T11:00:00Z", "name": "HALF"}]}
        text = orjson.dumps(page).decode().replace("HALF", "\\ud83d")
        server.fail(listing(reader), 200, body=text)
        await reader.poll()
        assert (await reader.seen("b")) is not None
        assert root.trace_id == trace_id("a")


@in_every_mode
async def test_a_trace_that_was_deleted_meanwhile_is_counted_as_failed(mode: Mode) -> None:
    """Between the listing and the reading it went away: that is one trace's fate, and the others are taken."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "gone", "there")
        await reader.poll()
        prefix = LISTINGS["observations"] if reader.can.reads == "observations" else f"{listing(reader)}/"
        gone: Any = {"data": [], "meta": {}} if reader.can.reads == "observations" else {"message": "Trace not found"}
        server.fail(prefix, 200 if reader.can.reads == "observations" else 404, body=gone, skip=int(mode != "v3"))
        await reader.poll()
        ledger = await ledger_of(reader.engine.store)
        assert ledger["trace", Fate.FAILED, "it could not be fetched"] == 1
        assert ledger["trace", Fate.CHALLENGED, ""] == 1


def fail_one(reader: Reader, name: str, status: int, times: int = 1_000_000) -> None:
    """Let one trace alone be too much for the server."""
    if reader.can.reads == "observations":
        reader.server.fail(listing(reader), status, times, about=f"traceId={trace_id(name)}")
    else:
        reader.server.fail(f"{listing(reader)}/{trace_id(name)}", status, times)
        reader.server.fail("/api/public/observations", status, times, about=f"traceId={trace_id(name)}")


@in_every_mode
async def test_a_trace_that_cannot_be_fetched_holds_up_no_other(mode: Mode) -> None:
    """It waits, named, and holds the mark before it; the others are taken, and so is it as soon as it can be."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a", "heavy", "z")
        fail_one(reader, "heavy", 503)
        for _ in range(5):
            await reader.poll(after_s=600)
            assert (await reader.mark() or NOON) < NOON - timedelta(minutes=59)
        assert await reader.answers() == answers_of(["a", "z"])
        ledger = await ledger_of(reader.engine.store)
        assert ledger["trace", Fate.WAITING, "it could not be fetched"] == 1
        server.recover()
        await takes_everything(reader, ["a", "heavy", "z"])


@in_every_mode
async def test_a_trace_that_can_never_be_fetched_is_given_up(mode: Mode) -> None:
    """After `give_up` it is counted as failed, and the mark goes on."""
    async with SmallLangfuse(mode) as server, reading(server, pace=Pace(give_up=timedelta(hours=2))) as reader:
        produce(server, "a", "heavy")
        fail_one(reader, "heavy", 503)
        await reader.poll(after_s=60)
        await reader.poll(after_s=60)
        for hours in (2, 3):
            hold(server, *agent(f"later {hours}", reader.hands.now + timedelta(minutes=30)))
            await reader.poll(after_s=3600)
            await reader.poll(after_s=60)
        assert await reader.fate("heavy") is Fate.FAILED
        assert (await reader.mark() or NOON) == reader.hands.now - reader.engine.pace.settle


@in_every_mode
async def test_an_old_trace_is_not_given_up_for_one_refusal(mode: Mode) -> None:
    """The first look goes back for days: a server that stumbles loses none of them."""
    async with SmallLangfuse(mode) as server, reading(server, pace=Pace(give_up=timedelta(minutes=30))) as reader:
        produce(server, "a", "old")
        await reader.poll()
        fail_one(reader, "old", 503, times=1)
        await reader.poll()
        assert await reader.fate("old") in {Fate.WAITING, Fate.CHALLENGED}
        await takes_everything(reader, ["a", "old"])


@in_every_mode
async def test_a_server_that_gives_out_no_trace_at_all_ends_the_poll(mode: Mode) -> None:
    """Nobody asks a thousand times for what a dead server cannot give, and no trace is blamed for it."""
    async with SmallLangfuse(mode) as server, reading(server, pace=Pace(give_up=timedelta(minutes=30))) as reader:
        names = [f"t{number}" for number in range(60)]
        produce(server, *names)
        await reader.poll()
        for name in names:
            fail_one(reader, name, 503)
        before = len(server.requests)
        for _ in range(3):
            with pytest.raises(Retryable, match="503"):
                await reader.poll()
        assert len(server.requests) - before < 3 * 60
        assert set(await ledger_of(reader.engine.store)) == {("trace", Fate.WAITING, "not settled yet")}
        server.recover()
        await takes_everything(reader, names)


@in_every_mode
async def test_an_observation_nobody_can_read_buries_its_trace_alone(mode: Mode) -> None:
    """A row without a time is a fate that is counted, not an error that comes back with every poll."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        produce(server, "a", "broken")
        await reader.poll()
        bad = {"id": "x", "traceId": trace_id("broken"), "startTime": "no time", "type": "SPAN"}
        if reader.can.reads == "observations":
            server.fail(listing(reader), 200, body={"data": [bad], "meta": {}}, skip=1)
        else:
            trace = {"id": bad["traceId"], "timestamp": "2026-11-18T11:00:00Z", "observations": [bad]}
            server.fail(f"{listing(reader)}/", 200, body=trace)
        await reader.poll()
        fates = {await reader.fate("a"), await reader.fate("broken")}
        assert fates == {Fate.CHALLENGED, Fate.FAILED}
