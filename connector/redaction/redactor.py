"""The one who masks: challenges before they are stored, requests before they leave, answers before they are kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from connector.redaction.conversation import Walk
from connector.redaction.finding import Finding
from connector.redaction.found import Unmaskable
from connector.redaction.options import Masking
from connector.redaction.placeholders import PLACEHOLDER, Placeholders, id_digest
from connector.redaction.recogniser import Recogniser
from connector.redaction.texts import Texts
from rollouts.errors import Permanent
from rollouts.masking import Sees
from rollouts.types import Challenge, Completion, Message, Request

Masked = TypeVar("Masked", Challenge, Request, Completion, str)


class Redactor:
    """Implements `rollouts.masking.Mask`, and masks what the connector takes in.

    The key never leaves the store: without it nobody can tell from a digest which address was meant.
    """

    sees: Sees = "masks"

    def __init__(
        self, options: Masking, key: bytes, recogniser: Recogniser | None = None, *, keeps_originals: bool = False
    ) -> None:
        """With `keeps_originals` a challenge says what its masks stand for, on its way into the store."""
        self.options, self._keeps_originals = options, keeps_originals
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
                "originals": self._originals(placeholders),
                "origin": origin.model_copy(update=whose),
                "conversation_id": conversation if conversation == origin.trace_id else self.stored(conversation),
            }
        )

    def request(self, request: Request) -> Request:
        """Return what may leave of `request`. Raises `Permanent` for what cannot be searched."""
        return self._leaving(request, request, Walk.request)

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return what may be kept of the answer to `request`. Raises `Permanent` for what cannot be searched."""
        return self._leaving(completion, request, Walk.completion, cut=r"\Z" if completion.truncated else None)

    def reader(self) -> Callable[[Message], Message]:
        """Return what masks messages for a person to look at, one after another, all with the same placeholders."""
        texts = self._texts(Placeholders(self._key), raw=True, strict=False)

        def masked(message: Message) -> Message:
            Walk(texts, strict=False).message(message)
            texts.look_again()
            return Walk(texts, strict=False).message(message)

        return masked

    async def shown(self, request: Request) -> Request:
        """Return it: nobody sees more than may leave."""
        return request

    def words(self, text: str, request: Request | None = None) -> str:
        """Return a text by itself, such as an error's, with placeholders of its own or those of a request."""
        placeholders = _of(request, self._key) if request else Placeholders(self._key)
        texts = self._texts(placeholders, raw=False, strict=False)
        texts.look_again(cut="")  # messages are cut anywhere
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

    def _leaving(
        self, what: Masked, request: Request, walk: Callable[[Walk, Masked], Masked], *, cut: str | None = None
    ) -> Masked:
        placeholders = _of(request, self._key)
        for message in request.messages:
            for found in PLACEHOLDER.finditer(message.text):
                placeholders.pass_over(found[0])
        try:
            return self._walked(what, placeholders, walk, raw=False, cut=cut)
        except Unmaskable as error:
            raise Permanent(f"blocked: {error} cannot be masked", hint="see [redaction] fail_closed") from None

    def _walked(
        self,
        what: Masked,
        placeholders: Placeholders,
        walk: Callable[[Walk, Masked], Masked],
        *,
        raw: bool,
        cut: str | None = None,
    ) -> Masked:
        """Walk once to find everything, and where that found anything, once more to mask every place it stands."""
        strict = self.options.fail_closed
        texts = self._texts(placeholders, raw=raw, strict=strict)
        texts.look_again(cut=cut)
        masked = walk(Walk(texts, strict=strict), what)
        if not texts.changed:
            return masked if raw else what
        texts.look_again(cut=cut)
        return walk(Walk(texts, strict=strict), what)

    def _originals(self, placeholders: Placeholders) -> Mapping[str, Sequence[str]]:
        kept = placeholders.originals if self._keeps_originals else {}
        return {digest: tuple(spellings) for digest, spellings in kept.items()}

    def _texts(self, placeholders: Placeholders, *, raw: bool, strict: bool) -> Texts:
        return Texts(self._find, placeholders, strict=strict, raw=raw)


def _of(request: Request, key: bytes) -> Placeholders:
    return Placeholders(key, request.masks, request.originals)


_DIGEST = re.compile(r"id-[0-9a-f]{32}")


def by_kind(masks: Mapping[str, str]) -> Counter[str]:
    """Count the values behind these placeholders by kind, in small letters."""
    return Counter(map(kind_of, masks.values()))


def kind_of(placeholder: str) -> str:
    """Return what a placeholder stands for, in small letters."""
    return placeholder.strip("<>").rpartition("_")[0].lower()


def placeholders_in(completion: Completion) -> set[str]:
    """Return the placeholders in an answer's words and calls."""
    message = completion.message
    texts = (message.text, *(call.arguments for call in message.tool_calls))
    return {found[0] for text in texts for found in PLACEHOLDER.finditer(text)}
