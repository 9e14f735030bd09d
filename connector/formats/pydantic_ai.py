"""PydanticAI, where it differs from the conventions: an agent's `all_messages` hold its answer, which is logged again.

Its output tools, such as `final_result`, are answers in the form of a call; see `completed` for their definitions.
"""

from __future__ import annotations

from typing import Any, ClassVar

from connector.formats.attributes import attribute, scope
from connector.formats.format import Reading, decoded
from connector.formats.otel_genai import OTelGenAI
from connector.formats.pieces import as_json
from connector.formats.repairs import Repair
from connector.traces import Observation
from rollouts.canonical import canonical_json
from rollouts.types import Message


class PydanticAI(OTelGenAI):
    """Messages with typed parts, of which the last may be the answer."""

    rank: ClassVar[int] = 9

    def mine(self, observation: Observation) -> bool:
        """Typed parts, written by PydanticAI."""
        return super().mine(observation) and (
            scope(observation) == "pydantic-ai" or attribute(observation, "model_request_parameters") is not None
        )

    def read(self, observation: Observation) -> Reading:
        """Read as the conventions do, then take the answer out of the history that repeats it."""
        reading = super().read(observation)
        asked = list(reading.messages)
        while len(asked) > 1 and asked[-1].role == "tool":
            asked.pop()
        last = asked[-1] if asked else None
        if last is None or not _is_final(last, reading.answer, observation.output):
            return reading
        repairs = (*reading.repairs, Repair.ANSWER_IN_INPUT)
        return reading.model_copy(update={"messages": tuple(asked[:-1]), "answer": last, "repairs": repairs})


def _is_final(last: Message, answer: Message | None, output: Any) -> bool:
    """Whether `last` says what the output says: the same text, or a call whose arguments are the result."""
    if last.role != "assistant" or answer is None or answer.tool_calls:
        return False
    if last.text.strip() and last.text.strip() == answer.text.strip():
        return not last.tool_calls
    result = canonical_json(as_json(decoded(output)))
    return any(canonical_json(call.arguments) == result for call in last.tool_calls)
