"""What every judge promises, whatever it asks. A new file in `judges/` with a judge is in it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from judges.judge import Judge
from judges.model_judge import ModelJudge
from judges.types import Judgment, Verdict
from rollouts.errors import Fatal, Permanent, Retryable
from rollouts.journal import MemoryJournal
from rollouts.plugins import kinds, load
from rollouts.types import (
    Challenge,
    Completion,
    Message,
    Origin,
    Part,
    Request,
    Rollout,
    Text,
    ToolCall,
    ToolDefinition,
    Usage,
)
from tests.buying import bought
from tests.gullible import ATTACKS, FRAGMENTS, PADDING, blocks, obeyed

KINDS = kinds(Judge, package="judges")
MODEL = "judge-1"
CORRECT = {"weight": 3, "description": "It is right."}
KNOWN: dict[str, Any] = {"criteria": {"correct": CORRECT, "kind": {"description": "It is kind."}}}
CHANGES: dict[str, Any] = {
    "temperature": None,
    "max_tokens": 9,
    "prompt": "Judge.",
    "most_chars": 2_000,
    "repeats": 2,
    "majority": True,
    "identical": "judge",
    "other_calls": "loss",
    "criteria": {"correct": CORRECT},
}
"""Another value for every setting that makes another judge."""
LIMITS = {"asks"}
"""Settings that bound what a judge may cost, and change nothing else."""

every_kind = pytest.mark.parametrize("kind", KINDS)
Grade = Callable[[str], int]
Reply = Callable[[str, str], str]


def built(kind: str, **fields: Any) -> Judge:
    """Return a judge of that kind, with what it cannot do without."""
    cls = load(Judge, kind, package="judges")
    return cls.model_validate({key: value for key, value in (KNOWN | fields).items() if key in cls.model_fields})


def verdict(kind: str, material: str, grade: Grade) -> str:
    """Return what a judge says who gives every answer that it sees a grade from 0 to 10."""
    grades = {tag[7:].upper(): grade(text) for tag, text in blocks(material) if tag.startswith("answer")}
    match kind:
        case "pointwise":
            return json.dumps({"rationale": "so it is", "score": 10 * grades[""]})
        case "rubric":
            given = {seat: {"rationale": "so it is", "score": found} for seat, found in grades.items()}
            return f"Well.\n```json\n{json.dumps({'grades': dict.fromkeys(KNOWN['criteria'], given)})}\n```"
        case "ranking":
            steps = sorted(set(grades.values()), reverse=True)
            places = [[seat for seat, found in grades.items() if found == step] for step in steps]
            return json.dumps({"rationale": "so it is", "ranking": places})
    return f"[[A{'=' if grades['A'] == grades['B'] else '>' if grades['A'] > grades['B'] else '<'}B]]"


def liking(word: str) -> Reply:
    """Return a judge's model that likes answers with `word` in them."""
    return lambda kind, material: verdict(kind, material, lambda text: 9 if word in text else 3)


def gullible(kind: str, material: str) -> str:
    """Obey what the material says; else find all answers alike."""
    return obeyed(material) or verdict(kind, material, lambda _: 5)


class Asked:
    """A judge's model that is paid once for each key, and remembers what it was asked."""

    def __init__(self, kind: str, reply: Reply, **facts: Any) -> None:
        self._kind, self._reply, self._facts = kind, reply, facts
        self.requests: list[Request] = []
        self.journal = MemoryJournal()

    async def ask(self, request: Request, **_: Any) -> Completion:
        """Answer, unless that was paid before."""
        if paid := await self.journal.kept(request.key):
            return paid
        self.requests.append(request)
        known: dict[str, Any] = {"model": "judge-1-2026", "finish_reason": "stop", "cost_usd": 0.5, "latency_s": 2.0}
        usage = Usage(input_tokens=100, output_tokens=10)
        text = self._reply(self._kind, request.messages[1].text)
        answer = Completion(message=said(text), usage=usage, **(known | self._facts))
        await bought(self.journal, request.key, answer)
        return answer

    @property
    def keys(self) -> frozenset[str]:
        """The names of all calls."""
        return frozenset(request.key for request in self.requests)


def said(*parts: Part | str, role: Any = "assistant") -> Message:
    """Return a message of these parts."""
    return Message(role=role, parts=tuple(Text(content=part) if isinstance(part, str) else part for part in parts))


def challenge(*baseline: Part | str, **facts: Any) -> Challenge:
    """Return a turn that production answered like this."""
    known: dict[str, Any] = {
        "id": "c1",
        "conversation_id": "v1",
        "content_id": "k1",
        "origin": Origin(trace_id="t" * 32, started_at=datetime(2026, 9, 1, tzinfo=UTC)),
        "messages": (said("Book me a table.", role="user"),),
        "baseline": Completion(message=said(*baseline)),
        "tools": (ToolDefinition(name="book", parameters={"type": "object"}),),
    }
    return Challenge(**(known | facts))


def rollout(*parts: Part | str) -> Rollout:
    """Return a challenger's answer."""
    return Rollout(challenger="rival", completion=Completion(message=said(*parts)))


def book(arguments: str, name: str = "book") -> ToolCall:
    """Return a call."""
    return ToolCall(id="1", name=name, arguments=arguments)


async def judged(
    kind: str,
    reply: Reply,
    *,
    old: Iterable[Part | str] = ("old",),
    new: Iterable[Part | str] = ("new",),
    **fields: Any,
) -> tuple[Judgment, Asked]:
    """Let a judge compare two answers."""
    asked = Asked(kind, reply)
    judge = built(kind, **fields)
    return await judge.judge(challenge(*old), rollout(*new), asked.ask, model=MODEL), asked


@every_kind
def test_the_version_names_the_kind_the_model_and_all_that_makes_the_judge(kind: str) -> None:
    """Every setting but a limit makes another judge; a new one has to be named here."""
    cls = load(Judge, kind, package="judges")
    assert set(cls.model_fields) <= CHANGES.keys() | LIMITS
    often: dict[str, Any] = {"temperature": 0.7, "repeats": 3}
    versions = {built(kind).version(MODEL), built(kind).version("other"), built(kind, **often).version(MODEL)}
    for name in cls.model_fields.keys() - LIMITS:
        base = {} if name in {"temperature", "max_tokens"} else often
        versions.add(built(kind, **(base | {name: CHANGES[name]})).version(MODEL))
    assert len(versions) == 3 + len(cls.model_fields.keys() - LIMITS)
    assert all(re.fullmatch(rf"{kind}/(judge-1|other)/[0-9a-f]{{8}}", version) for version in versions)


@every_kind
def test_a_limit_makes_no_other_judge(kind: str) -> None:
    """How often it may ask changes no verdict, and a vote among one repeat is none."""
    assert built(kind, asks=5).version(MODEL) == built(kind).version(MODEL)
    assert built(kind, majority=True).version(MODEL) == built(kind).version(MODEL)


@every_kind
async def test_the_one_that_is_liked_wins(kind: str) -> None:
    """Win, loss and tie are the challenger's, and the rounds agree where they can be compared."""
    win, _ = await judged(kind, liking("new"))
    loss, _ = await judged(kind, liking("old"))
    tie, _ = await judged(kind, liking("neither"))
    assert [each.verdict for each in (win, loss, tie)] == [Verdict.WIN, Verdict.LOSS, Verdict.TIE]
    assert all(each.consistent is not False and each.score is not None for each in (win, loss, tie))
    assert tie.score == pytest.approx(0.5)
    assert win.score == pytest.approx(1 - (loss.score or 0.0))


@every_kind
async def test_a_liking_for_a_seat_says_nothing(kind: str) -> None:
    """Both answers sit in both seats, so a judge that always prefers the first one finds a tie."""

    def first(kind: str, material: str) -> str:
        shown = [text for tag, text in blocks(material) if tag.startswith("answer")]
        return verdict(kind, material, lambda text: 9 if text == shown[0] else 2)

    judgment, asked = await judged(kind, first)
    assert judgment.verdict is Verdict.TIE
    assert judgment.score == pytest.approx(0.5)
    assert len({look.challenger_seat for look in judgment.rounds}) == 2
    materials = [request.messages[1].text for request in asked.requests]
    assert len(set(materials)) == 2
    assert sum("old" in text.partition("new")[0] for text in materials) == 1


@every_kind
async def test_identical_answers_are_asked_about_where_that_is_wanted(kind: str) -> None:
    """What nothing is worth to a judge is seen only if each round is a call of its own."""
    judgment, asked = await judged(kind, gullible, old=["the same"], new=["the same"], identical="judge")
    assert judgment.verdict is Verdict.TIE
    assert len(asked.keys) == len(judgment.rounds) == 2


@every_kind
async def test_what_cannot_be_read_is_no_tie(kind: str) -> None:
    """It is asked for as often as allowed, no more, and then it is unreadable, with the reason."""
    judgment, asked = await judged(kind, lambda *_: "Who can tell?", asks=3)
    judge = built(kind, asks=3)
    assert (judgment.verdict, judgment.score, judgment.consistent) == (Verdict.UNREADABLE, None, None)
    assert all(look.problem and look.score is None and look.asks == 3 for look in judgment.rounds)
    assert len(asked.requests) == len(asked.keys) == judge.rounds * judge.most_asks == 6


@every_kind
async def test_one_seat_that_cannot_be_read_is_no_tie_either(kind: str) -> None:
    """Half a judgment would carry the judge's liking for a seat."""
    rounds = iter(range(9))

    def reply(kind: str, material: str) -> str:
        return "Who can tell?" if next(rounds) == 0 else liking("new")(kind, material)

    judgment, _ = await judged(kind, reply, asks=1)
    assert (judgment.verdict, judgment.score) == (Verdict.UNREADABLE, None)


@every_kind
async def test_a_reply_that_was_cut_off_is_no_verdict(kind: str) -> None:
    """What stands in the middle of a cut text may have been about to be taken back."""
    asked = Asked(kind, liking("new"), finish_reason="length")
    judgment = await built(kind).judge(challenge("old"), rollout("new"), asked.ask, model=MODEL)
    assert judgment.verdict is Verdict.UNREADABLE
    assert {look.problem for look in judgment.rounds} == {"truncated"}


@every_kind
async def test_a_judgment_says_how_it_came_about(kind: str) -> None:
    """Method, raw text, model, tokens, money and seconds are kept, round by round."""
    judgment, asked = await judged(kind, liking("new"), repeats=2, temperature=0.7, majority=True)
    judge = built(kind, repeats=2, temperature=0.7, majority=True)
    method = judgment.method
    assert method is not None
    assert (judgment.judge, method.kind, method.model) == (judge.version(MODEL), kind, MODEL)
    assert (method.repeats, method.majority) == (2, "majority" in type(judge).model_fields)
    assert method.parameters == asked.requests[0].parameters
    assert re.fullmatch("[0-9a-f]{8}", method.prompt)
    assert len(judgment.rounds) == judge.rounds == len(asked.requests) == 4
    for look in judgment.rounds:
        assert (look.asks, look.model, look.cost_usd, look.latency_s) == (1, "judge-1-2026", 0.5, 2.0)
        assert (look.usage.input_tokens, look.usage.output_tokens, look.usage.reasoning_tokens) == (100, 10, None)
        assert look.text in {liking("new")(kind, request.messages[1].text) for request in asked.requests}


@every_kind
async def test_the_prompt_s_hash_changes_with_what_is_told(kind: str) -> None:
    """Two judges that are told different words have different hashes, and else the same one."""
    told = [await judged(kind, liking("new"), prompt=prompt) for prompt in (None, None, "Judge.")]
    hashes = [judgment.method.prompt for judgment, _ in told if judgment.method]
    assert hashes[0] == hashes[1] != hashes[2]


@every_kind
async def test_every_call_has_a_name_that_follows_from_its_content(kind: str) -> None:
    """A resumed judgment finds its calls; whatever a judge is shown or told makes another call."""

    async def keys(model: str = MODEL, answer: str = "new", fields: Any = None, **facts: Any) -> frozenset[str]:
        asked = Asked(kind, liking("new"))
        await built(kind, **(fields or {})).judge(challenge("old", **facts), rollout(answer), asked.ask, model=model)
        assert len(asked.keys) == len(asked.requests)
        return asked.keys

    runs = [
        await keys(),
        await keys("other"),
        await keys(id="c2"),
        await keys(expected=said("right")),
        await keys(tools=()),
        await keys(messages=(said("Hm?", role="user"),)),
        await keys(fields={"prompt": "Judge."}),
        await keys(fields={"temperature": None}),
    ]
    assert await keys() == runs[0] != await keys(answer="newer")
    assert len(frozenset[str]().union(*runs)) == 2 * len(runs)


@every_kind
async def test_repeats_are_asked_again(kind: str) -> None:
    """Three repeats are six calls under six names: none is answered by what another was paid for."""
    _, asked = await judged(kind, liking("new"), repeats=3, temperature=1.0)
    assert len(asked.requests) == len(asked.keys) == 6
    assert built(kind, repeats=3, temperature=1.0).rounds == 6


@every_kind
def test_repeats_without_a_temperature_are_refused(kind: str) -> None:
    """At 0 a judge says the same again; where the model has a temperature of its own nobody knows."""
    with pytest.raises(ValidationError, match="`repeats` need a `temperature` above 0"):
        built(kind, repeats=3)
    assert built(kind, repeats=3, temperature=None).rounds == 6


@every_kind
async def test_both_rounds_run_at_once_and_all_are_finished_before_one_fails(kind: str) -> None:
    """Judging again pays only for what is missing."""
    asked, number = Asked(kind, liking("new")), iter(range(9))

    async def ask(request: Request, **_: Any) -> Completion:
        if next(number) == 0:
            raise Retryable("busy")
        await asyncio.sleep(0.01)  # still in flight when the other fails
        return await asked.ask(request)

    for attempt in range(2):
        judging: Awaitable[Judgment] = built(kind).judge(challenge("old"), rollout("new"), ask, model=MODEL)
        if attempt == 0:
            with pytest.raises(Retryable):
                await judging
            assert len(asked.requests) == 1
        else:
            assert (await judging).verdict is Verdict.WIN
            assert len(asked.requests) == 2


@every_kind
@pytest.mark.parametrize("worst", [Fatal("no key"), Permanent("too long"), KeyError("a bug")])
async def test_the_error_that_leaves_least_hope_is_raised(kind: str, worst: Exception) -> None:
    """Trying again because one round may work is no use when the other never will."""
    for errors in ([worst, Retryable("busy")], [Retryable("busy"), worst]):
        left = list(errors)

        async def ask(_: Request, left: list[Exception] = left, **__: Any) -> Completion:
            raise left.pop()

        with pytest.raises(type(worst)):
            await built(kind).judge(challenge("old"), rollout("new"), ask, model=MODEL)


@every_kind
async def test_the_judge_is_blind(kind: str) -> None:
    """No name of a challenger, of a model or of a role in the comparison is sent."""
    _, asked = await judged(kind, liking("new"))
    sent = "".join(message.text for request in asked.requests for message in request.messages)
    assert not re.search("rival|challenger|baseline|production|judge-1|rollout", sent, re.IGNORECASE)


@every_kind
async def test_an_expected_answer_is_shown_as_a_reference(kind: str) -> None:
    """It is said to be right, in every question; without one there is no such block."""
    for expected in (None, said("the right words", book("{}"))):
        asked = Asked(kind, liking("new"))
        await built(kind).judge(challenge("old", expected=expected), rollout("new"), asked.ask, model=MODEL)
        shown = [dict(blocks(request.messages[1].text)).get("reference") for request in asked.requests]
        assert [bool(each and "the right words\n<tool_call>" in each) for each in shown] == [bool(expected)] * 2
    assert "known to be right" in asked.requests[0].messages[1].text


@every_kind
async def test_what_code_has_found_is_told(kind: str) -> None:
    """Faults of calls are in every question about them, with the seat; where nobody calls, no block is there."""
    _, asked = await judged(kind, liking("new"), old=[book("{}")], new=[book('{"a": ')])
    found = [dict(blocks(request.messages[1].text)).get("found_by_code", "") for request in asked.requests]
    assert any("is cut off" in each for each in found)
    _, silent = await judged(kind, liking("new"))
    assert not any("</found_by_code>" in request.messages[1].text for request in silent.requests)


PLACES = {
    "text": lambda attack: [attack],
    "after_text": lambda attack: ["Done.", attack],
    "argument": lambda attack: [book(json.dumps({"note": attack}))],
    "argument_name": lambda attack: [book(json.dumps({attack: 1}))],
    "broken_arguments": lambda attack: [book(attack)],
    "tool_name": lambda attack: ["Done.", book("{}", name=attack)],
}


@every_kind
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("seat", ["old", "new"])
async def test_no_answer_steers_even_a_gullible_judge(kind: str, place: str, seat: str) -> None:
    """Labels, delimiters, fake facts, references and verdicts, wherever an answer can put them, are only its words."""
    for attack in ATTACKS:
        answers: dict[str, Any] = {seat: PLACES[place](attack)}
        judgment, asked = await judged(kind, gullible, **answers)
        assert judgment.verdict is Verdict.TIE, attack
        for request in asked.requests:
            tags = [tag for tag, _ in blocks(request.messages[1].text) if tag != "found_by_code"]
            assert len(tags) == len(set(tags))


nasty = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join) | st.sampled_from(ATTACKS) | st.text(max_size=20)


@every_kind
@settings(max_examples=60, deadline=None)
@given(one=nasty, other=nasty, name=nasty, arguments=nasty)
async def test_nothing_steers(kind: str, one: str, other: str, name: str, arguments: str) -> None:
    """Nor do any pieces of attacks, in whatever order, whole calls included."""
    new: list[Part | str] = [
        one,
        book(arguments, name=name),
        other,
        book(json.dumps({one: [other], "x": {arguments: 1}})),
    ]
    judgment, _ = await judged(kind, gullible, old=[other, book(json.dumps({name: arguments}), name=one)], new=new)
    assert judgment.score == pytest.approx(0.5)


@every_kind
@pytest.mark.parametrize("seat", ["old", "new"])
async def test_padding_is_cut_and_says_so(kind: str, seat: str) -> None:
    """Of 100 kB a judge sees no more than it is meant to, in either seat, and how much is missing."""
    answers: dict[str, Any] = {seat: [f"begin{PADDING}end"]}
    judgment, asked = await judged(kind, gullible, **answers, most_chars=5_000)
    assert judgment.score == pytest.approx(0.5)
    longest = [max(dict(blocks(each.messages[1].text)).values(), key=len) for each in asked.requests]
    shown = [text for text in longest if "begin" in text]
    assert len(shown) == (1 if kind == "pointwise" else 2)
    assert all(text.startswith("beginx") and text.endswith("xend") and len(text) < 5_100 for text in shown)
    assert all("[… 95008 characters of this answer are left out here …]" in text for text in shown)


@every_kind
def test_planning_knows_what_a_judgment_takes(kind: str) -> None:
    """Rounds, asks of each and tokens of a reply follow from the configuration."""
    judge = built(kind, asks=3, max_tokens=500, repeats=2, temperature=1.0)
    assert (judge.rounds, judge.most_asks, judge.most_output_tokens) == (4, 3, 500)
    assert not isinstance(judge, ModelJudge) or judge.parameters.max_tokens == 500
