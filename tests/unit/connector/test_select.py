"""Which traces and turns are wanted: the same answer every time, and a reason for every other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sampling.options import Sampling
from connector.select import Filters, Selection
from connector.traces import Sighting
from connector.types import Disposition, Fate
from rollouts.types import Challenge
from tests.logged import BEGUN, challenges, growing_history, trace_per_turn, user

[ONE] = challenges(*growing_history("t", [user("hey"), {"role": "assistant", "content": "hello"}]))
SIGHTED = Sighting(
    trace_id="t",
    started_at=BEGUN,
    ended=True,
    observations=2,
    environment="production",
    name="chat",
    user_id="u1",
    tags=("vip", "de"),
)


def many(count: int) -> list[Challenge]:
    """Return challenges with ids and places of their own."""
    places = [ONE.origin.model_copy(update={"place": f"{n:031x}f"}) for n in range(count)]
    return [ONE.model_copy(update={"id": f"{n:032x}", "origin": place}) for n, place in enumerate(places)]


def drawn(share: float, seed: int = 0, count: int = 400) -> set[str]:
    """Return the ids of those that are taken."""
    selection = Selection(sampling=Sampling(share=share, seed=seed))
    return {challenge.id for challenge in many(count) if selection.excludes(challenge) is None}


@pytest.mark.parametrize(
    ("filters", "excluded_by"),
    [
        (Filters(), None),
        (Filters(environments=("production",), tags=("vip", "x"), trace_names=("chat",), users=("u1",)), None),
        (Filters(environments=("staging",)), "environment"),
        (Filters(tags=("nobody",)), "tag"),
        (Filters(trace_names=("search",)), "trace name"),
        (Filters(users=("u2",)), "user"),
    ],
)
def test_a_trace_passes_every_filter_or_is_told_which_one_stopped_it(filters: Filters, excluded_by: str | None) -> None:
    """Empty filters ask for everything; of tags, any one is enough."""
    assert filters.excludes(SIGHTED) == excluded_by


def test_models_are_those_of_the_baseline() -> None:
    """Turns of mixed projects are told apart by who answered in production."""
    assert Selection(filters=Filters(models=("kestrel-2",))).excludes(ONE) is None
    found = Selection(filters=Filters(models=("other",))).excludes(ONE)
    assert found == Disposition.of_turn(ONE, Fate.FILTERED, "model")


@given(st.integers(0, 1000))
def test_all_or_none(seed: int) -> None:
    """A share of 1 takes every turn and of 0 none, whatever the seed."""
    assert len(drawn(1.0, seed, 50)) == 50
    assert drawn(0.0, seed, 50) == set()


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000))
def test_a_larger_share_only_adds(one: float, other: float, seed: int) -> None:
    """Raising the share keeps every turn that was in, so that nothing paid is thrown away."""
    small, large = sorted((one, other))
    assert drawn(small, seed, 100) <= drawn(large, seed, 100)


def test_the_draw_is_fair_and_repeatable() -> None:
    """About the share asked for; the same seed takes the same turns, another seed takes others."""
    assert 150 < len(drawn(0.5)) < 250
    assert drawn(0.5) == drawn(0.5)
    assert drawn(0.5) != drawn(0.5, seed=1)


@pytest.mark.parametrize("session", [True, False])
def test_a_turn_is_drawn_once_however_often_it_is_logged(*, session: bool) -> None:
    """Each later trace shows it again: with a new chance every time, a small share would take nearly everything."""
    said = [message for n in range(30) for message in (user(f"q{n}"), {"role": "assistant", "content": f"a{n}"})]
    selection = Selection(sampling=Sampling(share=0.2))
    seen = challenges(*trace_per_turn("s", said, session=session))
    assert len(seen) == 30 * 31 / 2
    taken = {c.content_id for c in seen if selection.excludes(c) is None}
    refused = {c.content_id for c in seen if selection.excludes(c) is not None}
    assert not taken & refused
    assert 1 <= len(taken) <= 15


def test_a_turn_left_out_by_the_draw_is_counted() -> None:
    """Sampled out is a state of its own."""
    found = Selection(sampling=Sampling(share=0.0)).excludes(ONE)
    assert found == Disposition.of_turn(ONE, Fate.SAMPLED_OUT)
