"""An endpoint that speaks OpenAI's embeddings, as a provider: OpenAI, vLLM, Ollama, LiteLLM and the like."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar

import httpx2
import openai
import orjson

from rollouts.embedding import packed
from rollouts.endpoint import Endpoint, ended
from rollouts.errors import Retryable
from rollouts.openai_wire import open_client, posted
from rollouts.provider import Provider
from rollouts.types import Completion, Message, Request, Text, Usage


class Embeddings(Endpoint, Provider):
    """What an endpoint answers to texts: a completion that holds their vectors."""

    wordless: ClassVar[bool] = True

    async def complete(self, request: Request) -> Completion:
        """Answer once; see the port."""
        texts = [part.content for part in request.messages[0].parts if isinstance(part, Text)]
        body = {"model": self.model, "input": texts, "encoding_format": "float", **self.extra_body}
        return _completion(await posted(self, self._client, self.model, "/embeddings", body), len(texts))

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
        return open_client(self)


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
    message = Message(role="assistant", parts=(Text(content=packed(vectors)),))
    return Completion(message=message, model=reply.get("model"), finish_reason="stop", usage=usage, **ended(response))
