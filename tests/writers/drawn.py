"""Conversations that a writer has a place for, drawn by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from connector.formats.custom_keys import CustomKeys
from rollouts.types import Message, Text
from tests.dialogues import Dialogue, dialogues, said, words
from tests.writers.writer import Writer

CONFIGURED = (CustomKeys(question=("ticket.body",), answer=("draft",)),)
"""What a person has to configure before the custom keys of the writers can be read."""

odd = st.sampled_from(["0", "null", ".", " x ", "false", "a\n\nb", "user: a", "\U0001f469\u200d\U0001f52c", "e\u0301"])


@st.composite
def conversations(draw: st.DrawFn, writer: Writer) -> Dialogue:
    """Draw what `writer` has a place for; some texts are next to nothing, or look like something else."""
    if writer.one_exchange:
        return said("user", draw(words)), said("assistant", draw(words))
    drawn = draw(dialogues(calls=writer.calls, images=writer.images))
    return tuple(_odd(draw, message, beside=writer.words_beside) for message in drawn)


def _odd(draw: st.DrawFn, message: Message, *, beside: bool) -> Message:
    if message.tool_calls and not beside:
        return message.model_copy(update={"parts": message.tool_calls})
    parts = [Text(content=draw(odd)) if isinstance(p, Text) and draw(_SELDOM) else p for p in message.parts]
    return message.model_copy(update={"parts": tuple(parts)})


_SELDOM = st.integers(0, 7).map(lambda number: number == 0)
