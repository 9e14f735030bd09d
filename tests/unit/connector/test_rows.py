"""One row of Langfuse's API, of whichever version, in our words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.langfuse.rows import moment, newest, observation
from rollouts.errors import Permanent

V2: dict[str, Any] = {
    "id": "4b0661036dc4e139",
    "traceId": "dd683b004894b768087ab1e75f55b103",
    "startTime": "2026-11-22T01:56:56.655Z",
    "endTime": "2026-11-22T01:56:58.655Z",
    "parentObservationId": "c7fe1a26397ce5e2",
    "type": "GENERATION",
    "name": "chat",
    "level": "DEFAULT",
    "statusMessage": "",
    "input": '{"messages": [{"role": "user", "content": "Hi"}]}',
    "output": '{"role": "assistant", "content": "Hello"}',
    "metadata": {"scope.name": "langfuse-sdk"},
    "model": "kestrel-2",
    "modelParameters": {"temperature": 0.2},
    "usageDetails": {"input": 812, "output": 40, "total": 852},
    "costDetails": {"input": 0.0008, "output": 0.0002, "total": 0.001},
    "totalCost": 0.001,
    "latency": 2.0,
}
V3: dict[str, Any] = {
    **V2,
    "statusMessage": None,
    "input": {"messages": [{"role": "user", "content": "Hi"}]},
    "output": {"role": "assistant", "content": "Hello"},
    "metadata": {"scope": {"name": "langfuse-sdk"}},
    "calculatedTotalCost": 0.001,
}


def test_both_versions_read_the_same() -> None:
    """Text or value, empty or null: but for the form of metadata nothing shows which server it was."""
    without: dict[str, Any] = {"metadata": {}}
    assert observation(V2).model_copy(update=without) == observation(V3).model_copy(update=without)
    found = observation(V2)
    assert found.input == {"messages": [{"role": "user", "content": "Hi"}]}
    assert (found.model, found.cost_usd, found.latency_s) == ("kestrel-2", 0.001, 2.0)
    assert found.usage == {"input": 812, "output": 40, "total": 852}
    assert found.status_message is None


@pytest.mark.parametrize(
    ("changed", "field", "value"),
    [
        ({"model": "", "providedModelName": "osprey-1"}, "model", "osprey-1"),
        ({"model": None}, "model", None),
        ({"parentObservationId": ""}, "parent_id", None),
        ({"parentObservationId": None}, "parent_id", None),
        ({"type": None}, "type", "SPAN"),
        ({"endTime": None}, "ended_at", None),
        ({"endTime": None, "latency": None}, "latency_s", None),
        ({"endTime": None, "latency": 1.5}, "latency_s", 1.5),
        ({"endTime": "2026-11-22T01:56:50Z"}, "latency_s", None),
        ({"endTime": "2026-11-22T01:56:56.655Z"}, "latency_s", 0.0),
        ({"costDetails": {}, "totalCost": 0}, "cost_usd", None),
        ({"costDetails": None, "totalCost": "0.25"}, "cost_usd", 0.25),
        ({"costDetails": {"total": 0}, "totalCost": 0}, "cost_usd", None),
        ({"usageDetails": None}, "usage", {}),
        ({"usageDetails": {"input": 7, "cached": None, "odd": "many"}}, "usage", {"input": 7.0}),
        ({"usageDetails": {"input": "812", "output": "40.0", "total": "NaN"}}, "usage", {"input": 812, "output": 40}),
        ({"costDetails": {"total": "0.25"}, "totalCost": 0}, "cost_usd", 0.25),
        ({"modelParameters": '{"top_p": 0.5}'}, "parameters", {"top_p": 0.5}),
        ({"modelParameters": "plain"}, "parameters", {}),
        ({"metadata": None}, "metadata", {}),
        ({"metadata": ["a"]}, "metadata", {}),
        ({"input": ""}, "input", ""),
        ({"input": None}, "input", None),
        ({"input": "plain text"}, "input", "plain text"),
        ({"input": "42"}, "input", "42"),
        ({"input": "{broken"}, "input", "{broken"),
        ({"level": "ERROR", "statusMessage": "refused"}, "status_message", "refused"),
    ],
)
def test_what_is_missing_or_odd(changed: dict[str, Any], field: str, value: object) -> None:
    """Unknown is None, never 0; an odd value costs that value and not the row."""
    assert getattr(observation({**V2, **changed}), field) == value


@pytest.mark.parametrize(
    "changed", [{"id": None}, {"traceId": 7}, {"startTime": None}, {"startTime": "soon"}, {"totalCost": "much"}]
)
def test_a_row_that_cannot_be_read_is_permanent(changed: dict[str, Any]) -> None:
    """It names the row, and is no other kind of error."""
    with pytest.raises(Permanent, match="cannot be read"):
        observation({**V2, "costDetails": {}, **changed})


def test_times_are_utc_to_the_millisecond() -> None:
    """As every version of the API writes them."""
    assert moment("2026-11-22T01:56:56.655Z") == datetime(2026, 11, 22, 1, 56, 56, 655_000, tzinfo=UTC)
    assert moment("2026-11-22T02:56:56+01:00") - moment("2026-11-22T01:56:56Z") == timedelta(0)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), json_values, max_size=3) | st.lists(json_values, max_size=3))
def test_contents_come_back_as_they_were_logged(value: object) -> None:
    """An object or list that v2 gives as text is what v3 gives as a value."""
    as_text = observation({**V2, "input": json.dumps(value)})
    assert as_text.input == value == observation({**V3, "input": value}).input


rows = st.builds(
    lambda trace, name, at: {"traceId": trace, "id": name, "updatedAt": f"2026-11-22T00:00:{at:02d}.000Z"},
    st.sampled_from(["t1", "t2"]),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 59),
)


@given(st.lists(rows, max_size=12))
def test_of_several_copies_the_newest_is_kept(copies: list[dict[str, str]]) -> None:
    """One row per trace and id, the one that was updated last, in whatever order they came."""
    kept = newest(copies)
    keys = [(row["traceId"], row["id"]) for row in kept]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(row["traceId"], row["id"]) for row in copies}
    for each in kept:
        same = [row["updatedAt"] for row in copies if (row["traceId"], row["id"]) == (each["traceId"], each["id"])]
        assert each["updatedAt"] == max(same)


def test_a_row_without_an_update_is_older_than_one_with() -> None:
    """Listings may leave the column out."""
    without, updated = {"traceId": "t", "id": "a"}, {"traceId": "t", "id": "a", "updatedAt": "2026-11-22T00:00:00Z"}
    assert newest([updated, without]) == [updated] == newest([without, updated])
