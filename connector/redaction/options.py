"""What is masked, as a person configures it."""

from __future__ import annotations

import re
from typing import Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connector.redaction.identities import SHAPES, validator
from connector.redaction.words import why_not
from rollouts.types import Options

Kind = Literal["email", "phone", "card", "iban", "ip", "url", "key", "id"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Masking(Options):
    """What is masked before anything is stored, sent, logged or posted."""

    enabled: bool = True
    """Whether anything is masked at all."""
    kinds: tuple[Kind, ...] = KINDS
    """What is looked for: addresses, numbers with check digits, secrets (`key`), URLs that carry them, national ids."""
    fail_closed: bool = True
    """Turns with what cannot be searched are left out: images, sounds, files, and texts that are too long.

    Without it media pass as they are, and such a text is replaced by a placeholder as a whole.
    """
    regions: tuple[str, ...] = ("US", "GB", "DE", "FR")
    """Countries whose way of writing phone numbers is known; international numbers always are."""
    ids: tuple[str, ...] = tuple(SHAPES)
    """National ids, by the names of python-stdnum, such as "us.ssn"."""
    names: tuple[str, ...] = ()
    """Names of people and things to mask, in any case and with or without accents."""
    patterns: dict[str, str] = {}
    """Regular expressions of your own, such as { ticket = "TCK-[0-9]+" }: matches become <TICKET_1>."""
    allow: tuple[str, ...] = ()
    """Values that everybody may see, such as the address of your own support."""
    most_characters: int = Field(default=1_000_000, ge=1000)
    """Texts longer than this cannot be searched."""

    @model_validator(mode="after")
    def _known(self) -> Self:
        for name in self.ids if "ids" in self.model_fields_set else ():
            try:
                validator(name)
            except ValueError:
                raise _wrong(f"ids: python-stdnum knows no {name!r}") from None
        for name, pattern in self.patterns.items():
            if not re.fullmatch(r"[A-Za-z][A-Za-z_]{0,30}", name):
                raise _wrong(f"patterns: the name {name!r} may have letters and underscores only")
            if reason := why_not(pattern):
                raise _wrong(f"patterns.{name}: {pattern!r} {reason}")
        if "regions" in self.model_fields_set:
            from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  slow to import

            if unknown := set(self.regions) - set(SUPPORTED_REGIONS):
                raise _wrong(f"regions: no such country code: {', '.join(sorted(unknown))}")
        return self


def _wrong(what: str) -> PydanticCustomError:
    return PydanticCustomError("redaction", "{what}", {"what": what})
