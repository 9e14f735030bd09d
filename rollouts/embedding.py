"""Texts as vectors, from an endpoint that speaks OpenAI's embeddings: OpenAI, vLLM, Ollama, LiteLLM and the like.

An embedding is asked for as any other answer: a request holds the texts as the parts of one message, a completion holds
the vectors as text. So it is a `Model` that asks, with all that this means for limits, budget, ledger and crashes.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Final, Protocol

import httpx2
import openai
import orjson

from rollouts.endpoint import Endpoint, encoded, ended, unreachable
from rollouts.errors import Retryable
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.refusals import Refusal
from rollouts.types import Completion, Message, Request, Text, Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

BATCH: Final = 256
"""Texts in one call."""
KEY: Final = "embedding "
"""How the keys of such calls begin."""

_NO_KEY = "never-sent"
_WITH_KEY: Any = {"headers": {"content-type": "application/json"}}
_WITHOUT_KEY: Any = {"headers": {"content-type": "application/json", "authorization": openai.Omit()}}


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


class Embeddings(Endpoint, Provider):
    """What an endpoint answers to texts: a completion that holds their vectors."""

    wordless: ClassVar[bool] = True

    async def complete(self, request: Request) -> Completion:
        """Answer once; see the port."""
        texts = [part.content for part in request.messages[0].parts if isinstance(part, Text)]
        body = encoded({"model": self.model, "input": texts, "encoding_format": "float", **self.extra_body})
        options = _WITH_KEY if self.api_key_env else _WITHOUT_KEY
        try:
            async with self.within_time():
                response = await self._client.post(
                    "/embeddings", content=body, cast_to=httpx2.Response, options=options
                )
        except openai.APIStatusError as error:
            refusal = Refusal.read(error.response)
        except openai.APIConnectionError as error:
            raise unreachable(self.base_url, error) from None
        else:
            return _completion(response, len(texts))
        # Out of the `except`, so that no traceback prints the request with the key in it.
        raise refusal.error(model=self.model, key_env=self.api_key_env, key=self._client.api_key)

    def losses(self, request: Request) -> tuple[str, ...]:
        """Texts lose nothing on the way."""
        del request
        return ()

    async def aclose(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            await self._client.close()

    @cached_property
    def _client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            api_key=self.key() or _NO_KEY,
            base_url=self.base_url,
            max_retries=0,  # every try is a purchase of its own, so `Model` does it
            http_client=self.transport(openai.DefaultAioHttpClient),
        )


def _request(space: str, texts: Sequence[str]) -> Request:
    key = hashlib.sha256("\x1f".join((space, *texts)).encode("utf-8", "replace")).hexdigest()
    return Request(key=KEY + key, messages=(question(texts),))


def _completion(response: httpx2.Response, count: int) -> Completion:
    import numpy as np  # noqa: PLC0415  heavy, and needed for few

    try:
        reply = orjson.loads(response.content)
        rows = sorted(reply["data"], key=lambda row: row["index"])
        vectors = np.array([row["embedding"] for row in rows], dtype=np.float32)
        tokens = (reply.get("usage") or {}).get("prompt_tokens")
        usage = Usage(input_tokens=tokens, output_tokens=0)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Retryable(f"the answer cannot be read: {type(error).__name__}: {error}", paid=True) from None
    if vectors.ndim != 2 or len(vectors) != count or not vectors.size or not np.isfinite(vectors).all():  # noqa: PLR2004  rows and columns
        raise Retryable(f"{count} vectors were asked for; what came is of shape {vectors.shape}", paid=True)
    message = Message(role="assistant", parts=(Text(content=_packed(vectors)),))
    return Completion(message=message, model=reply.get("model"), finish_reason="stop", usage=usage, **ended(response))


def _packed(vectors: Vectors) -> str:
    """Half the precision is far more than clusters need."""
    import numpy as np  # noqa: PLC0415

    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return base64.b64encode((vectors / np.where(lengths > 0, lengths, 1)).astype("<f2").tobytes()).decode()


def _unpacked(answer: Completion, count: int) -> Vectors:
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(base64.b64decode(answer.message.text), dtype="<f2").reshape(count, -1).astype(np.float32)
