"""Open WebUI's filter: it logs no output, for the answer is the last message of the input."""

from __future__ import annotations

from typing import Any, ClassVar

from connector.formats.format import Format, Reading, Unusable, decoded, malformed
from connector.formats.openai_chat import is_chat, listed, read_chat
from connector.formats.outputs import Output, read_output
from connector.formats.repairs import Repair
from connector.traces import Observation
from connector.types import Fate

_NOTHING: tuple[Any, ...] = (None, "", {}, [])
_TURNS = (None, "user_response", "llm_response", "chat_response")


class OpenWebUI(Format):
    """A chat, or what Open WebUI asks for itself: titles, tags, search queries."""

    rank: ClassVar[int] = 25

    def mine(self, observation: Observation) -> bool:
        """Its filter says so in the metadata."""
        messages, _ = listed(observation.input)
        return observation.metadata.get("interface") == "open-webui" and bool(messages) and all(map(is_chat, messages))

    def read(self, observation: Observation) -> Reading:
        """Read it as chat, with the last message as the answer where nothing else is."""
        if decoded(observation.metadata.get("type")) not in _TURNS:
            raise Unusable(Fate.FILTERED, "what Open WebUI asks for itself")
        with malformed("chat messages"):
            messages, _ = listed(observation.input)
            if observation.output not in _NOTHING or messages[-1]["role"] != "assistant":
                return read_chat(observation, read_output(observation.output))
            said = Output(messages[-1], repairs=(Repair.ANSWER_IN_INPUT,))
            return read_chat(observation.model_copy(update={"input": messages[:-1]}), said)
