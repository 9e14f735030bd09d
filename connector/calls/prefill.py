"""Answers that production began itself → answers from their beginning. Pure.

Claude continues a last message of the assistant, so that an application can put "{" into its mouth (Anthropic,
"Prefill Claude's response"). The log then shows half of the answer as history. Both halves are the answer: no other
model could be asked to go on in the midst of a sentence. Elsewhere a last message of the assistant is one that was
said before, and stays.
"""

from __future__ import annotations

from connector.formats.repairs import Repair
from connector.traces import Call
from rollouts.types import Completion, Message, Text

_CONTINUING = ("anthropic_messages", "bedrock_converse")


def unprefilled(call: Call) -> Call:
    """Return the call with its answer from the beginning; its `repairs` say so."""
    if call.format not in _CONTINUING or call.answer is None or not _is_begun(call.messages):
        return call
    *history, begun = call.messages
    return call.model_copy(
        update={
            "messages": tuple(history),
            "answer": _from_beginning(begun.text, call.answer),
            "repairs": (*call.repairs, Repair.PREFILL),
        }
    )


def _is_begun(messages: tuple[Message, ...]) -> bool:
    last = messages[-1] if messages else None
    return last is not None and last.role == "assistant" and all(isinstance(part, Text) for part in last.parts)


def _from_beginning(begun: str, answer: Completion) -> Completion:
    parts = list(answer.message.parts)
    at = next((n for n, part in enumerate(parts) if isinstance(part, Text)), None)
    if at is None:
        parts.insert(0, Text(content=begun))
    else:
        parts[at] = Text(content=begun + Message(role="assistant", parts=(parts[at],)).text)
    return answer.model_copy(update={"message": answer.message.model_copy(update={"parts": tuple(parts)})})
