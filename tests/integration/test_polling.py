"""Which traces a poll takes, when, and with how many requests: over real HTTP, in every mode of the server."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.pace import Pace
from connector.select import Filters
from connector.types import Fate
from tests.integration.reading import NOON, agent, answers_of, hold, reading, row, settle, trace_id
from tests.logged import ledger as ledger_of

MODES = get_args(Mode)
V4 = ("events_only", "dual", "list_scores")
LISTING = "v2/observations"
in_every_mode = pytest.mark.parametrize("mode", MODES)
in_v4 = pytest.mark.parametrize("mode", V4)


@in_every_mode
async def test_a_trace_is_taken_at_the_second_look_that_agrees(mode: Mode) -> None:
    """The first look only notes it; the second takes every turn; a third finds nothing new."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        hold(server, *agent("a", NOON - timedelta(minutes=20)))
        assert await reader.poll() == 0
        assert await reader.fate("a") is Fate.WAITING
        assert await reader.poll() == 2
        assert await reader.fate("a") is Fate.CHALLENGED
        assert await reader.poll() == 0
        assert await reader.answers() == answers_of(["a"])


@in_every_mode
async def test_a_trace_younger_than_settle_is_left_alone(mode: Mode) -> None:
    """It is not even noted before it has had time to become whole."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        hold(server, *agent("young", NOON - timedelta(minutes=2)))
        await settle(reader)
        assert await reader.seen("young") is None
        await settle(reader, looks=4)
        assert await reader.answers() == answers_of(["young"])


@in_every_mode
async def test_the_first_look_goes_back_to_since_and_no_further(mode: Mode) -> None:
    """What is older than `since` is never read."""
    async with SmallLangfuse(mode) as server, reading(server, pace=Pace(since=timedelta(hours=3))) as reader:
        hold(server, *agent("old", NOON - timedelta(hours=4)), *agent("recent", NOON - timedelta(hours=2)))
        await settle(reader)
        assert await reader.answers() == answers_of(["recent"])
        assert await reader.seen("old") is None


@in_v4
async def test_a_root_that_is_still_running_is_waited_for(mode: Mode) -> None:
    """A long agent that announces its root is taken whole once that has ended; until then the mark stays before it."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        begun = NOON - timedelta(minutes=6)
        root, first, second = agent("long", begun, seconds=7200.0)
        running = root.model_copy(update={"end_ms": None})
        hold(server, running, first, *agent("short", begun))
        for _ in range(11):
            await reader.poll(after_s=600)
            assert await reader.fate("long") in {None, Fate.WAITING}
            assert (await reader.mark() or NOON) <= begun + timedelta(seconds=1)
        hold(server, root.model_copy(update={"updated_ms": root.updated_ms + 1}), second)
        for _ in range(3):
            await reader.poll(after_s=600)
        assert await reader.answers() == answers_of(["long", "short"])
        assert (await reader.mark() or NOON) == reader.hands.now - timedelta(minutes=5)


@in_v4
async def test_a_trace_whose_root_never_comes_is_taken_once_quiet(mode: Mode) -> None:
    """Its root may belong to a service that logs elsewhere: after the overlap without news it holds nothing up."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        begun = NOON - timedelta(minutes=10)
        _, *turns = agent("rootless", begun)
        hold(server, *turns)
        while reader.hands.now < begun + timedelta(minutes=28):
            await reader.poll(after_s=120)
            assert await reader.fate("rootless") is Fate.WAITING
            assert (await reader.mark() or NOON) <= begun + timedelta(seconds=10)
        for _ in range(3):
            await reader.poll(after_s=120)
        assert await reader.answers() == answers_of(["rootless"])
        assert (await reader.mark() or NOON) == reader.hands.now - timedelta(minutes=5)
        before = len(server.requests)
        await reader.poll()
        assert not any("traces" in path for path in reader.asked(since=before))
        assert await reader.answers() == answers_of(["rootless"])


@in_v4
async def test_what_comes_after_a_trace_was_taken_without_its_root_is_taken_too(mode: Mode) -> None:
    """An agent that waits for a person for an hour: its next turn and its root bring no turn twice.

    That holds even where only the root knows the session: the turns keep the ids under which they were taken.
    """
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        begun = NOON - timedelta(minutes=10)
        root, *turns = agent("a", begun, turns=3)
        late_ms = 5_400_000
        late = turns[2].model_copy(update={"start_ms": root.start_ms + late_ms, "end_ms": root.start_ms + late_ms + 9})
        hold(server, *turns[:2])
        while reader.hands.now < begun + timedelta(minutes=85):
            await reader.poll(after_s=300)
        assert await reader.answers() == answers_of(["a"])
        hold(server, late, root.model_copy(update={"end_ms": late.end_ms, "session_id": "s"}))
        for _ in range(6):
            await reader.poll(after_s=300)
        assert await reader.answers() == answers_of(["a"], turns=3)
        assert {duel.challenge.conversation_id for duel in await reader.duels()} == {trace_id("a")}


@in_v4
async def test_a_root_that_began_before_the_window_is_looked_for(mode: Mode) -> None:
    """Only the trace's last turn lies in the window: the rest is fetched by the trace's id, and all of it is taken."""
    async with SmallLangfuse(mode) as server, reading(server, pace=Pace(since=timedelta(hours=2))) as reader:
        hold(server, *agent("long", NOON - timedelta(hours=3), seconds=10_000.0))
        await settle(reader)
        assert await reader.answers() == answers_of(["long"])


@pytest.mark.parametrize("mode", [*V4, "v3"])
async def test_a_trace_that_never_ends_is_given_up(mode: Mode) -> None:
    """After `give_up` it is counted as unreadable, and the mark goes on."""
    pace = Pace(give_up=timedelta(hours=2))
    async with SmallLangfuse(mode) as server, reading(server, pace=pace) as reader:
        hold(server, row("endless", "root", NOON - timedelta(minutes=10), seconds=None, parent=None))
        await reader.poll()
        assert (await reader.mark() or NOON) == NOON - timedelta(minutes=10)
        await reader.poll(after_s=7200)
        ledger = await ledger_of(reader.engine.store)
        assert ledger == {("trace", Fate.UNREADABLE, "its root never ended"): 1}
        await reader.poll()
        assert (await reader.mark() or NOON) == reader.hands.now - timedelta(minutes=5)


@in_v4
async def test_a_trace_given_up_is_taken_when_it_ends_after_all(mode: Mode) -> None:
    """Giving up is no last word: what comes late changes what is seen, and the trace is looked at again."""
    pace = Pace(give_up=timedelta(minutes=15))
    async with SmallLangfuse(mode) as server, reading(server, pace=pace) as reader:
        root, *turns = agent("late", NOON - timedelta(minutes=10))
        hold(server, root.model_copy(update={"end_ms": None}), turns[0])
        await settle(reader, looks=10)
        assert await reader.fate("late") is Fate.UNREADABLE
        hold(server, root.model_copy(update={"updated_ms": root.updated_ms + 1}), turns[1])
        await settle(reader)
        assert await reader.answers() == answers_of(["late"])


@in_every_mode
async def test_a_late_span_brings_its_turn_and_no_other_twice(mode: Mode) -> None:
    """A trace that was taken is taken again when it has grown; what was known stays one."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        *early, late = agent("a", NOON - timedelta(minutes=10), turns=3)
        hold(server, *early)
        await settle(reader)
        assert await reader.answers() == answers_of(["a"])
        hold(server, late)
        await settle(reader)
        assert await reader.answers() == answers_of(["a"], turns=3)


@in_every_mode
async def test_rows_that_come_twice_are_one_observation(mode: Mode) -> None:
    """Until the database merges them a listing shows copies of one span: they are no change and no second turn."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        for each in agent("a", NOON - timedelta(minutes=10)):
            hold(server, each, each.model_copy(update={"start_ms": each.start_ms + 1}))
        await settle(reader)
        assert await reader.fate("a") is Fate.CHALLENGED
        before = len(server.requests)
        await settle(reader)
        assert len(reader.asked(since=before)) == 2, "a settled trace is listed, not read"
        assert await reader.answers() == answers_of(["a"])


async def test_the_newest_of_two_copies_counts() -> None:
    """A span that was sent without its end, and again with it, has ended."""
    async with SmallLangfuse() as server, reading(server) as reader:
        root, *turns = agent("a", NOON - timedelta(minutes=10))
        unfinished = root.model_copy(update={"end_ms": None, "start_ms": root.start_ms + 1})
        hold(server, unfinished, *turns)
        await settle(reader)
        assert await reader.fate("a") is Fate.WAITING
        hold(server, root.model_copy(update={"updated_ms": root.updated_ms + 5000}))
        await settle(reader)
        assert await reader.answers() == answers_of(["a"])


@in_v4
async def test_a_trace_waits_for_all_of_its_roots(mode: Mode) -> None:
    """Several roots are one trace; while one of them runs, none is taken."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        begun = NOON - timedelta(minutes=10)
        second = row("a", "second root", begun + timedelta(seconds=20), seconds=None, parent=None)
        hold(server, *agent("a", begun), second)
        await settle(reader, looks=3)
        assert await reader.fate("a") is Fate.WAITING
        hold(server, second.model_copy(update={"end_ms": second.start_ms + 5}))
        await settle(reader)
        assert await reader.answers() == answers_of(["a"])


async def test_one_trace_for_a_whole_chat_is_taken_turn_after_turn() -> None:
    """A root per turn, an hour apart, as many observations each: the second is no copy of the first."""
    async with SmallLangfuse() as server, reading(server) as reader:
        for number in range(3):
            first = agent(f"turn {number}", reader.hands.now - timedelta(minutes=6), turns=1)
            hold(server, *(each.model_copy(update={"trace_id": trace_id("chat")}) for each in first))
            await settle(reader)
            await reader.poll(after_s=3600)
        assert await reader.answers() == answers_of([f"turn {number}" for number in range(3)], turns=1)


@in_every_mode
async def test_equal_timestamps_over_many_pages_lose_nothing(mode: Mode) -> None:
    """Hundreds of traces that began in the same millisecond come once each."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        names = [f"t{number}" for number in range(400)]
        for name in names:
            hold(server, *agent(name, NOON - timedelta(minutes=10)))
        await settle(reader)
        assert await reader.answers() == answers_of(names)


@in_every_mode
async def test_settled_traces_cost_one_listing(mode: Mode) -> None:
    """However many are known, a poll asks for them once, page by page, and for none by itself."""
    async with SmallLangfuse(mode) as server, reading(server) as reader:
        for number in range(90):
            hold(server, *agent(f"t{number}", NOON - timedelta(minutes=20, seconds=number)))
        await settle(reader)
        before = len(server.requests)
        await reader.poll()
        assert reader.asked(since=before) == [
            f"/api/public/{LISTING if reader.can.reads == 'observations' else 'traces'}"
        ]


@in_every_mode
async def test_filters_drop_traces_before_they_are_read(mode: Mode) -> None:
    """Environment, tag, trace name and user: one trace passes, the others are counted with the filter's name."""
    wanted: dict[str, Any] = {"environment": "production", "tags": ("vip",), "trace_name": "chat", "user_id": "u1"}
    other = {"environment": "staging", "tags": ("plain",), "trace_name": "search", "user_id": "u2"}
    filters = Filters(environments=("production",), tags=("vip", "x"), trace_names=("chat",), users=("u1",))
    async with SmallLangfuse(mode) as server, reading(server, filters=filters) as reader:
        hold(server, *agent("wanted", NOON - timedelta(minutes=10), **wanted))
        for key, value in other.items():
            hold(server, *agent(f"other {key}", NOON - timedelta(minutes=10), **{**wanted, key: value}))
        await settle(reader)
        assert await reader.answers() == answers_of(["wanted"])
        dropped = {reason for (of, fate, reason) in await ledger_of(reader.engine.store) if fate is Fate.FILTERED}
        assert dropped == {"environment", "tag", "trace name", "user"}


@in_every_mode
async def test_turns_of_other_models_are_filtered(mode: Mode) -> None:
    """The model is one turn's own: its trace is read, and the turn is counted as filtered."""
    async with SmallLangfuse(mode) as server, reading(server, filters=Filters(models=("osprey-1",))) as reader:
        begun = NOON - timedelta(minutes=10)
        hold(server, *agent("a", begun), *(each.model_copy(update={"model": "osprey-1"}) for each in agent("b", begun)))
        await settle(reader)
        assert await reader.answers() == answers_of(["b"])
        assert (await ledger_of(reader.engine.store))["turn", Fate.FILTERED, "model"] == 2


async def test_what_langfuse_writes_itself_is_no_production() -> None:
    """Traces in the environments of Langfuse's own evaluators are not even seen."""
    async with SmallLangfuse() as server, reading(server) as reader:
        hold(server, *agent("evaluator", NOON - timedelta(minutes=10), environment="langfuse-llm-as-a-judge"))
        await settle(reader)
        assert await reader.seen("evaluator") is None
