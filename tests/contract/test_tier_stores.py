"""What every store promises of the members of tiers, in memory and on disk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.store.sqlite import SqliteStore
from connector.tiers.types import Flag, Member, member_id
from connector.types import Duel, Fate
from rollouts.errors import Fatal
from rollouts.types import Challenge, Tier
from tests.duelling import BEGUN, challenge, intake, rollout

EPOCH, NEXT = "2026-W47", "2026-W48"


@pytest.fixture(params=[":memory:", "file"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return every kind of store, empty."""
    found = SqliteStore(":memory:" if request.param == ":memory:" else str(tmp_path / "understudy.db"))
    yield found
    await found.aclose()


def member(number: int = 0, tier: Tier = "golden", *, readable: bool = True, version: str = "1") -> Member:
    """Return an item of the dataset `kept`."""
    asked = challenge(number).model_copy(update={"tier": tier, "messages": challenge(number).messages * len(version)})
    return Member(
        id=member_id(tier, "kept", str(number)),
        tier=tier,
        source="kept",
        item=str(number),
        version=version,
        fate=Fate.CHALLENGED if readable else Fate.UNREADABLE,
        reason="" if readable else "nonsense",
        added_at=BEGUN,
        challenge=asked if readable else None,
    )


async def ask(store: SqliteStore, epoch: str = EPOCH) -> int:
    """Queue what the epoch lacks, for one challenger."""
    fresh = await store.unasked(epoch)
    return await store.ask(epoch, fresh, [Duel.of(each, "good", "f1") for each in fresh])


async def queue(store: SqliteStore) -> list[Challenge]:
    """Return what waits for an answer."""
    return [duel.challenge for duel in await store.due("good", "f1", 100, BEGUN + timedelta(days=99))]


async def counted(store: SqliteStore) -> dict[str, int]:
    """Return how many members ended how."""
    return {f"{each.fate}: {each.reason}": each.count for each in await store.ledger() if each.of == "item"}


async def test_a_member_is_asked_once_in_every_epoch(store: SqliteStore) -> None:
    """Under an id of its own in each, with its tier, and as heavy as any other."""
    await store.keep_members([member(0), member(1, "adversarial"), member(2, readable=False)])
    assert [await ask(store), await ask(store), await ask(store, NEXT)] == [2, 0, 2]
    found = await queue(store)
    assert {(each.tier, each.epoch) for each in found} == {
        (tier, epoch) for tier in ("golden", "adversarial") for epoch in (EPOCH, NEXT)
    }
    assert len({each.id for each in found}) == 4
    assert await counted(store) == {
        "challenged: golden": 1,
        "challenged: adversarial": 1,
        "unreadable: golden: nonsense": 1,
    }


async def test_the_turn_that_traffic_brought_and_the_one_of_a_tier_are_two(store: SqliteStore) -> None:
    """A flagged turn counts in both tiers; neither is taken for a copy of the other, in whatever order they come."""
    drawn = challenge(0, place="here")
    hard = Member.of(drawn, "by hand", BEGUN)
    await store.add_members([hard])
    assert await ask(store) == 1
    taken = intake(drawn.model_copy(update={"epoch": EPOCH}))
    assert await store.take(taken, [Duel.of(drawn, "good", "f1")]) == 1
    assert await store.take(taken, [Duel.of(drawn, "good", "f1")]) == 0
    assert [each.tier for each in await queue(store)] == ["adversarial", "fresh"]


async def test_a_new_version_is_asked_in_place_of_what_nobody_was_asked(store: SqliteStore) -> None:
    """What was answered stays as it was; the rest goes."""
    await store.keep_members([member(0), member(1)])
    await ask(store)
    [begun] = [
        each
        for each in await store.due("good", "f1", 9, BEGUN + timedelta(9))
        if "0" in each.challenge.messages[0].text
    ]
    await store.save(begun.rolled(rollout()))
    await store.keep_members([member(0, version="22"), member(1, version="22")])
    assert await ask(store) == 1, "two more, one less"
    assert sorted(len(each.messages) for each in await queue(store)) == [1, 2, 2]


async def test_golden_follows_its_dataset_and_adversarial_does_not(store: SqliteStore) -> None:
    """Archived, gone, or no longer named: each is left out by name, and comes back. Unread datasets change nothing."""
    await store.keep_members([member(n) for n in range(3)])
    ids = [member(n).id for n in range(3)]
    await store.attend("golden", {"kept": {ids[0]: False, ids[1]: True}})
    assert await counted(store) == {
        "challenged: golden": 1,
        "filtered: golden: archived": 1,
        "filtered: golden: no longer in its dataset": 1,
    }
    await store.attend("golden", {"kept": None})
    assert await ask(store) == 1
    await store.attend("golden", {})
    assert await counted(store) == {"filtered: golden: its dataset is not configured": 3}
    await store.attend("golden", {"kept": dict.fromkeys(ids, False)})
    assert await ask(store) == 2
    hard = member(7, "adversarial")
    await store.keep_members([hard])
    await store.keep_members([hard.model_copy(update={"challenge": None, "fate": Fate.UNREADABLE, "version": "2"})])
    assert (await store.versions("adversarial"))[hard.id] == "2"
    assert await ask(store, NEXT) == 4


async def test_a_removal_is_kept_and_only_a_person_undoes_it(store: SqliteStore) -> None:
    """Flags and datasets bring nothing back; whoever adds it again does."""
    hard = Member.of(challenge(0), "tag hard", BEGUN)
    flag = Flag(by="tag", why="tag hard", trace_id="t", at=BEGUN)
    await store.note([flag, flag])
    assert await store.pending() == [flag]
    await store.looked_into(flag, [hard])
    await store.note([flag])
    assert await store.pending() == []
    assert await ask(store) == 1
    assert await store.remove_member(hard.id[:8], "not hard", BEGUN) == hard.id
    assert await ask(store) == -1
    await store.keep_members([hard])
    assert await ask(store) == 0
    with pytest.raises(Fatal, match="no turns"):
        await store.remove_member(hard.id, "again", BEGUN)
    [record] = await store.removals()
    assert (record.because, record.at, record.returned_at) == ("not hard", BEGUN, None)
    assert await counted(store) == {"filtered: adversarial: removed": 1}
    assert await store.add_members([hard]) == 1
    assert await ask(store) == 1
    [record] = await store.removals()
    assert record.returned_at is not None


async def test_only_adversarial_turns_are_removed_by_hand_and_never_two_at_once(store: SqliteStore) -> None:
    """Golden ones are archived in their dataset; an id that is too short is refused."""
    await store.keep_members([member(0), *(member(n, "adversarial") for n in range(40))])
    with pytest.raises(Fatal, match="no turns"):
        await store.remove_member(member(0).id, "x", BEGUN)
    with pytest.raises(Fatal, match="no turns"):
        await store.remove_member("*", "x", BEGUN)
    with pytest.raises(Fatal, match="no turns"):
        await store.remove_member("", "x", BEGUN)
    twice = next(d for d in "0123456789abcdef" if sum(member(n, "adversarial").id[0] == d for n in range(40)) > 1)
    with pytest.raises(Fatal, match=f"begin with '{twice}'"):
        await store.remove_member(twice, "x", BEGUN)
