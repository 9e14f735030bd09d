"""The port through which any model is called."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from rollouts.types import Completion, Options, Request


class Provider(Options, ABC):
    """One model behind one account. One file in `rollouts/providers/` implements it.

    The fields of the class are the keys of its table in config.toml.
    """

    free: ClassVar[bool] = False
    """Whether its calls cost nothing, whoever pays for the machine."""

    wordless: ClassVar[bool] = False
    """Whether its answers are figures, in which there are no words to mask."""

    model: str
    """The model's name, as the provider knows it."""

    @abstractmethod
    async def complete(self, request: Request) -> Completion:
        """Answer once, without retries of minutes.

        Fills message, model, finish reason, usage, latency and start; the cost only where the provider itself reports
        one. Raises `Retryable`, `Permanent` or `Fatal`, never an SDK's own error.
        """

    def losses(self, request: Request) -> tuple[str, ...]:
        """What of `request` this provider cannot carry over, in words. The default loses nothing.

        Raises `Permanent` ("unreplayable: …") where what is left would be another question. Pure: nothing is sent.
        """
        del request
        return ()

    async def aclose(self) -> None:
        """Release what the provider opened. The default opened nothing."""
