"""Finders for numbers that reach or pay a person: phone, card, IBAN. Each is checked by its own rules. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from connector.redaction.found import Finder, Found

_BLOCKS: Final = re.compile(r"[+(]{0,2}\d++(?:[ ().\-/]{1,3}\d++){0,6}")
_AMERICAN: Final = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}(?!\d)")
_START: Final = re.compile(rf"(?<![A-Za-z0-9_])(?:(?=\(?\+\(?\d)|(?<!\d[.,])(?=\(?0[\d )(]|{_AMERICAN.pattern}))")
"""Where a number may begin: a plus, a zero, or three digits of ten as North America writes them."""
_WHEN: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-/.][01]?\d[-/.][0-3]?\d|[0-3]?\d[-/.][01]?\d[-/.](?:19|20)\d\d"
    r"|[0-2]?\d:[0-5]\d(?::[0-6]\d(?:[.,]\d{1,12})?)?)(?!\d)"
)
"""Dates and times of day."""
_DECIMAL: Final = re.compile(r"\d{1,2}\.\d+")
_REACHES: Final = re.compile(
    r"(?:phone|(?<![A-Za-z])(?:tel(?:efon\w*|e?f[óo]no|\.|(?![A-Za-z]))|mobil(?![a-z]*it)|cell(?![a-z])|fax|whatsapp"
    r"|(?<!tool )(?<!function )call(?:ed|ing)?(?![A-Za-z_]| id)|sms(?!_)|handy|rufnummer|m[óo]vil|msisdn|reach me))"
    r"(?:(?!,\s{0,8}[\"'])[^\d\n+(}\]]){0,24}+(?<![A-Za-z0-9_])(?=[+(\d])",
    re.IGNORECASE,
)
"""What says that a number reaches somebody, as far as it speaks of it: not beyond its own place in JSON."""
_NAMES_A_THING: Final = re.compile(
    r"(?<![A-Za-z])(?:order|item|product|sku|part|serial|invoice|ticket|booking|reservation|confirmation|tracking|shipment"
    r"|parcel|reference|flight|transaction|isbn|ean|upc|row|seq(?:uence)?|trace|span)s?"
    r"(?:[ _-]?(?:no|nr|num|number|id|code|ref))?s?[\s.:#\"'=]{0,5}$",
    re.IGNORECASE,
)
"""What says that the number behind it is the number of a thing."""
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_DIGITS: Final = range(7, 16)  # E.164 ends at fifteen
_TRUNK_DIGITS: Final = range(10, 13)

_CARD: Final = re.compile(
    r"(?<![A-Za-z0-9_])(?<!\d\.)(?=(\d{4}(?:[ .-]\d{4}){3}|\d{4}[ .-]\d{6}[ .-]\d{4,5}|\d{14,19})"
    r"(?![A-Za-z0-9_]))"
)
_ISSUED: Final = re.compile(
    r"4\d{15}|(?=\d{16}$)(?:5[1-5]|2(?:20[0-4]|22[1-9]|2[3-9]|[3-6]|7[01]|720)|6(?:0|4[4-9]|5)|35)\d+|3[47]\d{13}"
    r"|3(?:0|[689])\d{12}|62\d{14,17}|(?:50[0-9]|5[6-8]|6304|67)\d{11,17}"
)
"""How the numbers of card schemes begin and how long they are (ISO/IEC 7812): ids and times are so less often."""

_IBAN: Final = re.compile(r"(?<![A-Za-z0-9])(?=([A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30})(?![A-Za-z0-9]))")
_SHORTEST_IBAN: Final = 15


def phones(regions: Sequence[str]) -> Finder:
    """Find valid phone numbers: international ones, and those written as in `regions`.

    Digits without any sign between them are taken for one only after a word such as `phone`, or with the zero that
    comes before a number within a country.
    """

    def find(text: str) -> Iterator[Found]:
        text = _WHEN.sub(_no_digits, text)
        starts = {found.start(): False for found in _START.finditer(text)}
        starts |= {found.end(): True for found in _REACHES.finditer(text)}
        until = 0
        for start in sorted(starts):
            if start < until or (not starts[start] and names_a_thing(text, start)):
                continue
            for end in _ends(text, start):
                if value := _number(text[start:end], regions, said=starts[start]):
                    yield Found(start, end, "PHONE", value)
                    until = end
                    break

    return find


def _no_digits(found: re.Match[str]) -> str:
    return "x" * len(found[0])


def names_a_thing(text: str, start: int) -> bool:
    """Whether the words before `start` say that what begins there is the number of an order or another thing."""
    return (
        not text.startswith(("+", "00"), start) and _NAMES_A_THING.search(text, max(0, start - 40), start) is not None
    )


def _ends(text: str, start: int) -> list[int]:
    """Return where a number that begins at `start` may end, the longest first."""
    blocks = _BLOCKS.match(text, start)
    if blocks is None or in_uuid(text, start, blocks.end()):
        return []
    ends = [start + found.end() for found in re.finditer(r"\d+", blocks[0])]
    whole = not text[blocks.end() : blocks.end() + 1].isalnum()
    return ends[::-1] if whole else ends[-2::-1]


def _number(written: str, regions: Sequence[str], *, said: bool) -> str | None:
    """Return a phone number as E.164 has it, or `None` where it is none."""
    digits = re.sub(r"\D", "", written)
    if "+" in written or digits.startswith("00"):
        number = digits if "+" in written else digits[2:]
        return _valid(f"+{number}", None) if len(number) in _DIGITS else None
    trunk = digits.startswith("0") and (len(digits) in _TRUNK_DIGITS or not written.isdigit())
    american = _AMERICAN.fullmatch(written) is not None
    if len(digits) not in _DIGITS or not (said or trunk or american) or (_DECIMAL.fullmatch(written) and not said):
        return None
    found = (_valid(written, region) for region in regions if said or trunk or region in {"US", "CA"})
    return next(filter(None, found), None)


def _valid(written: str, region: str | None) -> str | None:
    import phonenumbers as reader  # noqa: PLC0415  half a second, and only where a number is met

    try:
        number = reader.parse(written, region)
    except reader.NumberParseException:
        return None
    if not reader.is_valid_number(number):
        return None
    return str(reader.format_number(number, reader.PhoneNumberFormat.E164))


def cards(text: str) -> Iterator[Found]:
    """Find payment cards: 14 to 19 digits of a known scheme whose Luhn check digit is right."""
    for found in _CARD.finditer(text):
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

    for found in _IBAN.finditer(text):
        written = found[1]
        while len(written) >= _SHORTEST_IBAN:
            if iban.is_valid(written):
                yield Found(found.start(), found.start() + len(written), "IBAN", iban.compact(written).upper())
                break
            written = re.sub(r"[ -]?[A-Za-z0-9]$", "", written)


def in_uuid(text: str, start: int, end: int) -> bool:
    """Whether a run of digits is part of a UUID."""
    near = _UUID.finditer(text, max(0, start - 36), end + 36)
    return any(found.start() < end and start < found.end() for found in near)
