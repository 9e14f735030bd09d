"""Blind pairs in Langfuse: shown once, blind, and read back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import stamina

from connector.calibration.blinding import LABELS, Exhibit
from connector.demo.langfuse import Mode, Observation, SmallLangfuse
from connector.langfuse.annotation import PREFERENCE, span
from connector.langfuse.own import ALL, PAIRS, Defence, written_by_us
from rollouts.errors import Retryable
from tests.integration.calibrating import AT, MODES, Office, agreeing, office, store_duels


def number(exhibit: Exhibit) -> int:
    """Return which of the stored turns it is."""
    return int(exhibit.challenge.id.removeprefix("challenge-"))


def pairs(server: SmallLangfuse) -> list[Observation]:
    """Return what Langfuse shows people."""
    return [row for row in server.observations() if row.environment == PAIRS]


@pytest.fixture(autouse=True)
def _without_waiting() -> Iterator[None]:
    """What is worth waiting for is tried three times, at once."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.fixture
async def place() -> AsyncIterator[Office]:
    """Six judged duels, and a Langfuse of version 4."""
    async with office(duels=3) as opened:
        yield opened


@pytest.mark.parametrize("mode", MODES)
async def test_a_pair_is_shown_and_waits_in_the_queue(mode: Mode) -> None:
    """Whatever the server's mode: a config with six labels, a queue with it, a trace and an item for each pair."""
    async with office(mode, duels=3) as place:
        picked = await place.pick()
        assert len(picked) == 6
        await place.show()
        [config] = place.server.state.score_configs.values()
        assert (config["name"], [each["label"] for each in config["categories"]]) == (PREFERENCE, list(LABELS))
        [queue] = place.server.state.queues.values()
        assert queue["scoreConfigIds"] == [config["id"]]
        rows = {row.id: row for row in pairs(place.server)}
        assert set(place.items()) == set(rows) == {each.pair.span_id for each in picked}
        assert len({row.trace_id for row in rows.values()}) == 6
        for exhibit in picked:
            shown = json.loads(rows[exhibit.pair.span_id].output)
            assert sorted(shown.values()) == sorted(
                [f"answer {number(exhibit)}", exhibit.rollout.completion.message.text]
            )
            asked = json.loads(rows[exhibit.pair.span_id].input)
            assert asked["messages"][-1]["content"] == f"question {number(exhibit)}"


async def test_nothing_but_the_seats_tells_a_pair_from_its_mirror_image(place: Office) -> None:
    """What is posted for a pair whose seats are changed differs in who is A and who is B, and in nothing else."""
    for exhibit in await place.pick():
        seat = "B" if exhibit.pair.challenger_seat == "A" else "A"
        here, there = (
            span(exhibit._replace(pair=exhibit.pair.model_copy(update={"challenger_seat": each}))).model_dump()
            for each in (exhibit.pair.challenger_seat, seat)
        )
        outputs = here.pop("output"), there.pop("output")
        assert here == there
        assert outputs[0] == {"A": outputs[1]["B"], "B": outputs[1]["A"]}


async def test_nothing_on_the_wire_tells_who_is_who(place: Office) -> None:
    """No name of a challenger, a model, a judge or a duel, no score and no time of theirs, in any byte that is sent."""
    await store_duels(place.store, 3, challengers={"finch-9": "f1"}, begin=10)
    await place.store.pick("judge/1", {"finch-9": "f1"}, 100, seed=1, at=AT)
    exhibits = [
        each._replace(
            rollout=each.rollout.model_copy(
                update={"completion": each.rollout.completion.model_copy(update={"model": "finch-9-large"})}
            )
        )
        for each in await place.store.unshown()
    ]
    wire = list[bytes]()

    async def note(request: object) -> None:
        wire.append(await request.aread() + str(request.url).encode() + str(request.headers).encode())  # type: ignore[attr-defined]

    place.client._http.event_hooks["request"].append(note)
    await place.desk.open()
    await place.desk.show(exhibits)
    # The answers themselves hold the challenger's name here, so what they say is taken out first.
    sent = b"\n".join(wire)
    for exhibit in exhibits:
        sent = sent.replace(exhibit.rollout.completion.message.text.encode(), b"")
    assert exhibits[0].pair.span_id.encode() in sent
    for secret in [
        b"finch",
        b"judge/1",
        b"2026-11-16",
        b"0.857",
        b"0.142",
        b"win",
        b"loss",
        b"cost",
        b"usage",
        b"challeng",
    ]:
        assert secret not in sent, secret
    for exhibit in exhibits:
        for part in (exhibit.pair.duel_id, exhibit.challenge.id, exhibit.challenge.origin.trace_id):
            assert part.encode() not in sent


async def test_order_and_time_say_nothing(place: Office) -> None:
    """All pairs of a pick begin at one moment and last no time; items wait in the order of ids made of a secret."""
    picked = await place.pick()
    await place.show()
    assert {(row.start_ms, row.end_ms) for row in pairs(place.server)} == {(int(AT.timestamp() * 1000),) * 2}
    ids = {each.pair.span_id: each.pair.id for each in picked}
    assert [ids[item] for item in place.items()] == sorted(ids.values())
    assert {(row.model, row.session_id, row.user_id, row.name) for row in pairs(place.server)} == {("", "", "", "pair")}


async def test_seats_differ_between_states() -> None:
    """The same duels under the same seed are seated by another secret in another state."""
    seats = set[tuple[str, ...]]()
    for _ in range(2):
        async with office(duels=12) as place:
            picked = sorted(await place.pick(), key=lambda each: each.pair.duel_id)
            seats.add(tuple(each.pair.challenger_seat for each in picked))
    assert len(seats) == 2


@pytest.mark.parametrize("defence", sorted(ALL))
@pytest.mark.parametrize("mode", MODES)
async def test_pairs_are_known_as_our_own_writing(mode: Mode, defence: Defence) -> None:
    """By each of the four defences alone, so that no poll takes them for production."""
    async with office(mode, duels=1) as place:
        await place.pick()
        await place.show()
        for row in pairs(place.server):
            shown = {
                "environment": row.environment,
                "tags": row.tags,
                "metadata": row.metadata,
                "traceId": row.trace_id,
            }
            assert written_by_us(shown, frozenset({defence})) == defence


STEPS = [
    ("GET", "/api/public/score-configs"),
    ("POST", "/api/public/score-configs"),
    ("GET", "/api/public/annotation-queues"),
    ("POST", "/api/public/annotation-queues"),
    ("POST", "/api/public/otel"),
]


@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(("method", "path"), STEPS)
async def test_a_crash_at_any_step_repeats_nothing(method: str, path: str, after: bool) -> None:  # noqa: FBT001
    """Started anew, it goes on where it was: one config, one queue, one span and one item a pair."""
    async with office(duels=3) as place:
        picked = await place.pick()
        place.server.fail(path, 409, times=1000, method=method, after=after)
        with pytest.raises(Retryable):
            await place.show()
        place.server.recover()
        assert await place.store.unshown() == picked, "nothing counts as shown"
        await place.show()
        assert_once(place, picked)


@pytest.mark.parametrize("skip", [0, 1, 3, 5])
@pytest.mark.parametrize("after", [False, True], ids=["refused", "answer lost"])
async def test_a_queue_is_filled_once(skip: int, after: bool) -> None:  # noqa: FBT001
    """Whichever item's answer is lost: the queue is looked at before it is added to again."""
    async with office(duels=3) as place:
        picked = await place.pick()
        place.server.fail("/api/public/annotation-queues/", 503, times=1, method="POST", after=after, skip=skip)
        await place.show()
        assert_once(place, picked)


async def test_a_queue_that_stays_broken_is_filled_at_the_next_start() -> None:
    """After three tries it is given up for now; what is in already is not added again."""
    async with office(duels=3) as place:
        picked = await place.pick()
        place.server.fail("/api/public/annotation-queues/", 503, times=1000, method="POST", skip=2)
        with pytest.raises(Retryable):
            await place.show()
        assert len(place.items()) == 2
        place.server.recover()
        await place.show()
        assert_once(place, picked)


async def test_a_crash_before_it_is_noted_shows_nothing_twice(place: Office) -> None:
    """Everything was written, and the state does not know: the same ids and times overwrite themselves."""
    picked = await place.pick()
    await place.desk.open()
    await place.desk.show(picked)
    await place.show()
    assert_once(place, picked)


def assert_once(place: Office, picked: list[Exhibit]) -> None:
    """Everything is there, and once."""
    assert len(place.server.state.score_configs) == 1
    assert len(place.server.state.queues) == 1
    wanted = sorted(each.pair.span_id for each in picked)
    assert sorted(row.id for row in pairs(place.server)) == wanted
    assert sorted(place.items()) == wanted


async def test_without_a_queue_pairs_are_shown_all_the_same(place: Office) -> None:
    """The server says why there is none; its words are kept for the person."""
    place.server.fail("/api/public/annotation-queues", 404, times=1000, body="<html>")
    picked = await place.pick()
    await place.show()
    assert place.desk.no_queue is not None
    assert len(pairs(place.server)) == len(picked)
    assert len(place.server.state.score_configs) == 1
    assert place.desk.address.endswith("/traces")


async def test_an_archived_config_is_not_used(place: Office) -> None:
    """Langfuse stores no score under one; a new one of the same name is made."""
    await place.desk.open()
    [config] = place.server.state.score_configs.values()
    config["isArchived"] = True
    await place.desk.open()
    assert [each["isArchived"] for each in place.server.state.score_configs.values()] == [True, False]


@pytest.mark.parametrize("mode", MODES)
async def test_what_people_say_is_read_back(mode: Mode) -> None:
    """From the queue, over HTTP and of several people; the last word of each counts, and over many pages."""
    async with office(mode, duels=60) as place:
        picked = await place.pick()
        await place.show()
        for exhibit in picked:
            place.server.annotate(exhibit.pair.span_id, "equal", name=PREFERENCE, person="ada")
            place.server.annotate(
                exhibit.pair.span_id, agreeing(exhibit, number(exhibit)), name=PREFERENCE, person="ada"
            )
        await place.label(picked[0], "A better")
        await place.label(picked[0], "A better", source="API", metadata={"annotator": "bob"})
        await place.label(picked[0], "cannot tell", source="API", metadata={"annotator": "bob"})
        await place.label(picked[1], "B better", observationId=None)
        said = {(each.trace_id, each.person): each.label for each in await place.desk.said()}
        assert len(said) == len(picked) + 3
        assert all(said[each.pair.trace_id, "ada"] == agreeing(each, number(each)) for each in picked)
        assert said[picked[0].pair.trace_id, "ANNOTATION"] == "A better"
        assert said[picked[0].pair.trace_id, "bob"] == "cannot tell"
        assert said[picked[1].pair.trace_id, "ANNOTATION"] == "B better", "scores of a trace count too"


async def test_what_is_no_label_is_no_verdict(place: Office) -> None:
    """Numbers and other words under our name are somebody else's."""
    picked = await place.pick()
    await place.show()
    await place.label(picked[0], "splendid", configId=None, source="API")
    await place.label(picked[0], 1, configId=None, source="API", dataType="NUMERIC")  # type: ignore[arg-type]
    assert await place.desk.said() == []


async def test_an_annotation_needs_a_config(place: Office) -> None:
    """As the server's reference tells it; without one the small Langfuse refuses it too."""
    picked = await place.pick()
    await place.show()
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        await place.label(picked[0], "A better", configId=None)
    with pytest.raises(LookupError):
        place.server.annotate(picked[0].pair.span_id, "splendid", name=PREFERENCE)
