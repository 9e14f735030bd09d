"""Conversations written as integrations log them: the inverse of the formats, one writer for each way of writing.

A writer gets messages, the answer last, and returns the observation of that one call.
"""

from __future__ import annotations

from tests.writers import anthropic, chat, events, google, langchain, parts, plain, responses, tracers, vercel
from tests.writers.writer import Writer

WRITERS: dict[str, Writer] = {
    name: writer
    for module in (chat, responses, anthropic, google, langchain, vercel, parts, events, tracers, plain)
    for name, writer in module.WRITERS.items()
}
"""Every writer under its name, which begins with the kind of the format that reads it."""
