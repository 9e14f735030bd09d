"""Masked conversations: nothing found stays, JSON stays JSON, and equal values stay equal."""

from __future__ import annotations

import json
import random
import string
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.redaction.found import Unmaskable
from connector.redaction.options import Masking
from connector.redaction.recogniser import Entity, Recogniser
from connector.redaction.redactor import Redactor, by_kind
from rollouts.types import (
    Challenge,
    Completion,
    Media,
    Message,
    Origin,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

KEY = b"k" * 32
OPTIONS = Masking(names=("Ada Lovelace",), patterns={"ticket": r"TCK-\d+"})
REDACTOR = Redactor(OPTIONS, KEY)

VALUES = {
    "alice@example.com": ("alice@example.com", "ALICE@Example.COM", "alice%40example.com", "al\u200bice@example.com"),
    "+491712345678": ("+49 171 2345678", "0049 171 2345678", "+49-171-2345678", "＋49 171 2345678"),  # noqa: RUF001
    "4111111111111111": ("4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"),
    "DE89370400440532013000": ("DE89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    "203.0.113.77": ("203.0.113.77",),
    "sk-proj-abcdefghijklmnop1234": ("sk-proj-abcdefghijklmnop1234",),
    "ada": ("Ada Lovelace", "ADA LOVELACE", "ada  lovelace"),
    "TCK-77": ("TCK-77",),
}
SPELLINGS = [spelling for spellings in VALUES.values() for spelling in spellings]
WORDS = ["yes", "the", "order", "is", "late", "<EMAIL_1>", "<b>", "100%", "\\n", "ü", "你好", '"', "{", "12"]

texts = st.lists(st.sampled_from([*SPELLINGS, *WORDS]), max_size=12).map(" ".join)
values = st.recursive(
    st.one_of(texts, st.none(), st.booleans(), st.integers(), st.just(4111111111111111), st.floats(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4), inner.map(json.dumps)
    ),
    max_leaves=12,
)
objects = st.dictionaries(texts, values, max_size=4)
parts = st.one_of(
    texts.map(lambda t: Text(content=t)),
    texts.map(lambda t: Reasoning(content=t, signature="seal")),
    objects.map(lambda v: ToolCall(id="c1", name="find", arguments=json.dumps(v))),
    texts.map(lambda t: ToolCall(id="c1", name="find", arguments='{"a": "' + t)),
    values.map(lambda v: ToolResult(id="c1", response=json.dumps(v, ensure_ascii=False))),
)
messages = st.lists(
    st.builds(
        lambda role, said: Message(role=role, parts=tuple(said)),
        st.sampled_from(["system", "user", "assistant", "tool"]),
        st.lists(parts, max_size=3),
    ),
    max_size=4,
).map(tuple)


def challenge(said: tuple[Message, ...], answer: Message | None = None, **more: Any) -> Challenge:
    """Return a challenge with this history."""
    baseline = answer or Message(role="assistant", parts=(Text(content="fine"),))
    origin = Origin(trace_id="t", started_at=datetime(2026, 11, 22, tzinfo=UTC), **more.pop("origin", {}))
    return Challenge(
        id="c",
        conversation_id="t",
        content_id="x",
        origin=origin,
        messages=said,
        baseline=Completion(message=baseline),
        **more,
    )


def user(text: str) -> Message:
    """Return what a user says."""
    return Message(role="user", parts=(Text(content=text),))


def texts_of(masked: Challenge) -> list[str]:
    """Return every text of a challenge's messages and answers."""
    said: list[Part] = [part for message in (*masked.messages, masked.baseline.message) for part in message.parts]
    names = ("content", "arguments", "response")
    return [str(getattr(part, name)) for part in said for name in names if hasattr(part, name)]


@settings(max_examples=100, deadline=None)
@given(messages)
def test_nothing_that_was_planted_stays(said: tuple[Message, ...]) -> None:
    """Whatever the nesting and the spelling, no planted value is in what is kept."""
    dumped = REDACTOR.challenge(challenge(said)).model_dump_json()
    assert [spelling for spelling in SPELLINGS if spelling in dumped] == []


@settings(max_examples=100, deadline=None)
@given(messages)
def test_masking_twice_is_masking_once(said: tuple[Message, ...]) -> None:
    """What is masked stays as it is, and the same comes out every time."""
    once = REDACTOR.challenge(challenge(said))
    assert REDACTOR.challenge(once) == once
    assert Redactor(OPTIONS, KEY).challenge(challenge(said)) == once


@settings(max_examples=100, deadline=None)
@given(values)
def test_json_stays_json(value: Any) -> None:
    """What parsed before parses after, with as many entries in every list."""
    for form in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        message = Message(role="tool", parts=(ToolResult(id="c1", response=form),))
        [response, *_] = texts_of(REDACTOR.challenge(challenge((message,))))
        if isinstance(value, dict | list):
            assert _shape(json.loads(response)) == _shape(value)


def _shape(value: Any) -> Any:
    """Return the lists in a value; masked keys may become one."""
    return [_shape(each) for each in value] if isinstance(value, list) else type(value) is dict


@settings(max_examples=100, deadline=None)
@given(messages, messages)
def test_the_next_turn_agrees_with_this_one(first: tuple[Message, ...], more: tuple[Message, ...]) -> None:
    """The history of a turn is the beginning of the next one's, masked or not: numbers agree."""
    answer = Message(role="assistant", parts=(Text(content="to alice@example.com and TCK-1"),))
    this = REDACTOR.challenge(challenge(first, answer))
    following = REDACTOR.challenge(challenge((*first, answer, *more)))
    assert following.messages[: len(first)] == this.messages
    assert following.messages[len(first)] == this.baseline.message


@pytest.mark.parametrize("spellings", VALUES.values())
def test_one_value_has_one_placeholder(spellings: tuple[str, ...]) -> None:
    """However it is spelt, wherever it stands: history, arguments, results, the answer, the challenger's answer."""
    first, last = spellings[0], spellings[-1]
    call = ToolCall(id="c1", name="find", arguments=json.dumps({"v": last, last: [first]}))
    said = (
        user(f"It is {first}."),
        Message(role="assistant", parts=(call,)),
        Message(role="tool", parts=(ToolResult(id="c1", response=json.dumps([last])),)),
        user(f"Again: {last}"),
    )
    masked = REDACTOR.challenge(challenge(said, user(f"{last}!")))
    assert len(masked.masks) == 1
    [placeholder] = masked.masks.values()
    request = Request(key="k", messages=masked.messages, masks=masked.masks)
    answer = REDACTOR.completion(Completion(message=user(f"so {first} or {last}")), request)
    assert answer.message.text == f"so {placeholder} or {placeholder}"
    assert all(placeholder in text for text in texts_of(masked))


def test_what_a_model_makes_up_gets_a_number_of_its_own() -> None:
    """An address that nobody mentioned is not one that somebody did."""
    masked = REDACTOR.challenge(challenge((user("I am a@example.com"),), user("and b@example.com")))
    request = Request(key="k", messages=masked.messages, masks=masked.masks)
    answer = REDACTOR.completion(Completion(message=user("b@example.com c@example.com <EMAIL_1>")), request)
    assert answer.message.text == "<EMAIL_2> <EMAIL_3> <EMAIL_1>"


def test_what_looks_like_a_placeholder_is_none() -> None:
    """Production may mask in the same way: two values never share a placeholder."""
    masked = REDACTOR.challenge(challenge((user("a@example.com wrote to <EMAIL_1> and a@example.com"),)))
    assert masked.messages[0].text == "<EMAIL_1> wrote to <EMAIL_2> and <EMAIL_1>"


def test_what_was_said_once_is_known_everywhere() -> None:
    """A number that only its context gives away is masked where it stands alone as well."""
    call = ToolCall(id="c1", name="find", arguments='{"n": 536904399, "s": "536904399"}')
    said = (user("My SSN is 536904399"), Message(role="assistant", parts=(call,)))
    masked = REDACTOR.challenge(challenge(said))
    assert texts_of(masked)[1] == '{"n": "<ID_1>", "s": "<ID_1>"}'


def test_tools_names_and_origin_are_masked_too() -> None:
    """Descriptions, schemas, names, tags and ids of people hold as much as messages do."""
    mail = "alice@example.com"
    tool = ToolDefinition(
        name="find",
        description=f"ask {mail}",
        parameters={"enum": [mail, 4111111111111111], mail: {"default": mail}},
    )
    origin = {"user_id": mail, "session_id": f"of {mail}", "trace_name": f"chat {mail}", "tags": (mail, "plain")}
    asked = Message(role="user", name=mail, parts=(Text(content="hi"),))
    masked = REDACTOR.challenge(challenge((asked,), tools=(tool,), origin=origin))
    assert mail not in masked.model_dump_json()
    assert masked.tools[0].parameters == {"enum": ["<EMAIL_1>", "<CARD_1>"], "<EMAIL_1>": {"default": "<EMAIL_1>"}}
    assert masked.messages[0].name == "EMAIL_1"
    assert masked.origin.tags == ("<EMAIL_1>", "plain")
    assert masked.origin.user_id == REDACTOR.digest_of(mail) != mail
    assert masked.origin.session_id == REDACTOR.digest_of(f"of {mail}")
    assert by_kind(masked.masks) == {"email": 1, "card": 1}


def test_ids_that_say_nothing_stay() -> None:
    """A user's id is kept as it is where it is only an id; another key makes another digest of one that is not."""
    assert REDACTOR.stored("user-17") == "user-17"
    assert Redactor(OPTIONS, b"o" * 32).digest_of("a@example.com") != REDACTOR.digest_of("a@example.com")
    assert REDACTOR.digest_of(REDACTOR.digest_of("a@example.com")) == REDACTOR.digest_of("a@example.com")


IMAGE = Media(type="uri", modality="image", content="https://example.com/a.png")


def test_what_cannot_be_searched_is_blocked_or_let_through_as_asked() -> None:
    """With `fail_closed` media and files inside of texts stop a turn; without, media pass and texts are withheld."""
    shown = Message(role="user", parts=(Text(content="see"), IMAGE))
    hidden = user("data:image/png;base64,iVBORw0KGgo=")
    for said in (shown, hidden):
        with pytest.raises(Unmaskable):
            REDACTOR.challenge(challenge((said,)))
    loose = Redactor(OPTIONS.model_copy(update={"fail_closed": False}), KEY)
    assert loose.challenge(challenge((shown,))).messages == (shown,)
    assert loose.challenge(challenge((hidden,))).messages == (user("<WITHHELD>"),)


class Failing(Recogniser):
    """A recogniser that is out of order."""

    def entities(self, text: str) -> list[Entity]:
        """Fail."""
        raise RuntimeError(text)


class Cities(Recogniser):
    """Recognises one city."""

    def entities(self, text: str) -> list[Entity]:
        """Find it."""
        at = text.find("Springfield")
        return [] if at < 0 else [Entity(at, at + len("Springfield"), "location")]


def test_a_recogniser_adds_what_rules_cannot_find() -> None:
    """What a plug-in recognises is masked as all else; one that fails blocks, unless it may fail."""
    masked = Redactor(OPTIONS, KEY, Cities()).challenge(challenge((user("from Springfield, Springfield!"),)))
    assert masked.messages[0].text == "from <LOCATION_1>, <LOCATION_1>!"
    with pytest.raises(Unmaskable):
        Redactor(OPTIONS, KEY, Failing()).challenge(challenge((user("hi"),)))
    loose = Redactor(OPTIONS.model_copy(update={"fail_closed": False}), KEY, Failing())
    assert loose.challenge(challenge((user("a@example.com"),))).messages[0].text == "<EMAIL_1>"


def test_noise_never_breaks_it() -> None:
    """Random characters, broken JSON and half escapes are masked or left, and never an error."""
    chance = random.Random(7)
    alphabet = string.printable + "\u200b\ud800ü你\uff11"
    for _ in range(300):
        noise = "".join(chance.choice(alphabet) for _ in range(chance.randrange(80)))
        call = ToolCall(id="c", name="find", arguments="{" + noise)
        REDACTOR.challenge(challenge((user(noise), Message(role="assistant", parts=(call,)))))


@pytest.mark.parametrize("nested", [False, True])
def test_a_long_list_in_json_takes_as_long_as_it_is(*, nested: bool) -> None:
    """Sixteen times as many rows of a tool's result take some sixteen times as long to mask, not a hundred times."""

    def seconds(rows: int) -> float:
        listed = [{"mail": f"user{row}@example.com", "ip": f"198.51.{row // 250}.{row % 250}"} for row in range(rows)]
        said = json.dumps({"result": json.dumps(listed)} if nested else listed)
        began = time.process_time()
        assert len(REDACTOR.challenge(challenge((user(said),))).masks) == 2 * rows
        return time.process_time() - began

    seconds(10)
    short, long = (min(seconds(rows) for _ in range(3)) for rows in (250, 4000))
    assert long < 50 * short
