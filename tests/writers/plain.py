"""What simple applications log: one question and one answer."""

from __future__ import annotations

from connector.traces import Observation
from tests.dialogues import logged
from tests.writers.writer import Dialogue, Writer


def text(messages: Dialogue) -> Observation:
    """Write text in and text out."""
    return logged(messages[0].text, messages[-1].text)


def tables(messages: Dialogue) -> Observation:
    """Write tables with telling keys."""
    return logged({"question": messages[0].text}, {"answer": messages[-1].text})


def own_tables(messages: Dialogue) -> Observation:
    """Write tables whose keys nobody can know but who configures them."""
    return logged({"ticket": {"body": messages[0].text}}, {"draft": messages[-1].text})


WRITERS = {
    "plain_text": Writer(text, calls=False, one_exchange=True),
    "plain_text tables": Writer(tables, calls=False, one_exchange=True),
    "custom_keys": Writer(own_tables, calls=False, one_exchange=True),
}
