"""What placeholders stand for, for models on machines of one's own: those see what production saw.

Nothing else does: the answer is masked again, with the same placeholders, before anything remembers it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

from connector.redaction.conversation import Walk
from connector.redaction.placeholders import PLACEHOLDER
from connector.redaction.redactor import Redactor
from connector.redaction.texts import TOKEN, is_json
from rollouts.masking import Sees
from rollouts.types import Completion, Request


class Originals(Protocol):
    """Who remembers what was masked; part of the store."""

    async def originals(self, digests: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return how these values were written, by the keyed digests in `Challenge.masks`, the first spelling first."""


class LocalMask:
    """Implements `rollouts.masking.Mask` for a model that may see unmasked text."""

    sees: Sees = "originals"

    def __init__(self, redactor: Redactor, originals: Originals) -> None:
        self._redactor, self._originals = redactor, originals

    def request(self, request: Request) -> Request:
        """Return what is remembered of `request`: no more than of any other."""
        return self._redactor.request(request)

    async def shown(self, request: Request) -> Request:
        """Return `request` as production had it, as far as that is kept.

        Every spelling of a value becomes the first, a number in JSON becomes a text, and names of tools stay masked.
        """
        known = await self._originals.originals(request.masks.keys())
        meant = {request.masks[digest]: spellings[0] for digest, spellings in known.items() if spellings}
        opened = Walk(Meant(meant), strict=False).request(request) if meant else request
        return opened.model_copy(update={"originals": known})

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return the answer masked, with the placeholders of what was shown."""
        return self._redactor.completion(completion, request)

    def words(self, text: str, request: Request | None = None) -> str:
        """Return what may be said of an error."""
        return self._redactor.words(text, request)


class Meant:
    """Puts back what placeholders stand for."""

    def __init__(self, meant: Mapping[str, str]) -> None:
        self._meant = meant

    def text(self, text: str) -> str:
        """Return a text with every known placeholder replaced; JSON stays JSON, to the last blank."""
        if "<" not in text:
            return text
        if is_json(text):
            return TOKEN.sub(lambda token: self._token(token[0]), text)
        return PLACEHOLDER.sub(lambda found: self._meant.get(found[0], found[0]), text)

    def name(self, name: str) -> str:
        """Return it: an identifier is none without what providers allow in it."""
        return name

    def value(self, value: Any) -> Any:
        """Return a JSON value with its placeholders replaced."""
        return json.loads(self.text(json.dumps(value, ensure_ascii=False)))

    def _token(self, token: str) -> str:
        if "<" not in token:
            return token
        said = json.loads(token)
        opened = self.text(said)
        return token if opened == said else json.dumps(opened, ensure_ascii=False)
