"""Golden, regression and adversarial turns: from what people keep and flag in Langfuse to what is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.types import Fate
from rollouts.errors import Fatal, Retryable
from tests.integration.tiering import (
    MODES,
    People,
    active,
    asked,
    assistant,
    observation_of,
    opened,
    project,
    queued,
    refilled,
    user,
    wire,
)
from tests.integration.world import keys_of, produce

GOLDEN = '[tiers.golden]\ndatasets = ["support/golden"]'
HARD = '[tiers.adversarial]\ndatasets = ["hard"]'
NEXT_EPOCH = timedelta(days=7)


@pytest.fixture(params=MODES)
async def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmallLangfuse]:
    """Return a server of every kind; its keys are in the environment."""
    mode: Mode = request.param
    async with SmallLangfuse(mode) as langfuse:
        for name, value in keys_of(langfuse).items():
            monkeypatch.setenv(name, value)
        yield langfuse


@pytest.fixture
def people(server: SmallLangfuse) -> People:
    """Return those who use it."""
    return People(server)


async def test_an_item_is_held_against_production_where_it_names_its_turn(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """The baseline is production's answer, the expected output the reference, tools come from the logged call."""
    [trace] = await produce(server, conversations=1)
    await people.dataset(
        "support/golden",
        one={
            "input": asked(0, 1),
            "expectedOutput": assistant("the right answer"),
            "sourceTraceId": trace,
            "sourceObservationId": observation_of(0, 1),
        },
    )
    async with opened(project(tmp_path, GOLDEN)) as app:
        assert await refilled(app) == 2, "one for each challenger"
        [challenge] = await queued(app)
    assert challenge.tier == "golden"
    assert challenge.baseline.message.text == "answer 0 1"
    assert (challenge.baseline.model, challenge.baseline.cost_usd) == ("kestrel-2", 0.001)
    assert challenge.expected is not None
    assert challenge.expected.text == "the right answer"
    assert [tool.name for tool in challenge.tools] == ["look_up"]
    assert (challenge.origin.trace_id, challenge.origin.observation_id) == (trace, observation_of(0, 1))
    assert (challenge.origin.item, challenge.origin.stands_in) == ("support/golden/one", False)
    assert challenge.conversation_id == trace


async def test_every_item_is_used_or_says_why_not(server: SmallLangfuse, people: People, tmp_path: Path) -> None:
    """Text, a table with tools, chat: read. Variables, no answer, nonsense: left out by name, and all are counted."""
    tools = [{"type": "function", "function": {"name": "cancel", "parameters": {"type": "object", "properties": {}}}}]
    call = {"id": "c", "type": "function", "function": {"name": "cancel", "arguments": "{}"}}
    await people.dataset(
        "support/golden",
        text={"input": "How are you?", "expectedOutput": "Fine."},
        chat={"input": [user("Hello")], "expectedOutput": assistant("Hi.")},
        json={"input": {"messages": [user("Which city?")]}, "expectedOutput": {"city": "Paris"}},
        calls={
            "input": {"messages": [user("Cancel it")], "tools": tools, "temperature": 0.5},
            "expectedOutput": {"role": "assistant", "content": None, "tool_calls": [call]},
        },
        question={"input": {"question": "Who?"}, "expectedOutput": "Me."},
        variables={"input": {"country": "France", "year": 1990}, "expectedOutput": "Paris"},
        one_variable={"input": {"country": "France"}, "expectedOutput": "Paris"},
        silent={"input": [user("Hello")]},
        moved={"input": [user("Hello")], "sourceTraceId": "0" * 32},
        answered={"input": [user("Hello"), assistant("Hi")]},
        empty={"expectedOutput": "Fine."},
    )
    async with opened(project(tmp_path, GOLDEN)) as app:
        assert await refilled(app) == 10
        told = {each.item: (each.fate, each.reason) for each in await app.store.members()}
        found = {challenge.origin.item.rpartition("/")[2]: challenge for challenge in await queued(app)}
        counts = {(each.fate, each.reason): each.count for each in await app.store.ledger() if each.of == "item"}
    assert set(found) == {"text", "chat", "json", "calls", "question"}
    assert all(each.origin.stands_in and each.expected is None and not each.origin.trace_id for each in found.values())
    assert found["json"].baseline.message.text == '{"city":"Paris"}'
    assert [each.name for each in found["calls"].baseline.message.tool_calls] == ["cancel"]
    assert found["calls"].parameters.temperature == 0.5
    assert found["question"].messages[-1].text == "Who?"
    for item in ("variables", "one_variable"):
        assert told[item] == (Fate.UNREADABLE, "its input holds a prompt's variables, and no conversation")
    for item in ("silent", "moved"):
        assert told[item][1].startswith("it has no expected output")
    assert told["answered"][1] == "its input ends with the assistant's words"
    assert told["empty"][0] is Fate.UNREADABLE
    assert counts[Fate.CHALLENGED, "golden"] == 5
    assert sum(counts.values()) == 11


async def test_our_own_datasets_of_challenges_can_be_kept(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """What production said is no proof of itself; copies of tiers that we write are not read as new items."""
    [trace] = await produce(server, conversations=1)
    ours = {
        "input": {"messages": asked(0, 0)},
        "expectedOutput": assistant("answer 0 0"),
        "sourceTraceId": trace,
        "sourceObservationId": observation_of(0, 0),
    }
    await people.dataset(
        "support/golden",
        fresh={**ours, "metadata": {"understudy": "challenge", "tier": "fresh"}},
        copy={**ours, "metadata": {"understudy": "challenge", "tier": "golden"}},
    )
    async with opened(project(tmp_path, GOLDEN)) as app:
        await refilled(app)
        [challenge] = await queued(app)
        [copy] = [each for each in await app.store.members() if each.item == "copy"]
    assert challenge.expected is None
    assert challenge.baseline.message.text == "answer 0 0"
    assert (copy.fate, copy.reason) == (Fate.FILTERED, "our own copy of another item")


async def test_an_edited_question_is_not_held_against_an_answer_to_another(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """Production answered what was asked then; the expected output takes its place, and that is said."""
    [trace] = await produce(server, conversations=1)
    edited = [asked(0, 0)[0], user("question, edited")]
    await people.dataset("support/golden", one={"input": edited, "expectedOutput": "right", "sourceTraceId": trace})
    async with opened(project(tmp_path, GOLDEN)) as app:
        await refilled(app)
        [challenge] = await queued(app)
    assert (challenge.baseline.message.text, challenge.origin.stands_in) == ("right", True)
    assert challenge.origin.trace_id == trace


async def test_every_epoch_asks_again_and_changes_are_new_questions(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """The same item twice in one epoch is one challenge; in the next one more; changed, another; archived, none."""
    await people.dataset(
        "support/golden", one={"input": "Q", "expectedOutput": "A"}, two={"input": "R", "expectedOutput": "B"}
    )
    async with opened(project(tmp_path, '[tiers]\nevery = "0s"\n' + GOLDEN)) as app:
        assert await refilled(app) == 4
        assert await refilled(app) == 0
        first = {each.id for each in await queued(app)}
        assert await refilled(app, later=NEXT_EPOCH) == 4
        second = {each.id for each in await queued(app)}
        assert second > first
        await people.item("support/golden", "one", input="Q", expectedOutput="A", metadata={"seen": True})
        assert await refilled(app, later=NEXT_EPOCH) == 0, "it asks the same"
        await people.item("support/golden", "one", input="Q, again", expectedOutput="A")
        assert await refilled(app, later=NEXT_EPOCH) == 0, "as many more as fewer: nobody had been asked"
        asks = [each.messages[-1].text for each in await queued(app)]
        assert sorted(asks) == ["Q", "Q, again", "R", "R"]
        await people.item("support/golden", "two", status="ARCHIVED")
        await people.drop("one")
        assert await refilled(app, later=2 * NEXT_EPOCH) == 0
        assert {each.item: each.reason for each in await app.store.members()} == {
            "one": "no longer in its dataset",
            "two": "archived",
        }
        await people.item("support/golden", "two", status="ACTIVE")
        assert await refilled(app, later=2 * NEXT_EPOCH) == 2


async def test_the_adversarial_tier_never_shrinks_by_itself(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """Items may be archived, deleted, or become unreadable, their dataset may go: what was read from them stays."""
    await people.dataset(
        "hard",
        one={"input": "Q1", "expectedOutput": "A"},
        two={"input": "Q2", "expectedOutput": "A"},
        three={"input": "Q3", "expectedOutput": "A"},
    )
    path = project(tmp_path, '[tiers]\nevery = "0s"\n' + HARD)
    async with opened(path) as app:
        assert await refilled(app) == 6
        await people.item("hard", "one", status="ARCHIVED")
        await people.drop("two")
        await people.item("hard", "three", input={"country": "France"})
        assert await refilled(app) == 0
        assert await refilled(app, later=NEXT_EPOCH) == 6
    server.datasets.pop("hard", None)
    server.state.datasets.pop("hard", None)
    async with opened(path) as app:
        with pytest.raises(Fatal, match="no dataset 'hard'"):
            await refilled(app, later=2 * NEXT_EPOCH)
        assert len(await active(app)) == 3
        asks = {each.messages[-1].text for each in await queued(app)}
    assert asks == {"Q1", "Q2", "Q3"}
    async with opened(project(tmp_path, "")) as app:
        assert await refilled(app, later=3 * NEXT_EPOCH) == 6, "also when nothing names the dataset any more"


FLAGS = """
[poll]
settle = "0s"
[sampling]
share = 0.0
[filters]
environments = ["elsewhere"]
[tiers]
every = "0s"
[tiers.adversarial]
tags = ["hard"]
scores = ["user_feedback < 0", { name = "verdict", value = "bad" }]
queues = ["Bad answers", { name = "Review", completed = true }]
"""
BARE = """
[judge.model]
kind = "scripted"
model = "judge-1"
answers = ["[[A=B]]"]
[challengers.good]
kind = "scripted"
model = "good-1"
answers = ["a fine answer"]
"""


async def test_what_people_flag_is_asked_whatever_is_sampled_or_filtered(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """A tag means all turns of a trace, a score on an observation that one, a queue what lies in it."""
    tagged, *traces = [
        *await produce(server, 1, 2, **{"langfuse.trace.tags": wire(["hard"])}),
        *await produce(server, 6),
    ]
    await people.score(traces[1], -1, observationId=observation_of(1, 0))
    await people.score(traces[2], 1)
    await people.score(traces[3], "bad", name="verdict", dataType="CATEGORICAL")
    await people.queue("Bad answers", ("TRACE", traces[4]), ("OBSERVATION", observation_of(5, 1)))
    await people.queue("Review", ("TRACE", traces[2]))
    async with opened(project(tmp_path, FLAGS, BARE)) as app:
        await app.engine.poll()
        assert await refilled(app) == 8
        assert await refilled(app) == 0
        found = {(each.origin.trace_id, each.origin.turn) for each in await queued(app)}
        sources = {each.trace_id: each.source for each in await app.store.members()}
    assert found == {
        (tagged, 0),
        (tagged, 1),
        (traces[1], 0),
        (traces[3], 0),
        (traces[3], 1),
        (traces[4], 0),
        (traces[4], 1),
        (traces[5], 1),
    }
    assert sources == {
        tagged: "tag hard",
        traces[1]: "score user_feedback = -1",
        traces[3]: "score verdict = bad",
        traces[4]: "queue Bad answers",
        traces[5]: "queue Bad answers",
    }


async def test_a_queue_that_does_not_exist_hides_nothing_else(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """A slip in one name is said, and what is flagged in every other way is asked all the same."""
    [tagged] = await produce(server, 1, 2, **{"langfuse.trace.tags": wire(["hard"])})
    _, scored, queued_up = await produce(server, 3)
    await people.score(scored, -1)
    await people.queue("Bad answers", ("TRACE", queued_up))
    misspelt = FLAGS.replace('queues = ["Bad answers", {', 'queues = ["Bad anwers", "Bad answers", {')
    async with opened(project(tmp_path, misspelt, BARE)) as app:
        with pytest.raises(Fatal, match="no annotation queue 'Bad anwers'") as error:
            await refilled(app)
        assert "Bad answers" in (error.value.hint or "")
        assert {each.trace_id for each in await active(app)} == {tagged, scored, queued_up}


SCORES = '[tiers]\nevery = "0s"\n[tiers.adversarial]\nscores = ["user_feedback < 0", "flagged = true"]'


async def test_a_thumb_that_goes_down_days_later_is_seen(server: SmallLangfuse, people: People, tmp_path: Path) -> None:
    """Scores are read by their own time: that of the trace, and how far traces were read, do not matter."""
    first, second = await produce(server, 2)
    async with opened(project(tmp_path, SCORES, BARE)) as app:
        assert await refilled(app) == 0
        server.clock_offset_s = 3 * 86400.0
        await people.score(first, -0.5)
        assert await refilled(app, later=timedelta(days=3)) == 2
        await people.score(second, 1, name="flagged", dataType="BOOLEAN")
        assert await refilled(app, later=timedelta(days=3)) == 2
        assert {each.trace_id for each in await active(app)} == {first, second}


async def test_a_flag_is_looked_into_until_there_is_something_to_see(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """A score may come before its trace; after a day nobody waits, and the flag is counted."""
    gone = "f" * 32
    await people.score(gone, -1)
    async with opened(project(tmp_path, SCORES, BARE)) as app:
        assert await refilled(app) == 0
        assert [flag.trace_id for flag in await app.store.pending()] == [gone]
        assert await refilled(app, later=timedelta(days=2)) == 0
        assert await app.store.pending() == []
        [lost] = [each for each in await app.store.ledger() if each.of == "item"]
    assert (lost.fate, lost.reason, lost.example) == (Fate.FAILED, "adversarial: there is no such trace", gone)


async def test_what_could_not_be_fetched_is_fetched_later(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """The mark of scores moves on, and the flag waits in the store: nothing is lost by a server that is down."""
    [trace] = await produce(server, 1)
    await people.score(trace, -1)
    path = "/api/public/traces/" if server.state.mode == "v3" else "/api/public/v2/observations"
    async with opened(project(tmp_path, SCORES, BARE)) as app:
        server.fail(path, 500, times=1)
        await refilled(app)
        waits = await app.store.pending()
        server.recover()
        assert [flag.trace_id for flag in waits] == [trace]
        assert await refilled(app) == 2
        assert len(await active(app)) == 2


async def test_a_dataset_that_does_not_exist_is_named_with_its_neighbours(
    server: SmallLangfuse, people: People, tmp_path: Path
) -> None:
    """One wrong name holds up nothing else."""
    await people.dataset("support/golden", one={"input": "Q", "expectedOutput": "A"})
    wrong = '[tiers.golden]\ndatasets = ["support/golden"]\n[tiers.regression]\ndatasets = ["support/goldne"]'
    async with opened(project(tmp_path, wrong)) as app:
        with pytest.raises(Fatal, match="no dataset 'support/goldne'") as caught:
            await refilled(app)
        assert caught.value.hint == "did you mean 'support/golden'?"
        assert len(await queued(app)) == 1


async def test_a_server_that_fails_forgets_nobody(server: SmallLangfuse, people: People, tmp_path: Path) -> None:
    """Where a dataset cannot be read its items stay as they are, and the trouble is said."""
    await people.dataset("support/golden", one={"input": "Q", "expectedOutput": "A"})
    async with opened(project(tmp_path, '[tiers]\nevery = "0s"\n' + GOLDEN)) as app:
        await refilled(app)
        server.fail("/api/public/dataset-items", 500, times=1)
        with pytest.raises(Retryable):
            await refilled(app, later=NEXT_EPOCH)
        server.recover()
        assert len(await active(app)) == 1
        assert len(await queued(app)) == 2
