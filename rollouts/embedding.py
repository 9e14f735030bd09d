"""Texts as vectors, from an endpoint that speaks OpenAI's embeddings: OpenAI, vLLM, Ollama, LiteLLM and the like.

An embedding is asked for as any other answer: a request holds the texts as the parts of one message, a completion holds
the vectors as text. So it is a `Model` that asks, with all that this means for limits, budget, ledger and crashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from rollouts.model import Model
from rollouts.types import Completion, Message, Request, Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

BATCH: Final = 256
"""Texts in one call."""
KEY: Final = "embedding "
"""How the keys of such calls begin."""


class Embedder(Protocol):
    """Port: who turns texts into vectors."""

    space: str
    """Names what the vectors depend on: only those of one space can be compared."""

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row for each of `texts`, none of which is empty."""


class EmbeddingModel:
    """A model for embeddings at an endpoint, paid for like any other."""

    def __init__(self, model: Model) -> None:
        """`model` asks an `Embeddings`."""
        self.space = f"{model.name}/{model.version}"
        self.model = model

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Ask for `BATCH` texts in one call; the same again is not paid again until its draw is done.

        Raises what the endpoint or the budget raises.
        """
        import numpy as np  # noqa: PLC0415  heavy, and needed for few

        parts = batches(texts)
        answers = [await self.model.ask(_request(self.space, batch)) for batch in parts]
        rows = [_unpacked(answer, len(batch)) for answer, batch in zip(answers, parts, strict=True)]
        return np.concatenate(rows)


def batches(texts: Sequence[str]) -> list[Sequence[str]]:
    """Return what each call asks for."""
    return [texts[start : start + BATCH] for start in range(0, len(texts), BATCH)]


def question(texts: Sequence[str]) -> Message:
    """Return what one call reads."""
    return Message(role="user", parts=tuple(Text(content=text) for text in texts))


def _request(space: str, texts: Sequence[str]) -> Request:
    key = hashlib.sha256("\x1f".join((space, *texts)).encode("utf-8", "replace")).hexdigest()
    return Request(key=KEY + key, messages=(question(texts),))


def _unpacked(answer: Completion, count: int) -> Vectors:
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(base64.b64decode(answer.message.text), dtype="<f2").reshape(count, -1).astype(np.float32)


def packed(vectors: Vectors) -> str:
    """Write vectors as an answer's text: half the precision is far more than clusters need."""
    import numpy as np  # noqa: PLC0415

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return base64.b64encode((vectors / np.where(lengths > 0, lengths, 1)).astype("<f2").tobytes()).decode()
