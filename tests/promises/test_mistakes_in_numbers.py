"""Rows 1 to 15: wrong numbers, lost runs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connector.demo.models import ModelServer
from connector.types import Fate, State
from judges.labels import Problem, read_label
from judges.standings.outcomes import Outcome
from judges.types import Label
from tests.integration.world import understudy
from tests.logged import assistant, challenges, generation, trace, user
from tests.outcomes import outcome, tallied
from tests.promises.stage import Played, arrange, chats, cycle, prefers, recent, row_of, saying

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"


def win(conversation: str, score: float, challenger: str = "one", turn: int = 0) -> Outcome:
    """Return a decided duel."""
    return outcome(challenger, f"{conversation}/{turn}", score)


async def test_row_01_failed_calls_are_never_judged(tmp_path: Path) -> None:
    """19 of 100 calls fail: the win rate stays what it is on the other 81, and nobody asks the judge about them."""
    models = {"one": saying("an equal answer"), "judge": saying("[[A=B]]")}
    async with ModelServer(models) as server:
        server.fail("one", 400, times=19)
        played = await cycle(arrange(tmp_path, chats(100), server))
        assert server.calls["judge"] == 2 * 81
    row = played.row()
    assert (row.win_rate, row.turns, row.failed) == (0.5, 81, 19)


async def test_row_02_an_odd_verdict_costs_one_turn(tmp_path: Path) -> None:
    """A judge that says `[[A]]` is asked once more; then that turn is unreadable, and the others count."""

    def judge(body: dict[str, object]) -> str:
        return "[[A]]" if "question 0-0" in str(body) else "[[A=B]]"

    async with ModelServer({"one": saying("hi"), "judge": judge}) as server:
        played = await cycle(arrange(tmp_path, chats(20), server))
        assert server.calls["judge"] == 2 * 19 + 2 * 2
    row = played.row()
    assert (row.turns, row.unreadable, row.ties, row.failed) == (19, 1, 19, 0)


async def test_row_03_an_empty_history_is_skipped_and_counted(tmp_path: Path) -> None:
    """A conversation that opens with the assistant costs nobody a call, and no run."""
    greeting = trace("greeting", generation([{"role": "system", "content": "Greet."}], "welcome", trace="greeting"))
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as server:
        played = await cycle(arrange(tmp_path, [greeting, *chats(3)], server))
        assert server.calls["one"] == 3
    assert played.turns() == {
        (Fate.CHALLENGED, ""): 3,
        (Fate.UNREPLAYABLE, "nothing before it to answer"): 1,
    }


def test_row_04_the_interval_is_that_of_the_data() -> None:
    """100 wins and 100 losses are uncertain; 200 ties are not."""
    row = row_of(tallied([win(f"c{n}", float(n % 2)) for n in range(200)], seed=0))
    assert row.win_rate == 0.5
    assert (row.low or 1) < 0.45
    assert (row.high or 0) > 0.55
    row = row_of(tallied([win(f"c{n}", 0.5) for n in range(200)], seed=0))
    assert (row.low, row.high) == (0.5, 0.5)


def test_row_05_turns_have_ids_and_the_interval_holds_its_mean() -> None:
    """No two turns of a trace share an id, and no interval lies beside the mean that it is about."""
    found = challenges(*chats(2, turns=5))
    assert len({challenge.id for challenge in found}) == 10
    assert [challenge.origin.turn for challenge in found] == [0, 1, 2, 3, 4] * 2
    uneven = [win("long", 0.0, turn=n) for n in range(20)] + [win(f"c{n}", 1.0) for n in range(10)]
    row = row_of(tallied(uneven, seed=0))
    assert row.win_rate == pytest.approx(1 / 3)
    assert (1.0 if row.low is None else row.low) <= 1 / 3 <= (row.high or 0)


async def test_row_06_all_challengers_meet_the_same_turns(tmp_path: Path) -> None:
    """A sample is drawn once, by seed; a challenger that joins later meets the same turns."""
    models = {"one": saying("1"), "two": saying("2"), "late": saying("3"), "judge": saying("[[A=B]]")}
    head, traces = "[sampling]\nshare = 0.5", recent(chats(40))
    async with ModelServer(models) as server:
        await cycle(arrange(tmp_path, traces, server, challengers=("one", "two"), head=head))
        played = await cycle(arrange(tmp_path, traces, server, challengers=("one", "two", "late"), head=head))
    met: dict[str, set[str]] = {"one": set(), "two": set(), "late": set()}
    for duel in played.written("duel"):
        met[duel["challenger"]].add(duel["challenge_id"])
    assert met["one"] == met["two"] == met["late"]
    assert 5 < len(met["one"]) < 35
    assert played.turns()[Fate.SAMPLED_OUT, ""] == 40 - len(met["one"])


def test_row_07_same_words_are_not_the_same_challenge() -> None:
    """Ten traces that open with "hi", each with its own tools and answer, are ten challenges."""
    traces = [
        trace(f"t{n}", generation({"messages": [user("hi")], "tools": [{"name": f"tool{n}"}]}, f"a{n}", trace=f"t{n}"))
        for n in range(10)
    ]
    found = challenges(*traces)
    assert len({challenge.id for challenge in found}) == 10
    assert [challenge.tools[0].name for challenge in found] == [f"tool{n}" for n in range(10)]


async def test_row_08_the_challenger_sees_exactly_what_production_saw(tmp_path: Path) -> None:
    """Nothing is cut off the end of a history; one that ends with the assistant is not replayed at all."""
    asked = [user("a"), assistant("b"), user("c")]
    good = trace("good", generation(asked, "d", trace="good"))
    bad = trace("bad", generation([user("x"), assistant("y")], "z", trace="bad"))
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as server:
        played = await cycle(arrange(tmp_path, [good, bad], server))
        sent = [seen.body["messages"] for seen in server.seen if seen.body["model"] == "one"]
    assert sorted(sent, key=str) == sorted([asked, asked[:1]], key=str)
    assert played.turns()[Fate.UNREPLAYABLE, "its history ends with an assistant message"] == 1


async def test_row_09_waiting_for_a_slot_is_not_latency(tmp_path: Path) -> None:
    """Ten calls one after the other take a second; each of them took a tenth."""
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}, latency_s=0.1) as server:
        begun = time.monotonic()
        played = await cycle(arrange(tmp_path, chats(10), server, options="concurrency = 1"))
        assert time.monotonic() - begun > 1.0
    latencies = sorted(duel["rollout"]["completion"]["latency_s"] for duel in played.written("duel"))
    assert latencies[0] >= 0.1
    assert latencies[5] < 0.3


async def test_row_10_an_unknown_price_is_not_free(tmp_path: Path) -> None:
    """Of a model without a price the cost is unknown, also on the leaderboard; the judge's cost is its own."""
    async with ModelServer({"one": saying("hi"), "judge": saying("[[A=B]]")}) as server:
        unknown = await cycle(arrange(tmp_path, chats(2), server))
        (tmp_path / "understudy.db").unlink()
        known = await cycle(arrange(tmp_path, chats(2), server, options="price = { input = 1.0, output = 2.0 }"))
    assert (unknown.row().cost_per_1000_turns_usd, unknown.row().costs_known) == (None, 0)
    assert known.row().costs_known == 2
    assert (known.row().cost_per_1000_turns_usd or 0) > 0
    assert all(look["cost_usd"] is None for duel in known.written("duel") for look in duel["judgment"]["rounds"])


def test_row_11_the_interval_can_be_had_again() -> None:
    """The same outcomes and seed give the same interval, whoever else is on the board."""
    outcomes = [win(f"c{n % 30}", (n * 7 % 11) / 10, turn=n) for n in range(200)]
    beside = [*outcomes, *(win(f"c{n}", 1.0, "two") for n in range(50))]
    rows = [row_of(tallied(some, seed=3)) for some in (outcomes, outcomes, beside)]
    assert rows[0] == rows[1]
    assert (rows[2].win_rate, rows[2].low, rows[2].high) == (rows[0].win_rate, rows[0].low, rows[0].high)


async def test_row_13_what_is_shipped_as_an_example_runs() -> None:
    """The example configuration is accepted as it stands."""
    said = await understudy("config", "show", "-c", str(EXAMPLE))
    assert said.code == 0, said.err


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("[[A > B]]", Label.A_BETTER),
        ("[[ A>B ]]", Label.A_BETTER),
        (r"\boxed{A>B}", Label.A_BETTER),
        ("［［A＞B］］", Label.A_BETTER),  # noqa: RUF001 - as models write it in Chinese
        ("[[a>>b]] no, wait: [[B=A]]", Label.TIE),
        ("[[A]]", None),
        ("[[A>>>B]]", None),
        ("I choose list[a]", None),
        ("[[A>B]] or list[b]", Label.A_BETTER),
    ],
)
def test_row_14_labels_are_read_however_they_are_spelled(written: str, label: Label | None) -> None:
    """Spaces, boxes and full-width signs are read; what is none of the five labels is never guessed."""
    found = read_label(written)
    assert isinstance(found, Problem) if label is None else found == label


async def test_row_15_only_the_failed_round_is_asked_again(tmp_path: Path) -> None:
    """One of two judge calls breaks: the answer and the other round are kept, and three calls are made in all."""
    async with ModelServer({"one": saying("better"), "judge": prefers("better")}) as server:
        server.fail("judge", 500, times=1)
        played: Played = await cycle(arrange(tmp_path, chats(1), server))
        assert (server.calls["one"], server.calls["judge"]) == (1, 3)
    assert played.states == {("one", State.POSTED): 1}
    assert played.row().wins == 1
