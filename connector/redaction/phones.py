"""Finder for phone numbers, checked by phonenumbers. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from connector.redaction.found import Finder, Found
from connector.redaction.numbers import in_uuid, names_a_thing

_BLOCKS: Final = re.compile(r"[+(]{0,2}\d++(?:[ ().\-/]{1,3}\d++){0,6}")
_AMERICAN: Final = re.compile(r"(?:1[ .-])?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}(?!\d)")
_START: Final = re.compile(rf"(?<![A-Za-z0-9_])(?:(?=\(?\+\(?\d)|(?<!\d[.,])(?=\(?0[\d )(]|{_AMERICAN.pattern}))")
"""Where a number may begin: a plus, a zero, or three digits of ten as North America writes them."""
_SIGN: Final = re.compile(r"[+(\d](?<![A-Za-z0-9_][+(\d])")
"""The first sign of any number. Searched first: one set of characters is found ten times as fast as a choice."""
_RUN: Final = re.compile(r"\d[\d/.:,-]*\d")
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
_SAYS_SO: Final = 64
"""Characters before a number in which such words stand."""
_DIGITS: Final = range(7, 16)  # E.164 ends at fifteen
_TRUNK_DIGITS: Final = range(10, 13)


def phones(regions: Sequence[str]) -> Finder:
    """Find valid phone numbers: international ones, and those written as in `regions`.

    Digits without any sign between them are taken for one only after a word such as `phone`, or with the zero that
    comes before a number within a country.
    """

    def find(text: str) -> Iterator[Found]:
        text = _RUN.sub(_without_times, text)
        signs = [sign.start() for sign in _SIGN.finditer(text)]
        starts = {start: False for start in signs if _START.match(text, start)}
        starts |= dict.fromkeys(_said_to_reach(text, signs), True)
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


def _without_times(run: re.Match[str]) -> str:
    return _WHEN.sub(lambda found: "x" * len(found[0]), run[0])


def _said_to_reach(text: str, signs: Sequence[int]) -> Iterator[int]:
    """Yield those of `signs` before which words say that a number follows."""
    for before, sign in pairwise((0, *signs)):
        yield from (found.end() for found in _REACHES.finditer(text, max(before, sign - _SAYS_SO), sign + 1))


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
