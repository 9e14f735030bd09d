"""Haystack's generators: chat messages beside `generation_kwargs`; the replies are a list, of messages or of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.format import Format, Reading, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.formats.repairs import Repair
from connector.traces import Observation


class Haystack(Format):
    """What Haystack's Langfuse connector logs of a chat generator."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """Nobody else has `generation_kwargs` beside messages."""
        body = observation.input
        messages = listed(body)[0] if isinstance(body, Mapping) and "generation_kwargs" in body else []
        return bool(messages) and all(map(is_chat, messages))

    def read(self, observation: Observation) -> Reading:
        """Read it as chat; the first reply is the answer, whatever role its logger gave it."""
        with malformed("Haystack messages"):
            return read_chat(observation, _output(observation.output))


def _output(output: Any) -> Output:
    replies = output.get("replies", output) if isinstance(output, Mapping) else output
    if not isinstance(replies, list) or not replies:
        return read_output(replies)
    found = read_output(replies[0])
    repairs = [Repair.ALTERNATIVES] if len(replies) > 1 else []
    if isinstance(found.answer, Mapping) and found.answer.get("role", "assistant") != "assistant":
        found = found._replace(answer={**found.answer, "role": "assistant"})
        repairs.append(Repair.ROLE)
    return found._replace(repairs=(*found.repairs, *repairs))
