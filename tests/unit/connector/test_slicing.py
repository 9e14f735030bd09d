"""The slices of a turn: every dimension, its edges, and that no turn is too odd for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.language import prose
from connector.slicing import VALUE_CHARS, slices
from rollouts.types import Challenge, Completion, Message, Origin, Text, ToolCall, ToolDefinition

BEGUN = datetime(2026, 11, 2, tzinfo=UTC)
ORDER = ToolDefinition(name="get_order")

PYTHON = "def total(orders):\n    return sum(order.price for order in orders)\n\nprint(total([Order(3), Order(4)]))"
SQL = "SELECT id, name FROM orders WHERE (price > 10 AND status = 'sent') ORDER BY id;"
JSON = '{"order_id": 123, "status": "shipped", "items": [{"name": "lamp", "price": 12.5}]}'


def turn(
    *said: str, calls: tuple[str, ...] = (), tools: tuple[ToolDefinition, ...] = (), **origin: object
) -> Challenge:
    """Return a turn after these messages of a user, whose answer makes these calls."""
    messages = tuple(Message(role="user", parts=(Text(content=text),)) for text in said)
    made = tuple(ToolCall(id=f"c{at}", name=name, arguments="{}") for at, name in enumerate(calls))
    return Challenge(
        id="1",
        conversation_id="1",
        content_id="1",
        origin=Origin.model_validate({"trace_id": "t", "started_at": BEGUN, **origin}),
        messages=messages,
        tools=tools,
        baseline=Completion(message=Message(role="assistant", parts=made)),
    )


def of(challenge: Challenge, dimension: str) -> list[str]:
    """Return the values of one dimension."""
    return [value for name, value in slices(challenge) if name == dimension]


def test_tags_and_name_of_the_trace() -> None:
    """Each tag is a slice, once; the trace's name is one where it has one."""
    named = turn("hey", tags=("beta", "eu", "beta"), trace_name="support")
    assert of(named, "tag") == ["beta", "eu"]
    assert of(named, "trace name") == ["support"]
    assert of(turn("hey"), "trace name") == []


def test_tools_are_those_that_production_called() -> None:
    """A turn is in the slice of each tool that the answer calls, once, offered or not."""
    assert of(turn("hey", calls=("get_order", "refund", "get_order"), tools=(ORDER,)), "tool") == [
        "get_order",
        "refund",
    ]
    assert of(turn("hey", tools=(ORDER,)), "tool") == ["none"]
    assert of(turn("hey"), "tool") == []


@pytest.mark.parametrize(
    ("before", "name"),
    [(0, "0"), (1, "1"), (2, "2"), (3, "3–5"), (5, "3–5"), (6, "6–10"), (10, "6–10"), (11, "11+"), (400, "11+")],  # noqa: RUF001
)
def test_turns(before: int, name: str) -> None:
    """The first turns stand alone, later ones together."""
    assert of(turn("hey", turn=before), "turn") == [name]


@pytest.mark.parametrize(
    ("characters", "name"),
    [(4, "<500"), (4 * 495, "<500"), (4 * 496, "500–2k"), (4 * 1_996, "2k–8k"), (4 * 7_996, "8k+")],  # noqa: RUF001
)
def test_length_of_the_history(characters: int, name: str) -> None:
    """A message counts 4 tokens and a token 4 bytes, so 1,984 letters are the first 500 tokens."""
    assert of(turn("x" * characters), "length") == [name]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("Can you help me with my order?", "en"),
        ("Kannst du mir bei meiner Bestellung helfen?", "de"),
        ("Je voudrais annuler ma réservation s'il vous plaît", "fr"),
        ("¿Me puedes ayudar con mi pedido?", "es"),
        ("주문 취소하고 싶어요", "ko"),
        ("私の注文はどこですか", "ja"),
        ("WHERE IS MY ORDER PLEASE ANSWER", "en"),
    ],
)
def test_language(said: str, code: str) -> None:
    """A short sentence is enough, in whatever script."""
    assert of(turn(said), "language") == [code]


@pytest.mark.parametrize(
    "said", ["ok", "refund", "12345 67890", "#W98765, #W12345", "", PYTHON, SQL, JSON, "👍👍👍👍👍👍"]
)
def test_no_language(said: str) -> None:
    """Single words, numbers, code and data are in no language, and so in no slice."""
    assert of(turn(said), "language") == []


@pytest.mark.parametrize("code", [PYTHON, SQL, JSON])
@pytest.mark.parametrize("fence", ["```", "~~~", ""])
def test_code_is_not_the_language_of_the_message(code: str, fence: str) -> None:
    """What a person asks about code is in the person's language, with or without a fence around the code."""
    said = f"Kannst du mir bitte sagen, warum das nicht funktioniert?\n\n{fence}\n{code}\n{fence}"
    assert of(turn(said), "language") == ["de"]


def test_the_last_message_with_enough_text_has_the_language() -> None:
    """A person who changes the language is followed; one who says `ok` has not changed it."""
    changed = turn("Can you help me with my order?", "Ich möchte lieber auf Deutsch schreiben.", "ok", JSON)
    assert of(changed, "language") == ["de"]


def test_prose_of_a_hostile_text_is_found_in_time() -> None:
    """Only the beginning of a text is read, and no expression walks it twice."""
    for text in ("a" * 10**6, "`" * 10**6, "<" * 10**6, "a@" * 10**6, "```" + "x" * 10**6):
        assert len(prose(text)) <= 2_000


def test_long_values_stay_apart() -> None:
    """Values have a bounded length and one line, and two that differ only at their ends are still two."""
    values = of(turn("hey", tags=("x" * 500 + "1", "x" * 500 + "2", "two\nlines", "half \ud800 a pair", " ")), "tag")
    assert len(values) == 4
    assert all(len(value) <= VALUE_CHARS and "\n" not in value and value.encode() for value in values)


def test_values_do_not_steer_a_terminal() -> None:
    """Tags come from traffic, and are printed: no colours, no bells, no text that runs the other way."""
    values = of(turn("hey", tags=("\x1b[31mred\x1b[0m", "a\x07b\x00c", "\u202egnp.exe", "👩‍👧")), "tag")
    assert values == ["[31mred [0m", "a b c", "gnp.exe", "👩‍👧"]


texts = st.text(st.characters(), max_size=60)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    said=st.lists(texts, max_size=3),
    calls=st.lists(texts, max_size=3),
    tags=st.lists(texts, max_size=3),
    name=st.none() | texts,
    before=st.integers(-5, 10**6),
)
def test_any_turn_has_slices(said: list[str], calls: list[str], tags: list[str], name: str | None, before: int) -> None:
    """Whatever a turn holds, lone surrogates included, its slices are the same at every look, and none comes twice."""
    odd = turn(*said, calls=tuple(calls), tags=tuple(tags), trace_name=name, turn=before)
    found = slices(odd)
    assert found == slices(odd.model_copy(deep=True))
    assert len(set(found)) == len(found)
    assert all(value.strip() and len(value) <= VALUE_CHARS for _, value in found)
    assert {"turn", "length"} <= {dimension for dimension, _ in found}
