"""Finders for the addresses of people and machines: e-mail and IP. Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from connector.redaction.found import Found

_LETTERS: Final = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
"""Of the scripts that set blanks between words."""
_STOP: Final = r"(?:\.| ?[\[({] ?(?:dot|punkt) ?[\])}] ?)"
_LOCAL: Final = rf"(?:\"[^\"\s@]{{1,64}}\"|[{_LETTERS}0-9_+](?:[{_LETTERS}0-9._%+'-]{{0,62}}[{_LETTERS}0-9_+-])?)"
_DOMAIN: Final = rf"(?:[{_LETTERS}0-9](?:[{_LETTERS}0-9-]{{0,61}}[{_LETTERS}0-9])?{_STOP}){{1,8}}"
_TLD: Final = rf"(?:xn--[A-Za-z0-9-]{{2,59}}|[{_LETTERS}]{{2,24}})(?![{_LETTERS}0-9])"
_AT: Final = r"(?:@| ?[\[({] ?at ?[\])}] ?)"
_SPELT_OUT: Final = re.compile(r"[\[({] ?at ?[\])}]", re.IGNORECASE)
_EMAIL: Final = re.compile(rf"(?<![{_LETTERS}0-9_+])(?P<local>{_LOCAL}){_AT}(?P<domain>{_DOMAIN}{_TLD})", re.IGNORECASE)
_ANY_SCRIPT: Final = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}")
_DOT: Final = re.compile(_STOP, re.IGNORECASE)
_PASSWORD: Final = re.compile(r"://[^\s/@:]*:[^\s/@]*$")
"""Before the `@` of a URL stand a user and a password, and behind it a host."""
_NOBODY: Final = re.compile(r"git@|.*@\dx\.(?:png|jpe?g|gif|webp|svg|avif)$", re.IGNORECASE)
"""Users that stand for no person, and names of pictures for sharper screens."""

_V4: Final = re.compile(r"(?<![A-Za-z0-9.])(?<![A-Za-z]/)(?:\d{1,3}\.){3}\d{1,3}(?!\.?[A-Za-z0-9]|-[a-z])")
_DOTTED: Final = re.compile(r"\d\.\d{1,3}\.\d{1,3}\.\d")
_V6: Final = re.compile(
    r"(?<![A-Za-z0-9:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:\.\d{1,3}){0,3}(?![A-Za-z0-9:])"
)
_COLONS: Final = re.compile(r":[0-9A-Fa-f]{0,4}:")
_NUMBERED: Final = re.compile(
    r"(?:\bv|versions?|ver\.?|releases?|build|firmware|chapter|section|kapitel|abschnitt|§|oid)[\s:=\"']*$",
    re.IGNORECASE,
)
_EVERYWHERE: Final = {"0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1"}  # noqa: S104  compared, not listened on
"""Addresses that say nothing of anybody."""


def emails(text: str) -> Iterator[Found]:
    """Find e-mail addresses, also `name (at) example (dot) com`; those of other scripts where they stand alone."""
    if "@" not in text and not _SPELT_OUT.search(text):
        return
    known = set[int]()
    for found in _EMAIL.finditer(text):
        if not _NOBODY.match(found[0]) and not _PASSWORD.search(text, max(0, found.start() - 200), found.end("local")):
            known.update(range(found.start(), found.end()))
            address = f"{found['local']}@{_DOT.sub('.', found['domain'])}"
            yield Found(found.start(), found.end(), "EMAIL", address.casefold())
    if not text.isascii():
        others = (found for found in _ANY_SCRIPT.finditer(text) if found.start() + found[0].index("@") not in known)
        yield from (Found(found.start(), found.end(), "EMAIL", found[0].casefold()) for found in others)


def machines(text: str) -> Iterator[Found]:
    """Find IP addresses, but for version numbers and for those that every machine has."""
    for found in _V4.finditer(text) if _DOTTED.search(text) else ():
        if not _NUMBERED.search(text, max(0, found.start() - 16), found.start()):
            yield from _machine(found)
    if _COLONS.search(text):
        for found in _V6.finditer(text):
            if any(sign.isdigit() for sign in found[0]):
                yield from _machine(found)


def _machine(found: re.Match[str]) -> Iterator[Found]:
    written = found[0].rstrip(":") if found[0].endswith(":") and not found[0].endswith("::") else found[0]
    try:
        address = str(ipaddress.ip_address(written))
    except ValueError:
        return
    if address not in _EVERYWHERE and not address.startswith("255.255."):
        yield Found(found.start(), found.start() + len(written), "IP", address)
