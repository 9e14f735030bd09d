"""What may leave, and what may be kept: the last look at every request and every answer."""

from __future__ import annotations

from typing import Literal, Protocol

from rollouts.types import Completion, Request

Sees = Literal["masks", "originals"]
"""What a model is shown of a conversation that was masked."""


class Mask(Protocol):
    """Replaces personal data and secrets by placeholders."""

    @property
    def sees(self) -> Sees:
        """Part of the model's version: shown something else, it may answer something else."""

    def request(self, request: Request) -> Request:
        """Return what may leave of `request`. Raises `Permanent` for what cannot be searched."""

    async def shown(self, request: Request) -> Request:
        """Return what the model itself is asked: more than may be remembered, where it is local."""

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return what may be kept of the answer to what was `shown`. Raises `Permanent` for what cannot be searched."""

    def words(self, text: str, request: Request | None = None) -> str:
        """Return what may be said of an error, also one that repeats what was `shown`."""


class NoMask:
    """Lets everything through, as it is."""

    sees: Sees = "masks"

    def request(self, request: Request) -> Request:
        """Return it."""
        return request

    async def shown(self, request: Request) -> Request:
        """Return it."""
        return request

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return it."""
        del request
        return completion

    def words(self, text: str, request: Request | None = None) -> str:
        """Return it."""
        del request
        return text
