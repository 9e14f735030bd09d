"""Finders for numbers that pay: card and IBAN. Each is checked by its own rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from connector.redaction.found import Found

_NAMES_A_THING: Final = re.compile(
    r"(?<![A-Za-z])(?:order|item|product|sku|part|serial|invoice|ticket|booking|reservation|confirmation|tracking|shipment"
    r"|parcel|reference|flight|transaction|isbn|ean|upc|row|seq(?:uence)?|trace|span)s?"
    r"(?:[ _-]?(?:no|nr|num|number|id|code|ref))?s?[\s.:#\"'=]{0,5}$",
    re.IGNORECASE,
)
"""What says that the number behind it is the number of a thing."""
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_CARD: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d\.)(?=(\d{4}(?:[ .-]\d{4}){3}|\d{4}[ .-]\d{6}[ .-]\d{4,5}|\d{14,19})"
    r"(?![A-Za-z0-9_]))"
)
_MANY_DIGITS: Final = re.compile(r"\d(?:[ .-]?\d){13}")
_ISSUED: Final = re.compile(
    r"4\d{15}|(?=\d{16}$)(?:5[1-5]|2(?:20[0-4]|22[1-9]|2[3-9]|[3-6]|7[01]|720)|6(?:0|4[4-9]|5)|35)\d+|3[47]\d{13}"
    r"|3(?:0|[689])\d{12}|62\d{14,17}|(?:50[0-9]|5[6-8]|6304|67)\d{11,17}"
)
"""How the numbers of card schemes begin and how long they are (ISO/IEC 7812): ids and times are so less often."""

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[ .-]?[A-Za-z0-9]){11,30})(?![A-Za-z0-9]))")
_IBAN_DIGITS: Final = re.compile(r"\d\d(?<=[A-Za-z]{2}\d\d)")


def cards(text: str) -> Iterator[Found]:
    """Find payment cards: 14 to 19 digits of a known scheme whose Luhn check digit is right."""
    for found in _CARD.finditer(text) if _MANY_DIGITS.search(text) else ():
        digits = re.sub(r"\D", "", found[1])
        start, end = found.span(1)
        if _ISSUED.fullmatch(digits) and _luhn(digits) and not in_uuid(text, start, end):
            yield Found(start, end, "CARD", digits)


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0  # noqa: PLR2004


def ibans(text: str) -> Iterator[Found]:
    """Find bank accounts whose country, length and check digits are right, with or without blanks."""
    from stdnum import iban  # noqa: PLC0415  its tables are read when it is imported

    for found in filter(None, (_IBAN.match(text, digits.start() - 2) for digits in _IBAN_DIGITS.finditer(text))):
        written = _account(found[1][:2].upper()).match(found[1])
        if written and iban.is_valid(written[0]):
            yield Found(found.start(), found.start() + written.end(), "IBAN", iban.compact(written[0]).upper())


@cache
def _account(country: str) -> re.Pattern[str]:
    """Return the pattern of so many letters and digits as the accounts of a country have; of others, one of nothing."""
    from stdnum import numdb  # noqa: PLC0415  its tables are read when they are asked for

    parts = re.findall(r"(\d+)!", numdb.get("iban").info(country)[0][1].get("bban", ""))
    return re.compile(rf"(?:[ .-]?[A-Za-z0-9]){{{4 + sum(map(int, parts))}}}" if parts else r"(?!)")


def in_uuid(text: str, start: int, end: int) -> bool:
    """Whether a run of digits is part of a UUID."""
    near = _UUID.finditer(text, max(0, start - 36), end + 36)
    return any(found.start() < end and start < found.end() for found in near)


def names_a_thing(text: str, start: int) -> bool:
    """Whether the words before `start` say that what begins there is the number of an order or another thing."""
    return (
        not text.startswith(("+", "00"), start) and _NAMES_A_THING.search(text, max(0, start - 40), start) is not None
    )
