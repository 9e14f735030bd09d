"""Each assistant turn once, with what was before it and what production answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connector.intake import FROM_HISTORY, Rules
from connector.traces import Observation
from connector.turns.worth import TurnRules
from connector.types import Fate
from rollouts.types import Challenge
from tests.logged import (
    BEGUN,
    TOLERANT,
    assistant,
    challenges,
    dispositions,
    final_history,
    generation,
    growing_history,
    read,
    result,
    trace,
    turns_of,
    user,
)

SYSTEM = {"role": "system", "content": "Be kind."}
CHAT = [
    SYSTEM,
    user("hey"),
    assistant("hello"),
    user("where is it?"),
    assistant("on its way"),
    user("thanks"),
    assistant("bye"),
]
LOOK_UP = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
CHALLENGED = (Fate.CHALLENGED, "")


def said(found: list[Challenge]) -> list[str]:
    """Return what production answered, turn by turn."""
    return [challenge.baseline.message.text for challenge in found]


def rules(**turns: Any) -> Rules:
    """Return rules about turns."""
    return Rules(turns=TurnRules(**turns))


def alone(*observations: Observation, rules: Rules = TOLERANT) -> list[Challenge]:
    """Return the challenges of one trace."""
    return challenges(trace("t", *observations), rules=rules)


@pytest.mark.parametrize("layout", [final_history, growing_history])
def test_every_turn_with_what_was_before_it(layout: Any) -> None:
    """The history is exactly what stood before the turn, and the turn knows its number."""
    found = challenges(*layout("t", CHAT))
    assert said(found) == ["hello", "on its way", "bye"]
    assert [len(challenge.messages) for challenge in found] == turns_of(CHAT)
    assert [challenge.origin.turn for challenge in found] == [0, 1, 2]


def test_the_baseline_is_the_generations_own() -> None:
    """Model, tokens, cost, latency and the observation are those of the call that gave the answer."""
    [first, second, _] = challenges(*growing_history("t", CHAT))
    assert (first.origin.observation_id, second.origin.observation_id) == ("t-0", "t-1")
    assert (first.baseline.model, first.baseline.usage.output_tokens) == ("kestrel-2", 20)
    assert (first.baseline.cost_usd, first.baseline.latency_s) == (0.001, 0.5)
    assert second.origin.started_at == BEGUN + timedelta(seconds=1)


def test_a_transcript_knows_its_answers_but_not_who_gave_them() -> None:
    """Of turns that only a history shows, model, cost and observation are unknown."""
    [first, _, last] = challenges(*final_history("t", CHAT))
    assert not first.origin.observed
    assert (first.origin.observation_id, first.baseline.model, first.baseline.cost_usd) == (None, None, None)
    assert last.origin.observed
    assert last.origin.observation_id == "t-0"


def test_a_transcript_may_hold_its_last_answer_in_the_history() -> None:
    """Some chats log everything as input and nothing as output; no turn is then missing."""
    one = trace("t", generation({"messages": CHAT}, None))
    assert said(challenges(one)) == ["hello", "on its way", "bye"]
    assert dispositions(one) == {(Fate.CHALLENGED, FROM_HISTORY): 3}


def test_an_edited_copy_is_no_turn_of_its_own() -> None:
    """Whatever later histories make of an answer, the baseline is what the generation gave, and it counts once."""
    edited = [*CHAT[:2], assistant("hello [shortened]"), *CHAT[3:]]
    again = [*CHAT[:2], assistant("…"), user("where is it?"), assistant("on its w…"), *CHAT[5:]]
    calls = [
        generation({"messages": CHAT[:2]}, CHAT[2], number=0),
        generation({"messages": edited[:4]}, edited[4], number=1),
        generation({"messages": again[:6]}, again[6], number=2),
    ]
    one = trace("t", *calls)
    assert said(challenges(one)) == ["hello", "on its way", "bye"]
    assert dispositions(one) == {CHALLENGED: 3}


def test_a_trimmed_history_repeats_no_turn() -> None:
    """An application that sends only the last messages shows turns again, with less before them."""
    calls = [
        generation({"messages": CHAT[max(1, place - 3) : place]}, CHAT[place], number=n)
        for n, place in enumerate((2, 4, 6))
    ]
    one = trace("t", *calls)
    assert said(challenges(one)) == ["hello", "on its way", "bye"]
    assert dispositions(one) == {CHALLENGED: 3}


def test_the_same_exchange_twice_is_two_turns() -> None:
    """Saying yes twice is not saying it once: what stands before differs."""
    chat = [
        user("a"),
        assistant("sure?"),
        user("yes"),
        assistant("done"),
        user("b"),
        assistant("sure?"),
        user("yes"),
        assistant("done"),
    ]
    for layout in (final_history, growing_history):
        assert said(challenges(*layout("t", chat))) == ["sure?", "done", "sure?", "done"]


def test_one_call_logged_twice_is_one_turn() -> None:
    """Of two logs of a call, the one that tells most counts, whichever began first."""
    poor = generation(CHAT[1:2], "hello", number=0, model=None, usage={}, cost_usd=None)
    rich = generation({"messages": CHAT[:2], "tools": [LOOK_UP]}, CHAT[2], number=1)
    [challenge] = alone(poor, rich)
    assert (challenge.origin.observation_id, challenge.baseline.model) == ("t-1", "kestrel-2")
    assert [tool.name for tool in challenge.tools] == ["look_up"]


def test_a_call_tried_again_is_one_turn_and_one_failure() -> None:
    """The failed attempt is counted as such, and only the answer is challenged."""
    failed = generation({"messages": CHAT[:2]}, None, number=0, level="ERROR")
    one = trace("t", failed, generation({"messages": CHAT[:2]}, CHAT[2], number=1))
    assert dispositions(one) == {CHALLENGED: 1, (Fate.FAILED, "the call ended in an error"): 1}


def test_another_answer_to_the_same_history_is_another_turn() -> None:
    """A user who asks again for an answer got two of them."""
    calls = [generation({"messages": CHAT[:2]}, assistant(text), number=n) for n, text in enumerate(("hello", "hi"))]
    assert said(alone(*calls)) == ["hello", "hi"]


def test_a_lost_answer_is_counted() -> None:
    """A call without an output is a turn that nobody can read."""
    assert dispositions(trace("t", generation({"messages": CHAT[:2]}, None))) == {
        (Fate.UNREADABLE, "no answer was logged"): 1
    }


@pytest.mark.parametrize(
    ("without_producer", "transcript", "conversation"), [("transcripts", 3, 1), ("always", 3, 2), ("never", 1, 1)]
)
def test_turns_without_a_producer(without_producer: str, transcript: int, conversation: int) -> None:
    """A greeting nobody generated counts as configured; a transcript is all that there is."""
    greeted = [generation({"messages": CHAT[:4]}, CHAT[4], number=0)]
    logged = [*greeted, generation({"messages": CHAT[:6]}, assistant("bye"), number=1)]
    wanted = rules(without_producer=without_producer)
    assert len(challenges(*final_history("t", CHAT), rules=wanted)) == transcript
    assert len(alone(*logged, rules=wanted)) == conversation + 1


@pytest.mark.parametrize("twice", [1, 2])
def test_a_transcript_logged_twice_is_still_one(twice: int) -> None:
    """Two integrations around one call do not make a conversation of two calls."""
    calls = [generation({"messages": CHAT[:6]}, CHAT[6], number=n) for n in range(twice)]
    assert len(alone(*calls)) == 3


def test_parallel_results_in_any_order() -> None:
    """Results of parallel calls come as they finish; the turn after them is the same."""
    calls = assistant(None, ("a", "look_up", '{"id": 1}'), ("b", "look_up", '{"id": 2}'))
    one, two = result("a", "first"), result("b", "second")
    asked = [user("both?"), calls]
    logged = [
        generation({"messages": asked[:1]}, calls, number=0),
        generation({"messages": [*asked, one, two]}, assistant("here"), number=1),
        generation({"messages": [*asked, two, one, assistant("here"), user("ok")]}, assistant("bye"), number=2),
    ]
    found = alone(*logged)
    assert said(found) == ["", "here", "bye"]
    assert [call.id for call in found[0].baseline.message.tool_calls] == ["a", "b"]


def test_a_system_prompt_with_a_clock_repeats_no_turn() -> None:
    """Agents put the time into their system prompt; the turn is known by what was said."""
    calls = [
        generation({"messages": [{"role": "system", "content": f"Now: {n}"}, *CHAT[1:place]]}, CHAT[place], number=n)
        for n, place in enumerate((2, 4, 6))
    ]
    assert said(alone(*calls)) == ["hello", "on its way", "bye"]


@pytest.mark.parametrize(
    ("asked", "answered", "why"),
    [
        ([SYSTEM], "hello", (Fate.UNREPLAYABLE, "nothing before it to answer")),
        ([*CHAT[:3]], "more", (Fate.UNREPLAYABLE, "its history ends with an assistant message")),
        (CHAT[:2], {"role": "assistant", "content": "  "}, (Fate.UNREADABLE, "the logged answer is empty")),
        (
            CHAT[:2],
            assistant(None, ("c", "look_up", "{}")),
            (Fate.UNREPLAYABLE, "it calls a tool whose definition was not logged"),
        ),
    ],
)
def test_what_cannot_be_replayed_says_why(asked: Any, answered: Any, why: tuple[Fate, str]) -> None:
    """Each turn that is no challenge ends with its reason, before anything is paid."""
    assert why in dispositions(trace("t", generation({"messages": asked}, answered)), rules())


def test_two_agents_that_say_the_same_are_two_turns() -> None:
    """A guard against rudeness and a guard against fraud see one message, and both say yes."""
    guards = [
        generation({"messages": [{"role": "system", "content": f"Is it {what}?"}, user("hey")]}, "yes", number=n)
        for n, what in enumerate(("polite", "honest"))
    ]
    again = guards[0].model_copy(update={"id": "again"})
    found = alone(*guards, again)
    assert [challenge.messages[0].text for challenge in found] == ["Is it polite?", "Is it honest?"]
    assert len({challenge.id for challenge in found}) == 2


def test_a_date_in_a_system_prompt_repeats_no_turn() -> None:
    """The prompt tells the time of each call: what a later history shows is known by its place all the same."""
    calls = [
        generation(
            {"messages": [{"role": "system", "content": f"It is {6 + n} am."}, *CHAT[1:end]]}, CHAT[end], number=n
        )
        for n, end in enumerate((2, 4))
    ]
    assert said(alone(*calls)) == ["hello", "on its way"]


def test_figures_in_a_system_prompt_make_another_question() -> None:
    """Five amounts were looked at, and five times the answer was no."""
    amounts = [{"role": "system", "content": f"Amount: {n * 7} EUR. Is it fraud?"} for n in range(5)]
    calls = [generation({"messages": [each, user("yes or no?")]}, "no", number=n) for n, each in enumerate(amounts)]
    assert said(alone(*calls)) == ["no"] * 5


def test_a_hand_over_to_another_agent_repeats_no_turn() -> None:
    """The next agent sees the history under its own system prompt: what is there was said by the first."""
    first = generation({"messages": [{"role": "system", "content": "Triage."}, *CHAT[1:2]]}, CHAT[2], number=0)
    second = generation({"messages": [{"role": "system", "content": "Billing."}, *CHAT[1:4]]}, CHAT[4], number=1)
    assert said(alone(first, second)) == ["hello", "on its way"]
    assert said(alone(first, second, rules=rules(which="last"))) == ["on its way"]


def test_a_sub_agent_has_a_last_turn_of_its_own() -> None:
    """Two runs of one sub-agent and the agent that sent them are three threads of a trace."""
    find = {"role": "system", "content": "You look things up."}
    task = [assistant("go", ("c1", "send", "{}"), ("c2", "send", "{}")), result("c1", "here"), result("c2", "there")]
    calls = [
        generation({"messages": CHAT[:2]}, task[0], number=0),
        generation({"messages": [find, user("find a")]}, "step", number=1),
        generation({"messages": [find, user("find a"), assistant("step"), user("go on")]}, "here", number=2),
        generation({"messages": [find, user("find b")]}, "there", number=3),
        generation({"messages": [*CHAT[:2], *task]}, "done", number=4),
    ]
    lenient = Rules(turns=TurnRules(which="last", tools_missing="include"))
    assert said(alone(*calls)) == ["go", "step", "here", "there", "done"]
    assert said(alone(*calls, rules=lenient)) == ["here", "there", "done"]


def test_a_turn_has_one_place_in_its_session() -> None:
    """An edited copy under another system prompt shares it; without a session only the same words do."""
    edited = [{"role": "system", "content": "Other."}, CHAT[1], assistant("hello [shortened]"), CHAT[3]]
    traces = [
        generation({"messages": CHAT[:2]}, CHAT[2], trace="a"),
        generation({"messages": edited}, CHAT[4], trace="b"),
        generation({"messages": CHAT[:4]}, CHAT[4], trace="c"),
    ]
    for session, same in (("s", True), (None, False)):
        [own], [shown, _], [word_for_word, _] = (
            challenges(trace(each.trace_id, each, session_id=session)) for each in traces
        )
        assert (own.origin.place == shown.origin.place) is same
        assert own.origin.place == word_for_word.origin.place != ""
        assert own.content_id != shown.content_id
    [elsewhere] = challenges(trace("a", traces[0], session_id="other"))
    assert elsewhere.origin.place != own.origin.place


def test_a_challenge_tells_how_it_was_logged() -> None:
    """The format that read it stands in its origin, and in every disposition."""
    assert {challenge.origin.format for challenge in challenges(*growing_history("t", CHAT))} == {"openai_chat"}
    [lost] = read(trace("t", generation({"messages": CHAT[:2]}, None))).turns
    assert lost.format == "openai_chat"


def test_only_the_last_turn_on_demand() -> None:
    """The others are filtered, and counted."""
    [one] = growing_history("t", CHAT)
    assert said(challenges(one, rules=rules(which="last"))) == ["bye"]
    assert dispositions(one, rules(which="last")) == {CHALLENGED: 1, (Fate.FILTERED, "not the last turn"): 2}


@pytest.mark.parametrize("logged", ["transcript", "edited", "trimmed", "ends with the answer"])
def test_the_last_turn_is_that_from_which_no_history_goes_on(logged: str) -> None:
    """Also where histories are all there is, or show something else than was said."""
    edited = [*CHAT[:2], assistant("hell…"), *CHAT[3:]]
    layouts = {
        "transcript": [generation({"messages": CHAT[:6]}, CHAT[6])],
        "edited": [
            generation({"messages": CHAT[:2]}, CHAT[2], number=0),
            generation({"messages": edited[:6]}, CHAT[6], number=1),
        ],
        "trimmed": [
            generation({"messages": CHAT[max(1, n - 3) : n]}, CHAT[n], number=number)
            for number, n in enumerate((2, 4, 6))
        ],
        "ends with the answer": [generation({"messages": CHAT}, None)],
    }
    assert said(alone(*layouts[logged], rules=rules(which="last"))) == ["bye"]


def test_only_turns_that_call_tools_on_demand() -> None:
    """What was merely said is filtered, and counted."""
    calls = assistant("let me see", ("c", "look_up", "{}"))
    [one] = growing_history("t", [user("where?"), calls, result("c", "here"), assistant("here")], tools=[LOOK_UP])
    assert said(challenges(one, rules=rules(which="tools"))) == ["let me see"]
    assert dispositions(one, rules(which="tools")) == {CHALLENGED: 1, (Fate.FILTERED, "it calls no tool"): 1}


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        ({}, ["agent", "title", ""]),
        ({"observation_names": ("agent", "title")}, ["agent", "title"]),
        ({"observation_names": ("a*", "*le")}, ["agent", "title"]),
        ({"observation_names": ("Agent",)}, []),
        ({"except_observation_names": ("ti*",)}, ["agent", ""]),
        ({"observation_names": ("*t*",), "except_observation_names": ("*le",)}, ["agent"]),
    ],
)
def test_turns_by_the_name_of_their_observation(names: Any, wanted: list[str]) -> None:
    """Patterns as in a shell; what falls out is counted."""
    calls = [
        generation({"messages": [user(f"as {name}")]}, name or "nameless", number=n, name=name or None)
        for n, name in enumerate(("agent", "title", ""))
    ]
    one = trace("t", *calls)
    assert said(challenges(one, rules=rules(**names))) == [name or "nameless" for name in wanted]
    assert dispositions(one, rules(**names)).get((Fate.FILTERED, "observation name"), 0) == 3 - len(wanted)


def test_tools_of_the_provider_are_nobody_else_s() -> None:
    """A turn around a web search that its provider ran is left out, unless the configuration says otherwise."""
    asked = {"messages": CHAT[:2], "tools": [{"type": "web_search_preview"}]}
    one = trace("t", generation(asked, "found"))
    assert dispositions(one, rules()) == {(Fate.UNREPLAYABLE, "tools that only its provider runs"): 1}
    assert said(challenges(one, rules=rules(provider_tools="include"))) == ["found"]


@pytest.mark.parametrize(("goes_on", "taken"), [("one", "one"), ("two", "two"), (None, "three"), ("edited", "three")])
def test_of_several_answers_the_one_that_was_gone_on_with(goes_on: str | None, taken: str) -> None:
    """On demand best of three counts once: what the next history shows, else the last. The others are filtered."""
    calls = [generation({"messages": CHAT[:2]}, text, number=n) for n, text in enumerate(("one", "two", "three"))]
    if goes_on:
        calls.append(generation({"messages": [*CHAT[:2], assistant(goes_on), user("ok")]}, "bye", number=3))
    one, wanted = trace("t", *calls), rules(several_answers="continued")
    assert said(challenges(one, rules=wanted)) == [taken, *(["bye"] if goes_on else [])]
    assert dispositions(one, wanted)[Fate.FILTERED, "another answer was taken"] == 2
    assert len(challenges(one)) == len(calls)


def test_partial_logs_may_be_challenged_knowingly() -> None:
    """Results whose call nobody logged are no challenge, unless a person asks for what there is."""
    lone = generation({"messages": [result("c9", "sunny")]}, "It is sunny.")
    assert said(alone(lone)) == []
    assert said(alone(lone, rules=rules(partial_logs="include"))) == ["It is sunny."]


def test_a_lost_answer_is_found_in_a_later_history() -> None:
    """A stream whose output nobody logged: what it said stands in the next call, and it is known which call said it."""
    calls = [generation({"messages": CHAT[:2]}, None, number=0), generation({"messages": CHAT[:4]}, CHAT[4], number=1)]
    one = trace("t", *calls)
    assert dispositions(one) == {CHALLENGED: 2}
    [first, _] = challenges(one)
    assert (first.baseline.message.text, first.origin.observation_id) == (CHAT[2]["content"], "t-0")
    assert first.origin.observed
