"""Turns that only a history shows: a transcript's are challenges, what a prompt or a person put there is none."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from connector.intake import FROM_HISTORY, Rules
from connector.store.presumed import EXAMPLE, MANY
from connector.store.sqlite import SqliteStore
from connector.traces import Trace
from connector.turns.worth import NOBODY, TurnRules
from connector.types import Duel, Fate
from tests.duelling import rollout
from tests.logged import Wire, assistant, generation, ledger, read, taken, trace, user
from tests.logged import final_history as transcript

QUESTIONS = [f"What about number {n}, and why is it so?" for n in range(6)]
ANSWERS = [f"Number {n} is larger than what came before it, because we count upwards." for n in range(6)]
SYSTEM = {"role": "system", "content": "You count."}
ORDERS = ["as they came", "the last first", "in any order"]


def chat(upto: int) -> list[Wire]:
    """Return the conversation up to its question number `upto`."""
    told = [each for n in range(upto) for each in (user(QUESTIONS[n]), assistant(ANSWERS[n]))]
    return [*told, user(QUESTIONS[upto])]


def call(number: int, shown: Sequence[Wire], answer: str, *, session: str | None, of: str = "t") -> Trace:
    """Return a trace with one call."""
    name = f"{of}{number}"
    return trace(name, generation([SYSTEM, *shown], answer, trace=name, number=number), session_id=session)


def in_order(traces: list[Trace], order: str) -> list[Trace]:
    """Return traces as they may arrive."""
    if order == "in any order":
        return random.Random(7).sample(traces, len(traces))
    return traces if order == "as they came" else traces[::-1]


async def answers(traces: Sequence[Trace], rules: Rules | None = None) -> list[str]:
    """Return the baselines of all challenges that a store keeps in the end, sorted."""
    store = SqliteStore(":memory:")
    kept = await taken(store, traces, rules or Rules())
    await store.aclose()
    return sorted(challenge.baseline.message.text for challenge in kept)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("session", ["s", None])
async def test_a_trimmed_history_makes_no_turn(session: str | None, order: str) -> None:
    """An application that sends the last messages only logs each answer; what is left of the others is no new turn."""
    traces = [call(n, chat(n)[-3:], ANSWERS[n], session=session) for n in range(6)]
    assert await answers(in_order(traces, order)) == ANSWERS


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("session", ["s", None])
async def test_what_was_retrieved_and_stripped_again_makes_no_turn(session: str | None, order: str) -> None:
    """Later histories hold the question without the context with which it was sent."""
    sent = [[*chat(n)[:-1], user(f"Context: document {n}.\n{QUESTIONS[n]}")] for n in range(6)]
    traces = [call(n, sent[n], ANSWERS[n], session=session) for n in range(6)]
    assert await answers(in_order(traces, order)) == ANSWERS


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("session", ["s", None])
async def test_a_person_who_took_over_is_not_challenged(session: str | None, order: str) -> None:
    """Nobody logged what produced the words of a human agent; they are counted, with the reason."""
    human = "Hi, I am a person, and I shall look into number 0 with pleasure."
    taken_over = [*chat(1)[:-1], user("A human, please."), assistant(human), user("Thanks!")]
    traces = [call(0, chat(0), ANSWERS[0], session=session), call(1, taken_over, "Bye, until then.", session=session)]
    store = SqliteStore(":memory:")
    kept = await taken(store, in_order(traces, order))
    assert sorted(each.baseline.message.text for each in kept) == ["Bye, until then.", ANSWERS[0]]
    assert (await ledger(store))["turn", Fate.UNREPLAYABLE, NOBODY] == 1
    await store.aclose()


@pytest.mark.parametrize("order", ORDERS)
async def test_a_conversation_of_which_some_calls_were_logged_counts_once(order: str) -> None:
    """Where traces are sampled, each shows what the others hold, and nothing twice."""
    traces = [call(n, chat(n), ANSWERS[n], session=None) for n in (2, 4)]
    assert await answers(in_order(traces, order)) == [ANSWERS[2], ANSWERS[4]]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("session", ["s", None])
async def test_examples_in_a_prompt_are_no_turns(session: str | None, order: str) -> None:
    """What stands before the question of many traces belongs to the prompt."""
    examples = [user("I like it"), assistant("pos"), user("I hate it"), assistant("neg")]
    traces = [
        call(n, [*examples, user(f"Text {n}")], f"neutral {n}", session=f"{session}{n}" if session else None)
        for n in range(2 * MANY)
    ]
    store = SqliteStore(":memory:")
    kept = await taken(store, in_order(traces, order))
    assert sorted(each.baseline.message.text for each in kept) == sorted(f"neutral {n}" for n in range(2 * MANY))
    assert (await ledger(store))["turn", Fate.UNREPLAYABLE, EXAMPLE] == 2 * 2 * MANY
    await store.aclose()


async def test_transcripts_that_begin_alike_count_whole() -> None:
    """One task tried some times: each conversation has all of its turns, also where they share a phrase."""
    shared = [user("Hello"), assistant("How can I help you today, and what is your name?")]
    talks = [
        [*shared, user(f"I am {n}."), assistant(f"{n}, that is a fine name that few people have."),
         user("Bye"), assistant("Goodbye, and thank you for having called us today.")]
        for n in range(3)
    ]  # fmt: skip
    store = SqliteStore(":memory:")
    kept = await taken(store, [each for n, talk in enumerate(talks) for each in transcript(f"t{n}", talk)])
    assert len(kept) == 9
    assert (await ledger(store))["turn", Fate.CHALLENGED, FROM_HISTORY] == 6
    await store.aclose()


async def test_what_was_paid_for_is_not_withdrawn() -> None:
    """A challenge that turns out to be none stays, once a challenger has answered it."""
    store = SqliteStore(":memory:")
    later, earlier = (call(n, chat(n)[-3:], ANSWERS[n], session=None) for n in (1, 0))
    presumed = read(call(2, chat(2)[-3:], ANSWERS[2], session=None))
    [shown] = [each for each in presumed.challenges if not each.origin.observed]
    duel = Duel.of(shown, "a", "f")
    await store.take(presumed, [duel])
    await store.save(duel.rolled(rollout(challenger="a")))
    kept = await taken(store, [later, earlier])
    assert shown in kept
    await store.aclose()


async def test_a_person_may_ask_for_all_of_them() -> None:
    """With `without_producer = "always"` a human's words count, and with "never" no transcript does."""
    taken_over = [*chat(1)[:-1], user("A human, please."), assistant("Hi, I am a person."), user("Thanks!")]
    traces = [call(0, chat(0), ANSWERS[0], session="s"), call(1, taken_over, "Bye.", session="s")]
    always = Rules(turns=TurnRules(without_producer="always"))
    assert await answers(traces, always) == ["Bye.", "Hi, I am a person.", ANSWERS[0]]
    never = Rules(turns=TurnRules(without_producer="never"))
    assert await answers(transcript("t", [*chat(2), assistant("end")]), never) == ["end"]


def test_the_beginning_of_an_answer_is_no_turn() -> None:
    """Where production put the first words into the model's mouth, these words are no baseline."""
    one = trace("t", generation([SYSTEM, user("as JSON"), assistant('{"a":')], assistant(" 1}")))
    assert [(turn.fate, turn.reason) for turn in read(one).turns] == [
        (Fate.UNREPLAYABLE, "another answer goes on from it"),
        (Fate.UNREPLAYABLE, "its history ends with an assistant message"),
    ]
