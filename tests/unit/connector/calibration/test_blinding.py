from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.calibration.blinding import CANNOT_TELL, LABELS, Exhibit, asked, meaning, pair, seated
from connector.scoring import OWN
from judges.types import Verdict
from rollouts.types import Message, Reasoning, Text, ToolCall, ToolResult
from tests.duelling import challenge, rollout

AT = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)


def test_ids_cannot_be_worked_out() -> None:
    """The same duel has other ids under another secret; under one secret it has the same for ever."""
    first, second = pair("duel", "secret", AT), pair("duel", "other", AT)
    assert pair("duel", "secret", AT) == first
    assert not {first.id, first.trace_id, first.span_id} & {second.id, second.trace_id, second.span_id}
    assert first.trace_id.startswith(OWN)
    assert first.picked_at.microsecond == 123000, "Langfuse keeps milliseconds, and a span's start is part of its id"


def test_seats_are_shuffled() -> None:
    """Over many duels the challenger sits in A about half of the time."""
    seats = [pair(f"duel-{n}", "secret", AT).challenger_seat for n in range(1000)]
    assert 440 < seats.count("A") < 560


@given(st.sampled_from(list(LABELS)), st.sampled_from("AB"))
def test_labels_mean_the_same_from_either_seat(label: str, seat: str) -> None:
    """Mirrored, a label is worth what is left to one."""
    mirrored = label.translate(str.maketrans("AB", "BA"))
    here, there = meaning(label, seat), meaning(mirrored, "B" if seat == "A" else "A")
    assert here == there


def test_labels_are_on_the_scale_of_sevenths() -> None:
    """From the challenger's point of view; who cannot tell says nothing."""
    assert meaning("A much better", "A") == (1.0, Verdict.WIN)
    assert meaning("B better", "A") == (1 / 7, Verdict.LOSS)
    assert meaning("equal", "B") == (0.5, Verdict.TIE)
    assert meaning(CANNOT_TELL, "A") is None


def test_answers_show_neither_thoughts_nor_ids_of_calls() -> None:
    """Both would tell which provider has answered."""
    parts = (Reasoning(content="hmm"), Text(content="let me look"), ToolCall(id="toolu_01", name="f", arguments="{}"))
    rolled = rollout()
    completion = rolled.completion.model_copy(update={"message": Message(role="assistant", parts=parts)})
    exhibit = Exhibit(pair("d", "s", AT), challenge(), rolled.model_copy(update={"completion": completion}))
    shown = seated(exhibit)[exhibit.pair.challenger_seat]
    assert "let me look" in shown
    assert "name: f" in shown
    assert "hmm" not in shown
    assert "toolu" not in shown


def test_calls_of_the_history_are_numbered() -> None:
    """Ids of calls name production's provider; a result still follows its call."""
    called = Message(role="assistant", parts=(ToolCall(id="toolu_01", name="f", arguments="{}"),))
    told = Message(role="tool", parts=(ToolResult(id="toolu_01", response="42"),))
    shown = asked(challenge().model_copy(update={"messages": (called, told)}))["messages"]
    assert shown[0]["tool_calls"][0]["id"] == shown[1]["tool_call_id"] == "call_1"
