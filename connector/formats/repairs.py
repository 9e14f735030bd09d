"""What can be mended in a log, in the words that the ledger uses. A reading that mends anything names it."""

from __future__ import annotations

from enum import StrEnum


class Repair(StrEnum):
    """One flaw, mended or passed over. Few words and fixed ones: they are counted."""

    ALTERNATIVES = "the first of several alternatives"
    ANSWER_IN_INPUT = "the answer was the last message of the input"
    ARGUMENTS = "arguments were a table, not JSON in text"
    ARGUMENTS_LEFT = "other arguments of a function were left out"
    CALL_IDS = "missing or doubled tool-call ids"
    EMPTY = "empty messages were left out"
    FLAT = "roles were words in one text"
    INPUT_KEYS = "other keys of the input were left out"
    JSON_IN_TEXT = "messages were JSON in text"
    NESTED = "messages in a list of their own"
    NO_ARGUMENTS = "tool calls without their arguments"
    NULLS = "null entries were left out"
    ORPHANS = "tool results without a call"
    OUTPUT_KEYS = "other keys of the answer were left out"
    PREFILL = "the answer began as the last message of the input"
    PLACEHOLDERS = "placeholders of a prompt were left out"
    PROVIDER_TOOLS = "what only its provider runs was left out"
    ROLE = "the answer was in another role"
    ROLES = "roles had other names than chat's"
    STREAM = "the pieces of a stream were put together"
    THOUGHTS = "thoughts were marked in the text"
    TRANSCRIPT = "a spoken answer is its transcript"
    TEXT_TWICE = "input or output were encoded twice"
    TWICE_ENCODED = "arguments were encoded twice"
