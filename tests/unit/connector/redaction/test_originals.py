"""A local model is shown what production saw; everything that remembers its answer sees masks."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from connector.redaction.options import Masking
from connector.redaction.originals import LocalMask, Meant
from connector.redaction.redactor import Redactor
from rollouts.types import Challenge, Completion, Message, Origin, Request, Text, ToolCall, ToolResult

REDACTOR = Redactor(Masking(names=("Jürgen Groß",)), b"k" * 32, keeps_originals=True)
ARGUMENTS = json.dumps(
    {"mail": "alice@example.com", "who": "Jürgen Groß", "deep": json.dumps({"n": "+49 171 2345678"})}
)


class Remembered:
    """What a store would hold."""

    def __init__(self, challenge: Challenge) -> None:
        self._held = challenge.originals

    async def originals(self, digests: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return what is asked for."""
        return {digest: self._held[digest] for digest in digests if digest in self._held}


def _challenge() -> Challenge:
    called = ToolCall(id="c1", name="find", arguments=ARGUMENTS)
    return Challenge(
        id="c",
        conversation_id="t",
        content_id="x",
        origin=Origin(trace_id="t", started_at=datetime(2026, 11, 22, tzinfo=UTC)),
        messages=(
            Message(role="user", parts=(Text(content="I am alice@example.com, phone 4155552671"),)),
            Message(role="assistant", parts=(called,)),
            Message(role="tool", parts=(ToolResult(id="c1", response='{"n":4155552671}'),)),
        ),
        baseline=Completion(message=Message(role="assistant", parts=(Text(content="fine"),))),
    )


def _asked(challenge: Challenge) -> Request:
    return Request(key="k", messages=challenge.messages, masks=challenge.masks)


async def test_a_local_model_is_shown_what_production_saw() -> None:
    """Texts are as they were, also in JSON within JSON; a number is the same, as a text."""
    masked = REDACTOR.challenge(_challenge())
    shown = await LocalMask(REDACTOR, Remembered(masked)).shown(_asked(masked))
    assert "alice@" not in masked.model_dump_json()
    asked, called, told = (message.parts for message in shown.messages)
    assert asked == _challenge().messages[0].parts
    assert [json.loads(part.arguments) for part in called if isinstance(part, ToolCall)] == [json.loads(ARGUMENTS)]
    assert told == (ToolResult(id="c1", response='{"n":"4155552671"}'),)


async def test_its_answer_gets_the_same_placeholders() -> None:
    """Also where no finder would see a value by itself, and in errors."""
    masked = REDACTOR.challenge(_challenge())
    mask = LocalMask(REDACTOR, Remembered(masked))
    shown = await mask.shown(_asked(masked))
    said = Message(role="assistant", parts=(Text(content="I wrote to ALICE@example.com and 4155552671"),))
    answer = mask.completion(Completion(message=said), shown)
    placeholders = {masked.masks[digest]: spellings[0] for digest, spellings in masked.originals.items()}
    (mail,) = [p for p, written in placeholders.items() if written == "alice@example.com"]
    (phone,) = [p for p, written in placeholders.items() if written == "4155552671"]
    assert answer.message.text == f"I wrote to {mail} and {phone}"
    assert mask.words("refused: item 4155552671", shown) == f"refused: item {phone}"


async def test_what_breaks_off_within_a_value_tells_nothing_of_it() -> None:
    """An error that was cut, and an answer that ran into its limit, end with a placeholder."""
    masked = REDACTOR.challenge(_challenge())
    mask = LocalMask(REDACTOR, Remembered(masked))
    shown = await mask.shown(_asked(masked))
    said = Message(role="assistant", parts=(Text(content="alice and her alice@exam"),))
    answer = mask.completion(Completion(message=said, finish_reason="length"), shown)
    assert answer.message.text.startswith("alice and her <EMAIL_")
    assert "alice" not in mask.words('refused: "I am alice@ex...', shown)


async def test_what_was_masked_is_in_no_dump() -> None:
    """Originals travel beside a record and are never part of what is stored, cached or exported of it."""
    masked = REDACTOR.challenge(_challenge())
    shown = await LocalMask(REDACTOR, Remembered(masked)).shown(_asked(masked))
    assert masked.originals
    assert "originals" not in masked.model_dump() | shown.model_dump()
    assert "alice@" not in repr(masked)


def test_without_a_local_model_nothing_is_kept() -> None:
    """A redactor keeps originals only where it is told to."""
    assert not Redactor(Masking(), b"k" * 32).challenge(_challenge()).originals


@given(st.recursive(st.sampled_from(["<EMAIL_1>", "a <EMAIL_1> b", 'q"\\', "plain", 1, None]), st.lists))
def test_json_stays_json(value: object) -> None:
    """Whatever stands for a placeholder, quotes and backslashes included, JSON can be read afterwards."""
    meant = Meant({"<EMAIL_1>": '"odd\\one"@example.com'})
    if isinstance(value, list):
        assert json.loads(meant.text(json.dumps(value))) == meant.value(value)
