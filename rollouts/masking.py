"""What may leave, and what may be kept: the last look at every request and every answer."""

from __future__ import annotations

from typing import Protocol

from rollouts.types import Completion, Request


class Mask(Protocol):
    """Replaces personal data and secrets by placeholders."""

    def request(self, request: Request) -> Request:
        """Return what may leave of `request`. Raises `Permanent` for what cannot be searched."""

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return what may be kept of the answer to `request`. Raises `Permanent` for what cannot be searched."""

    def words(self, text: str) -> str:
        """Return what may be said of an error."""


class NoMask:
    """Lets everything through, as it is."""

    def request(self, request: Request) -> Request:
        """Return it."""
        return request

    def completion(self, completion: Completion, request: Request) -> Completion:
        """Return it."""
        del request
        return completion

    def words(self, text: str) -> str:
        """Return it."""
        return text
