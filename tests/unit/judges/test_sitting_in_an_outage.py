"""A jury while the provider of one of its judges is down."""

from __future__ import annotations

import pytest

from judges.asking import raise_worst
from rollouts.errors import Permanent, Retryable, Unavailable
from tests.unit.judges.test_sitting import asked, heard, juror

DOWN = Unavailable("opus has not answered since noon", retry_after_s=60)


async def test_a_stand_in_takes_the_seat_of_who_is_known_to_be_down() -> None:
    """Nobody waits for a provider that is down while there is somebody else, and the reason is kept."""
    stand_in = juror("mistral-large", stand_in=True)
    judged = await heard([juror("claude-opus-4-5", error=DOWN), juror("gemini-3-pro"), stand_in], quorum=2)
    assert [member.judge for member in judged.members] == ["plain/gemini-3-pro", "plain/mistral-large"]
    assert "has not answered since noon" in judged.absent["plain/claude-opus-4-5"]


async def test_a_quorum_is_enough_while_one_is_down() -> None:
    """Two of three judge, and the verdict says who was missing."""
    judged = await heard(
        [juror("claude-opus-4-5", error=DOWN), juror("gemini-3-pro"), juror("mistral-large")], quorum=2
    )
    assert len(judged.members) == 2
    assert list(judged.absent) == ["plain/claude-opus-4-5"]


async def test_without_a_quorum_the_jury_waits() -> None:
    """What is raised says that it is no fault of the record."""
    with pytest.raises(Unavailable):
        await heard([juror("claude-opus-4-5", error=DOWN), juror("gemini-3-pro")], quorum=2)


async def test_a_judge_that_is_only_busy_is_still_waited_for() -> None:
    """One hiccup does not change who sits."""
    busy, other = juror("claude-opus-4-5", error=Retryable("busy")), juror("gemini-3-pro")
    with pytest.raises(Retryable) as waits:
        await heard([busy, other, juror("mistral-large", stand_in=True)], quorum=2)
    assert not isinstance(waits.value, Unavailable)
    assert asked(other) == 1


def test_an_outage_goes_before_what_may_be_the_record_s_fault() -> None:
    """Where one look failed and another met an outage, no attempt is counted; what never works stays what it is."""
    with pytest.raises(Unavailable):
        raise_worst([Retryable("busy"), DOWN])
    with pytest.raises(Permanent):
        raise_worst([DOWN, Permanent("never")])
