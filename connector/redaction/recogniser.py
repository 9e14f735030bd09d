"""The port of packages that recognise what no rule can: names of people and places in running text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, NamedTuple

from rollouts.errors import Fatal
from rollouts.plugins import load
from rollouts.types import Options


class Entity(NamedTuple):
    """One span of a text that names somebody or something."""

    start: int
    end: int
    label: str
    """What it is, such as `PERSON`: letters and underscores."""


class Recogniser(Options, ABC):
    """One package. One file in `connector/redaction/recognisers/` implements it; its fields are its keys."""

    @abstractmethod
    def entities(self, text: str) -> Sequence[Entity]:
        """Return what is to be masked in `text`: the same for the same text, whenever it is asked.

        Anything raised counts as "cannot be processed". Packages are imported when the first instance is made, and
        `Fatal` says how to install one that is missing.
        """


def recogniser(kind: str, options: dict[str, Any]) -> Recogniser:
    """Return what `[redaction.ner]` asks for. Raises `Fatal` for an unknown kind or wrong keys."""
    found = load(Recogniser, kind, package="connector.redaction.recognisers")
    try:
        return found.model_validate(options)
    except ValueError as error:
        raise Fatal(f"redaction.ner: {error}", hint="see the fields of the recogniser of that name") from None
