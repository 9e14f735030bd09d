"""Finders for numbers that reach or pay a person: phone, card, IBAN. Each is checked by its own rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.redaction.found import Finder, Found

_RUN: Final = re.compile(r"(?<![A-Za-z0-9_.])\(?\+?\(?\d[\d ().\-/]{5,24}\d(?![A-Za-z0-9_])")
_DATE: Final = re.compile(r"(?:19|20)\d\d[-/.][01]?\d[-/.][0-3]?\d(?!\d)|[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d\d(?!\d)")
_REACHES: Final = re.compile(
    r"(?:phone|tel|call|mobil|cell|fax|whatsapp|sms|handy|rufnummer|m[óo]vil|portable|msisdn|reach me)[^\d\n]{0,24}$",
    re.IGNORECASE,
)
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_FEWEST_DIGITS: Final = 7
_TRUNK_DIGITS: Final = range(10, 13)

_CARD: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?=(\d{4}(?:[ .-]\d{4}){3}(?:[ .-]\d{1,3})?|\d{4}[ .-]\d{6}[ .-]\d{4,5}|\d{13,19})"
    r"(?![A-Za-z0-9_]))"
)
_ISSUED: Final = re.compile(r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[0-9]|6")
"""How the numbers of card schemes begin (ISO/IEC 7812): ids and times begin so less often."""

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_SHORTEST_IBAN: Final = 15


def phones(regions: Sequence[str]) -> Finder:
    """Find valid phone numbers: international ones, and those written as in `regions`.

    Digits without any sign between them are taken for one only after a word such as `phone`, or with the zero of a
    mobile number.
    """

    def find(text: str) -> Iterator[Found]:
        for run in _RUN.finditer(text):
            if _may_reach(text, run):
                yield from _phones(text, run, regions)

    return find


def _may_reach(text: str, run: re.Match[str]) -> bool:
    digits = sum(sign.isdigit() for sign in run[0])
    if digits < _FEWEST_DIGITS or _DATE.match(run[0]) or in_uuid(text, run.start(), run.end()):
        return False
    if "+" in run[0] or not run[0].isdigit():
        return True
    trunk = run[0].startswith("00") or (run[0].startswith("0") and digits in _TRUNK_DIGITS)
    return trunk or bool(_REACHES.search(text, max(0, run.start() - 40), run.start()))


def _phones(text: str, run: re.Match[str], regions: Sequence[str]) -> Iterator[Found]:
    import phonenumbers as reader  # noqa: PLC0415  half a second, and only where a number is met

    window = text[run.start() : run.end() + 8]  # times are told from numbers by what follows them
    taken = regions[:1] if run[0].startswith("+") else regions
    for region in taken or (None,):
        matches = [each for each in reader.PhoneNumberMatcher(window, region) if each.start < len(run[0])]
        for each in matches:
            value = reader.format_number(each.number, reader.PhoneNumberFormat.E164)
            yield Found(run.start() + each.start, run.start() + each.end, "PHONE", value)
        if matches:
            return


def cards(text: str) -> Iterator[Found]:
    """Find payment cards: 13 to 19 digits of a known scheme whose Luhn check digit is right."""
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found[1])
        if _ISSUED.match(digits) and _luhn(digits) and not in_uuid(text, found.start(1), found.end(1)):
            yield Found(found.start(1), found.end(1), "CARD", digits)


def _luhn(digits: str) -> bool:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return len(set(digits)) > 1 and sum(each - 9 if each > 9 else each for each in doubled) % 10 == 0  # noqa: PLR2004


def ibans(text: str) -> Iterator[Found]:
    """Find bank accounts whose country, length and check digits are right, with or without blanks."""
    from stdnum import iban  # noqa: PLC0415  its tables are read when it is imported

    for found in _IBAN.finditer(text):
        written = found[0]
        while len(written) >= _SHORTEST_IBAN:
            if iban.is_valid(written):
                yield Found(found.start(), found.start() + len(written), "IBAN", iban.compact(written).upper())
                break
            written = re.sub(r"[ -]?[A-Za-z0-9]$", "", written)


def in_uuid(text: str, start: int, end: int) -> bool:
    """Whether a run of digits is part of a UUID."""
    near = _UUID.finditer(text, max(0, start - 36), end + 36)
    return any(found.start() < end and start < found.end() for found in near)
