"""DSPy's language models as OpenInference logs them: one prompt or chat messages in, a list of completions out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from connector.formats.attributes import scope
from connector.formats.format import Format, Reading, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.formats.repairs import Repair
from connector.traces import Observation


class DSPy(Format):
    """A call of `dspy.LM`: its arguments, and what it returns."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """`prompt`, `messages` and `kwargs` side by side, or its scope around messages."""
        body = observation.input
        if not isinstance(body, Mapping):
            return False
        messages = _messages(body)
        ours = {"prompt", "messages", "kwargs"} <= body.keys() or scope(observation).endswith("dspy")
        return ours and bool(messages) and all(map(is_chat, messages))

    def read(self, observation: Observation) -> Reading:
        """Read it as chat, the first completion as the answer."""
        with malformed("calls of DSPy"):
            asked = {**_settings(observation.input), "messages": _messages(observation.input)}
            return read_chat(observation.model_copy(update={"input": asked}), _output(observation.output))


def _messages(body: Mapping[str, Any]) -> list[Any]:
    if isinstance(body.get("prompt"), str) and not body.get("messages"):
        return [{"role": "user", "content": body["prompt"]}]
    return listed(body)[0]


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("kwargs")
    return {**body, **given} if isinstance(given, Mapping) else {**body}


def _output(output: Any) -> Output:
    """Each completion is text, or a table with `text` beside thoughts and calls."""
    if not isinstance(output, list) or not output or isinstance(output[0], list):
        return read_output(output)
    repairs = (Repair.ALTERNATIVES,) if len(output) > 1 else ()
    if isinstance(output[0], Mapping) and "text" in output[0]:
        return Output({"role": "assistant", "content": output[0]["text"], **output[0]}, repairs=repairs)
    return read_output(output[0])._replace(repairs=repairs)
