from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from judges.judge import Judge
from judges.ranking import Ranking
from judges.types import Judgment, Verdict
from rollouts.errors import Permanent
from rollouts.types import Completion, Request, Rollout, ToolCall
from tests.gullible import blocks

Say = Callable[[dict[str, str]], str]


class Ranker:
    """A judge's model that ranks as it is told to, and remembers who sat where."""

    def __init__(self, make: Any, say: Say) -> None:
        self.make, self.say = make, say
        self.requests: list[Request] = []
        self.seen: list[dict[str, str]] = []

    async def ask(self, request: Request, **_: Any) -> Completion:
        """Rank the answers that are shown."""
        self.requests.append(request)
        shown = {tag[7:].upper(): text for tag, text in blocks(request.messages[1].text) if tag.startswith("answer")}
        self.seen.append(shown)
        reply: Completion = self.make.scripted.says(self.say(shown), usage={"input_tokens": 100, "output_tokens": 11})
        return reply


def liking(*best_first: str) -> Say:
    """Rank by what the answers say: words of one argument are equal, what none of them names comes last."""

    def say(shown: dict[str, str]) -> str:
        places = [[seat for seat, text in shown.items() if text in words.split()] for words in best_first]
        rest = [seat for seat in shown if not any(seat in place for place in places)]
        return json.dumps({"rationale": "r", "ranking": [place for place in [*places, rest] if place]})

    return say


def rollouts(**answers: Any) -> dict[str, Rollout]:
    """Return what the challengers of these names answered."""
    return {
        name: Rollout(challenger=name, completion=Completion.model_validate({"message": answer}))
        for name, answer in answers.items()
    }


async def ranked(make: Any, say: Say, judge: Judge | None = None, **answers: str) -> tuple[dict[str, Judgment], Ranker]:
    """Let a judge rank these challengers and a baseline that says `base`."""
    ranker = Ranker(make, say)
    given = rollouts(**{name: make.message(text) for name, text in answers.items()})
    found = await (judge or Ranking()).judge_together(make.challenge("base"), given, ranker.ask, model="judge-1")
    return dict(found), ranker


async def test_all_are_ranked_at_once_and_both_ways_round(make: Any) -> None:
    """Two questions; every two answers are seen in both orders; each judgment says who sat where."""
    found, ranker = await ranked(make, liking("one", "base two", "three"), x="one", y="two", z="three")
    assert len(ranker.requests) == 2
    first, second = (list(seen.values()) for seen in ranker.seen)
    assert sorted(first) == ["base", "one", "three", "two"]
    assert first == second[::-1]
    assert [found[name].score for name in "xyz"] == [1, 0.5, 0]
    assert [found[name].verdict for name in "xyz"] == [Verdict.WIN, Verdict.TIE, Verdict.LOSS]
    assert found["x"].meetings == {"y": 1, "z": 1}
    assert found["y"].meetings == {"x": 0, "z": 1}
    names = {"one": "x", "two": "y", "three": "z", "base": "baseline"}
    for judgment in found.values():
        assert [look.seated for look in judgment.rounds] == [
            {seat: names[text] for seat, text in seen.items()} for seen in ranker.seen
        ]
    assert all(look.seated[look.challenger_seat or ""] == "z" for look in found["z"].rounds)


async def test_rounds_that_disagree_are_averaged(make: Any) -> None:
    """A judge that ranks by seat finds a tie between all."""
    found, _ = await ranked(
        make, lambda shown: json.dumps({"ranking": [[seat] for seat in shown]}), x="one", y="two", z="three"
    )
    for name, judgment in found.items():
        assert (judgment.score, judgment.verdict, judgment.consistent) == (0.5, Verdict.TIE, False)
        assert judgment.meetings == {other: 0.5 for other in "xyz" if other != name}


@pytest.mark.parametrize(
    ("ranking", "problem"),
    [
        ([["A"], ["B"]], "letters missing, unknown or twice: C"),
        ([["A"], ["B"], ["C", "A"]], "letters missing, unknown or twice: A"),
        ([["A"], ["B"], ["C"], ["D"]], "letters missing, unknown or twice: D"),
        ([["a"], ["B"], ["C"]], "letters missing, unknown or twice: A, a"),
        (["A", "B", "C"], "ranking.0: Input should be a valid tuple"),
    ],
)
async def test_every_letter_has_one_place(make: Any, ranking: Any, problem: str) -> None:
    """Else the ranking is asked for again, and then nobody has been judged, nor met anyone."""
    found, ranker = await ranked(make, lambda _: json.dumps({"ranking": ranking}), x="one", y="two")
    assert len(ranker.requests) == 4
    for judgment in found.values():
        assert (judgment.verdict, judgment.score, judgment.meetings) == (Verdict.UNREADABLE, None, {})
        assert {look.problem for look in judgment.rounds} == {problem}


async def test_one_order_alone_is_no_judgment(make: Any) -> None:
    """Even where the challenger sits in the middle both times."""
    ask = iter([True, False])
    judge = Ranking(asks=1)
    say = liking("one", "two", "base")
    found, _ = await ranked(make, lambda shown: say(shown) if next(ask) else "?", judge, x="one", y="two")
    assert {judgment.verdict for judgment in found.values()} == {Verdict.UNREADABLE}


async def test_repeats_are_averaged_within_their_order(make: Any) -> None:
    """An order that was read once counts as much as one that was read twice."""
    script: Iterator[Say] = iter([liking("one"), liking("one"), lambda _: "?", liking("base")])

    def say(shown: dict[str, str]) -> str:
        return next(script)(shown)

    judge = Ranking(asks=1, repeats=2, temperature=1.0)
    found, _ = await ranked(make, say, judge, x="one")
    assert found["x"].score == 0.75
    assert len(found["x"].rounds) == 4


async def test_the_seats_follow_from_challenge_and_version(make: Any) -> None:
    """The same at every run and in whatever order the challengers come; another challenge seats them otherwise."""

    async def seats(order: str, model: str = "judge-1", **facts: Any) -> list[str]:
        ranker = Ranker(make, liking())
        given = rollouts(**{name: make.message(f"says {name}") for name in order})
        await Ranking().judge_together(make.challenge("base", **facts), given, ranker.ask, model=model)
        return list(ranker.seen[0].values())

    assert await seats("vwxyz") == await seats("zyxwv")
    assert len({tuple(await seats("vwxyz", id=f"c{n}")) for n in range(10)}) > 5
    assert len({tuple(await seats("vwxyz", model=f"m{n}")) for n in range(10)}) > 5


async def test_identical_answers_share_a_seat(make: Any) -> None:
    """They tie with each other, and with the baseline where they are its own words, without being told apart."""
    found, ranker = await ranked(make, liking("one", "base"), w="base", x="one", y=" one\r\n", z="base")
    assert [len(seen) for seen in ranker.seen] == [2, 2]
    assert [found[name].score for name in "wxyz"] == [0.5, 1, 1, 0.5]
    assert (found["w"].rounds, len(found["x"].rounds)) == ((), 2)
    assert found["x"].meetings == {"w": 1, "y": 0.5, "z": 1}
    assert found["z"].meetings == {"w": 0.5, "x": 0, "y": 0}
    assert sorted(found["x"].rounds[0].seated.values()) == ["baseline = w = z", "x = y"]


async def test_identical_answers_are_seated_apart_where_that_is_wanted(make: Any) -> None:
    """Then the judge shows what nothing is worth to it, between challengers too."""
    by_seat: Say = lambda shown: json.dumps({"ranking": [[seat] for seat in shown]})  # noqa: E731
    found, ranker = await ranked(make, by_seat, Ranking(identical="judge"), x="base", y="base")
    assert [len(seen) for seen in ranker.seen] == [3, 3]
    assert [(judgment.score, judgment.consistent) for judgment in found.values()] == [(0.5, False)] * 2
    assert found["x"].meetings == {"y": 0.5}


async def test_nobody_is_asked_where_all_answers_are_one(make: Any) -> None:
    """Everything ties for nothing."""
    found, ranker = await ranked(make, liking(), x="base", y="base")
    assert ranker.requests == []
    assert [judgment.score for judgment in found.values()] == [0.5, 0.5]
    assert found["x"].meetings == {"y": 0.5}


async def test_silence_meets_no_silence(make: Any) -> None:
    """Two that say nothing have nothing to compare; both are worse than who says something."""
    found, _ = await ranked(make, liking("one", "base"), x="one", y="", z=" ")
    assert [found[name].score for name in "xyz"] == [1, 0, 0]
    assert found["y"].meetings == {"x": 0}
    assert found["x"].meetings == {"y": 1, "z": 1}


async def test_what_a_round_took_is_shared_among_those_it_ranked(make: Any) -> None:
    """Tokens and money of all judgments together are those that were paid; a tie with the baseline costs nothing."""
    found, _ = await ranked(make, liking("one", "base", "two", "three"), w="base", x="one", y="two", z="three")
    paid = [found[name].rounds for name in "xyz"]
    for number in range(2):
        assert sum(rounds[number].usage.input_tokens or 0 for rounds in paid) == 100
        assert sum(rounds[number].usage.output_tokens or 0 for rounds in paid) == 11
        assert sum(rounds[number].cost_usd or 0 for rounds in paid) == pytest.approx(0.01)


async def test_more_answers_than_letters_are_refused(make: Any) -> None:
    """26 can be seated, the baseline among them; one more cannot, and nobody has been asked."""
    most: dict[str, Any] = {f"c{n}": f"answer {n}" for n in range(25)}
    found, ranker = await ranked(make, liking(), **most)
    assert (len(found), max(ranker.seen[0])) == (25, "Z")
    with pytest.raises(Permanent, match="27 answers cannot be ranked at once, 26 can"):
        await ranked(make, liking(), **most, one_more="another answer")


async def test_calls_are_compared_across_all(make: Any) -> None:
    """Who makes the same calls is certain, by letter, in both orders."""
    calls = [ToolCall(id="1", name="book", arguments=text) for text in ('{"a": 1}', '{"a": 1.0}')]
    given = rollouts(x=make.message("Done.", calls[0]), y=make.message("Booked.", calls[1]), z=make.message("Hm?"))
    ranker = Ranker(make, liking())
    await Ranking().judge_together(make.challenge("base"), given, ranker.ask, model="judge-1")
    for request, seen in zip(ranker.requests, ranker.seen, strict=True):
        same = ", ".join(seat for seat, text in seen.items() if "<tool_call>" in text)
        assert f"These answers make the same calls: {same}." in request.messages[1].text
