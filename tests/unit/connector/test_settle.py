"""When a trace is read, waited for, left alone or given up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.settle import Settling, Waiting, settling
from connector.traces import Sighting
from connector.types import Fate, Seen

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WAITING = Waiting(NOW, patience=DAY, quiet=timedelta(minutes=30))
BEGUN = NOW - timedelta(minutes=10)
TAKEN = [fate for fate in Fate if fate is not Fate.WAITING]


def seen(observations: int = 3, fate: Fate = Fate.WAITING, latest: datetime | None = BEGUN) -> Seen:
    """What an earlier look noted."""
    return Seen(observations=observations, latest=latest, fate=fate)


def decide(
    before: Seen | None,
    *,
    observations: int = 3,
    ended: bool = True,
    latest: datetime | None = BEGUN,
    age: timedelta = timedelta(minutes=10),
) -> Settling:
    """Decide about a trace as it looks now."""
    sighting = Sighting(trace_id="t", started_at=NOW - age, ended=ended, observations=observations, latest=latest)
    return settling(sighting, before, WAITING)


@pytest.mark.parametrize(
    ("before", "now", "decision"),
    [
        (None, {}, Settling.WAIT),
        (None, {"ended": False}, Settling.WAIT),
        (seen(), {}, Settling.READ),
        (seen(), {"ended": False}, Settling.WAIT),
        (seen(2), {}, Settling.WAIT),
        (seen(fate=Fate.CHALLENGED), {}, Settling.KNOWN),
        (seen(2, Fate.CHALLENGED), {}, Settling.WAIT),
        (seen(fate=Fate.FILTERED), {}, Settling.KNOWN),
        (seen(fate=Fate.FILTERED), {"ended": False}, Settling.KNOWN),
        (None, {"ended": False, "age": 2 * DAY}, Settling.GIVE_UP),
        (seen(), {"ended": False, "age": 2 * DAY}, Settling.GIVE_UP),
        (seen(fate=Fate.UNREADABLE), {"ended": False, "age": 2 * DAY}, Settling.KNOWN),
        (seen(), {"ended": False, "age": DAY}, Settling.WAIT),
        (seen(2), {"age": 2 * DAY}, Settling.WAIT),
        (seen(2, Fate.UNREADABLE), {"age": 2 * DAY}, Settling.WAIT),
    ],
)
def test_each_case(before: Seen | None, now: dict[str, object], decision: Settling) -> None:
    """Twice the same and ended is read; known and unchanged is left alone; endless is given up; the rest waits."""
    assert decide(before, **now) is decision  # type: ignore[arg-type]


def test_a_trace_that_loses_old_parts_and_gains_new_ones_has_grown() -> None:
    """One trace id for a whole chat: as many observations as before, but newer ones."""
    assert decide(seen(3, Fate.CHALLENGED), latest=NOW) is Settling.WAIT
    assert decide(seen(3, latest=NOW), latest=NOW) is Settling.READ


@pytest.mark.parametrize(
    ("before", "latest", "age", "decision"),
    [
        (None, 31, 40, Settling.WAIT),
        (seen(latest=NOW - timedelta(minutes=29)), 29, 40, Settling.WAIT),
        (seen(latest=NOW - timedelta(minutes=31)), 31, 40, Settling.READ),
        (seen(2, latest=NOW - timedelta(minutes=31)), 31, 40, Settling.WAIT),
        (seen(latest=NOW - timedelta(minutes=1)), 1, 1500, Settling.READ),
        (seen(latest=NOW - timedelta(minutes=2)), 1, 1500, Settling.WAIT),
        (seen(fate=Fate.CHALLENGED, latest=NOW - timedelta(minutes=31)), 31, 40, Settling.KNOWN),
    ],
)
def test_without_a_root_a_trace_is_read_once_quiet(
    before: Seen | None, latest: int, age: int, decision: Settling
) -> None:
    """Its root may never come; nothing new for half an hour is taken for the end, and it is never given up."""
    sighting = Sighting(
        trace_id="t",
        started_at=NOW - timedelta(minutes=age),
        ended=False,
        rooted=False,
        observations=3,
        latest=NOW - timedelta(minutes=latest),
    )
    assert settling(sighting, before, WAITING) is decision


def test_a_trace_that_only_loses_old_parts_is_known() -> None:
    """They have left the window, not the trace: to read it again would find nothing new."""
    assert decide(seen(5, Fate.CHALLENGED), observations=2) is Settling.KNOWN


@pytest.mark.parametrize("count", [2, 4])
def test_where_the_age_is_unknown_any_other_number_is_a_change(count: int) -> None:
    """A listing that does not tell when its newest observation began tells by their number alone."""
    assert decide(seen(3, Fate.CHALLENGED, latest=None), observations=count) is Settling.WAIT
    assert decide(seen(3, Fate.CHALLENGED), observations=count, latest=None) is Settling.WAIT


today = NOW.replace(tzinfo=None)
moments = st.datetimes(today - 7 * DAY, today, timezones=st.just(UTC))
sightings = st.builds(
    Sighting,
    trace_id=st.just("t"),
    started_at=moments,
    ended=st.booleans(),
    observations=st.integers(1, 5),
    latest=st.none() | moments,
)
fates = st.sampled_from(list(Fate))


@given(sightings)
def test_nothing_is_read_at_first_sight(sighting: Sighting) -> None:
    """However old and ended it looks: a second look has to agree."""
    assert settling(sighting, None, WAITING) in {Settling.WAIT, Settling.GIVE_UP}


@given(sightings)
def test_two_looks_that_agree_settle_what_has_ended(sighting: Sighting) -> None:
    """Whatever was seen, seeing it again is enough."""
    before = Seen(observations=sighting.observations, latest=sighting.latest, fate=Fate.WAITING)
    decision = settling(sighting, before, WAITING)
    assert (decision is Settling.READ) is sighting.ended


@given(sightings, st.sampled_from(TAKEN))
def test_what_was_decided_stays_decided_while_nothing_changes(sighting: Sighting, fate: Fate) -> None:
    """A settled trace costs no second reading, however often it is seen."""
    before = Seen(observations=sighting.observations, latest=sighting.latest, fate=fate)
    assert settling(sighting, before, WAITING) is Settling.KNOWN


@given(sightings, fates, st.integers(1, 4))
def test_growth_is_never_taken_for_settled(sighting: Sighting, fate: Fate, more: int) -> None:
    """A trace with more observations than before is neither read nor left alone at this look."""
    before = Seen(observations=sighting.observations - more, latest=sighting.latest, fate=fate)
    assert settling(sighting, before, WAITING) in {Settling.WAIT, Settling.GIVE_UP}


@given(sightings, st.none() | st.builds(Seen, observations=st.integers(1, 5), fate=fates))
def test_only_what_has_not_ended_is_given_up(sighting: Sighting, before: Seen | None) -> None:
    """And only after the whole patience."""
    if settling(sighting, before, WAITING) is Settling.GIVE_UP:
        assert not sighting.ended
        assert NOW - sighting.started_at > DAY
