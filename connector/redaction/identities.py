"""Finder for national ids, checked by python-stdnum. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Final

from connector.redaction.found import Finder, Found
from connector.redaction.numbers import in_uuid, names_a_thing

SHAPES: Final = {
    "at.vnr": r"\d{4} \d{6}",
    "be.nn": r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}",
    "br.cpf": r"\d{3}\.\d{3}\.\d{3}-\d{2}",
    "ca.sin": r"\d{3}-\d{3}-\d{3}",
    "ch.ssn": r"756\.\d{4}\.\d{4}\.\d{2}",
    "cn.ric": r"\d{17}[\dXx]",
    "de.idnr": r"\d{2} \d{3} \d{3} \d{3}",
    "dk.cpr": None,
    "es.dni": r"\d{8}-?[A-Z]",
    "es.nie": r"[XYZ]-?\d{7}-?[A-Z]",
    "fi.hetu": r"\d{6}[-+A]\d{3}[0-9A-Y]",
    "fr.nir": r"[1-478] \d{2} \d{2} [0-9AB]{2,3} \d{3} \d{3} \d{2}",
    "gb.nhs": r"\d{3}[ -]\d{3}[ -]\d{4}",
    "in_.aadhaar": r"\d{4}[ -]\d{4}[ -]\d{4}",
    "it.codicefiscale": r"[A-Z]{6}\d{2}[A-Z]\d{2}[A-Z]\d{3}[A-Z]",
    "kr.rrn": r"\d{6}-\d{7}",
    "mx.curp": r"[A-Z]{4}\d{6}[HM][A-Z]{5}[0-9A-Z]\d",
    "nl.bsn": r"\d{4}\.\d{2}\.\d{3}",
    "no.fodselsnummer": r"\d{6} \d{5}",
    "pl.pesel": None,
    "se.personnummer": r"(?:\d{2})?\d{6}[-+]\d{4}",
    "us.ssn": r"\d{3}-\d{2}-\d{4}",
}
"""Ids of people that have check digits or ranges, each with the grouping that tells it without a word."""

_SAID: Final = re.compile(
    r"\b(?:ssn|social.?security|tax.?(?:id|number|no)|steuer.?(?:id|nummer)\w*|identifikationsnummer|sozialversicherung\w*|nino"
    r"|national.?(?:id|insurance)|social.?insurance|nhs|nif|dni|cpf|pesel|bsn|cpr|hetu|ahv|curp|aadhaa?r|personnummer|f[øo]dselsnummer"
    r"|codice.?fiscale|identity.?(?:card|number)|passport|ausweis\w*|id.?(?:number|card|no)|sozialvers\w*|rrn)(?![A-Za-z])",
    re.IGNORECASE,
)
_CANDIDATE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z]{0,6}\d)[A-Za-z0-9](?:[ ./-]?[A-Za-z0-9]){7,19}(?![A-Za-z0-9])"
)
_NUMBER: Final = re.compile(r"\d(?:\d{4}|\d{1,3}[ ./+-]\d{2}|(?<=[A-Z]\d)\d[A-Z])")
"""Without such a run of digits and letters there is no id in a text, and no word needs to be looked for."""
_WITHIN: Final = 48
"""Characters after the word that says what follows."""


def validator(name: str) -> Callable[[str], bool]:
    """Return stdnum's check of `country.kind`. Raises `ValueError` for a name that it does not know."""
    if not re.fullmatch(r"[a-z]{2}_?\.[a-z_0-9]+", name):
        raise ValueError(name)
    try:
        return import_module(f"stdnum.{name}").is_valid  # type: ignore[no-any-return]
    except (ImportError, AttributeError):
        raise ValueError(name) from None


def national_ids(names: Sequence[str]) -> Finder:
    """Find ids of these kinds: grouped as their country writes them, or after a word that says what they are."""
    checks = [validator(name) for name in names]
    shaped = [(check, shape) for check, name in zip(checks, names, strict=True) if (shape := SHAPES.get(name))]
    grouped = re.compile(_alone("|".join(shape for _, shape in shaped)))
    shapes = [(check, re.compile(_alone(shape))) for check, shape in shaped]

    def find(text: str) -> Iterator[Found]:
        if not _NUMBER.search(text):
            return
        for each in grouped.finditer(text) if shapes else ():
            fits = ((shape.match(text, each.start()), check) for check, shape in shapes)
            yield from (_id(found) for found, check in fits if found and _fits(found, check))
        for said in _SAID.finditer(text):
            yield from _said(text, said.end(), checks)

    return find


def _alone(shape: str) -> str:
    return rf"(?<![A-Za-z0-9_.-])(?=\d{{2}}|[A-Z]{{2}}|[1-478] |[XYZ]-?\d)(?:{shape})(?![A-Za-z0-9_-])"


def _fits(found: re.Match[str], check: Callable[[str], bool]) -> bool:
    text, (start, end) = found.string, found.span()
    return check(found[0]) and not in_uuid(text, start, end) and not names_a_thing(text, start)


def _said(text: str, start: int, checks: Sequence[Callable[[str], bool]]) -> Iterator[Found]:
    for found in _CANDIDATE.finditer(text, start, min(len(text), start + _WITHIN + 24)):
        near = found.start() - start <= _WITHIN
        bare = re.sub(r"[ ./-]", "", found[0])
        if near and not bare.isalpha() and any(check(found[0]) or check(bare) for check in checks):
            yield _id(found)
            return


def _id(found: re.Match[str]) -> Found:
    return Found(found.start(), found.end(), "ID", re.sub(r"[^A-Za-z0-9]", "", found[0]).upper())
