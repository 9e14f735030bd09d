"""The one who masks: challenges before they are stored, requests before they leave, answers before they are kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

from connector.redaction.conversation import Walk
from connector.redaction.finding import Finding
from connector.redaction.found import Unmaskable
from connector.redaction.options import Masking
from connector.redaction.placeholders import PLACEHOLDER, Placeholders, id_digest
from connector.redaction.recogniser import Recogniser
from connector.redaction.texts import Texts
from rollouts.errors import Permanent
from rollouts.types import Challenge, Completion, Request

Masked = TypeVar("Masked", Challenge, Request, Completion, str)


class Redactor:
    """Implements `rollouts.masking.Mask`, and masks what the connector takes in.

    The key never leaves the store: without it nobody can tell from a digest which address was meant.
    """

    def __init__(self, options: Masking, key: bytes, recogniser: Recogniser | None = None) -> None:
        self.options = options
        self._key = key
        self._find = Finding(options, recogniser)

    def challenge(self, challenge: Challenge) -> Challenge:
        """Return `challenge` with placeholders in all its texts, and `masks` that say what they stand for.

        What was masked before stays as it is. Raises `Unmaskable` for what cannot be searched.
        """
        placeholders = Placeholders(self._key, challenge.masks)
        masked = self._walked(challenge, placeholders, Walk.challenge, raw=True)
        origin = masked.origin
        whose = {"user_id": self.stored(origin.user_id), "session_id": self.stored(origin.session_id)}
        conversation = masked.conversation_id
        return masked.model_copy(
            update={
                "masks": placeholders.masks,
                "origin": origin.model_copy(update=whose),
                "conversation_id": conversation if conversation == origin.trace_id else self.stored(conversation),
            }
        )

    def request(self, request: Request) -> Request:
        """Return what may leave of `request`. Raises `Permanent` for what cannot be searched."""
        return self._leaving(request, request, Walk.request)

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return what may be kept of the answer to `request`. Raises `Permanent` for what cannot be searched."""
        return self._leaving(completion, request, Walk.completion)

    def words(self, text: str) -> str:
        """Return a text by itself, such as an error's, with placeholders of its own."""
        texts = self._texts(Placeholders(self._key), raw=False, strict=False)
        return texts.text(text)

    def hides(self, identity: str | None) -> bool:
        """Whether a user's or a session's id tells more than an id should."""
        if not identity:
            return False
        try:
            return bool(self._find(identity))
        except Unmaskable:
            return True

    def stored(self, identity: str | None) -> str | None:
        """Return what is kept of a user's or a session's id: itself, or its keyed digest where that says too much."""
        return self.digest_of(identity) if identity and self.hides(identity) else identity

    def digest_of(self, identity: str) -> str:
        """Return what stands for this id wherever it is not kept itself; of a digest, the digest."""
        return identity if _DIGEST.fullmatch(identity) else id_digest(self._key, identity)

    def _leaving(self, what: Masked, request: Request, walk: Callable[[Walk, Masked], Masked]) -> Masked:
        placeholders = Placeholders(self._key, request.masks)
        for message in request.messages:
            for found in PLACEHOLDER.finditer(message.text):
                placeholders.pass_over(found[0])
        try:
            return self._walked(what, placeholders, walk, raw=False)
        except Unmaskable as error:
            raise Permanent(f"blocked: {error} cannot be masked", hint="see [redaction] fail_closed") from None

    def _walked(
        self, what: Masked, placeholders: Placeholders, walk: Callable[[Walk, Masked], Masked], *, raw: bool
    ) -> Masked:
        """Walk once to find everything, and where that found anything, once more to mask every place it stands."""
        strict = self.options.fail_closed
        texts = self._texts(placeholders, raw=raw, strict=strict)
        masked = walk(Walk(texts, strict=strict), what)
        if not texts.changed:
            return masked if raw else what
        texts.look_again()
        return walk(Walk(texts, strict=strict), what)

    def _texts(self, placeholders: Placeholders, *, raw: bool, strict: bool) -> Texts:
        return Texts(self._find, placeholders, strict=strict, raw=raw)


_DIGEST = re.compile(r"id-[0-9a-f]{32}")


def by_kind(masks: Mapping[str, str]) -> Counter[str]:
    """Count the values behind these placeholders by kind, in small letters."""
    found = (PLACEHOLDER.fullmatch(placeholder) for placeholder in masks.values())
    return Counter(each["label"].lower() for each in found if each)
