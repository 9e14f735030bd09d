"""Read the label that a judge ended with.

The grammar is tolerant in spelling and closed in meaning: spaces, lower case, Markdown, full-width signs,
lookalike letters and turned-round labels (`B<A`) are read; anything else is reported as a problem and never guessed.
"""

from __future__ import annotations

import re
from typing import Final, Literal

from judges.types import Label
from rollouts.types import Record

BLANK: Final = r"[\s*_`\\\u00ad\u200b-\u200f\u2060\ufeff]{0,8}"
"""What may stand between the signs of a label. Bounded, so that no padding makes reading slow."""

_SIGNS = {
    # With full-width forms, and the Cyrillic and Greek lookalikes of judges that reason in those languages.
    "A": ("A", "a", "\uff21", "\uff41", "\u0410", "\u0430", "\u0391"),
    "B": ("B", "b", "\uff22", "\uff42", "\u0412", "\u0432", "\u0392"),
    ">": (">", "\uff1e", "\ufe65", "&gt;"),
    "<": ("<", "\uff1c", "\ufe64", "&lt;"),
    "=": ("=", "\uff1d", "\ufe66"),
    ">>": ("\u226b", "\u300b", r"\gg"),
    "<<": ("\u226a", "\u300a", r"\ll"),
}
_PLAIN = {written: sign for sign, ways in _SIGNS.items() for written in ways}
_SIGN = f"(?:{'|'.join(map(re.escape, _PLAIN))})"
OPENING: Final = "[\uff3b\u3010\u3014\u27e6"
CLOSING: Final = "]\uff3d\u3011\u3015\u27e7"
DOUBLE: Final = "\u27e6\u27e7"
"""Brackets that stand for two."""
_OPEN, _CLOSE = (f"[{re.escape(brackets)}]" for brackets in (OPENING, CLOSING))
LABEL_LIKE: Final = re.compile(
    # The look-ahead adds nothing but speed: it says where a label can begin at all.
    rf"(?=[\\{re.escape(OPENING)}])(?P<opened>(?:\\?{_OPEN}){{2}}|\\f?boxed\s?\{{(?:\\\w{{4,6}}\{{)?|{_OPEN}){BLANK}"
    rf"(?P<signs>{_SIGN}(?:{BLANK}{_SIGN}){{0,7}}){BLANK}"
    rf"(?P<closed>(?:\\?{_CLOSE}){{2}}|\}}{{1,2}}|{_CLOSE})"
)
"""Everything that a reader could take for a label, whether it is one of the five or not."""

_SPELLINGS = {label.value: label for label in Label} | {
    "A<<B": Label.B_MUCH_BETTER,
    "A<B": Label.B_BETTER,
    "B=A": Label.TIE,
    "B<A": Label.A_BETTER,
    "B<<A": Label.A_MUCH_BETTER,
}
_THOUGHT = re.compile(r"<(?P<end>/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)


class Problem(Record):
    """Why no label could be read."""

    what: str


def read_label(text: str) -> Label | Problem:
    r"""Return the last valid label that was said aloud, or what is wrong.

    `[[A>B]]` and `\boxed{A>B}` count; `[A>B]` only where neither occurs. An unknown label such as `[[A]]` never
    overrides a valid one, and alone it is a problem, because it may mean "A wins" as well as "A loses less".
    """
    labels: dict[Literal["strong", "weak"], Label] = {}
    unknown: str | None = None
    for found in LABEL_LIKE.finditer(spoken(text)):
        strength, label = _strength(found), _SPELLINGS.get(plain(found["signs"]))
        if strength and label:
            labels[strength] = label
        elif strength == "strong":
            unknown = found[0]
    if label := labels.get("strong") or labels.get("weak"):
        return label
    return Problem(what=f"unknown label {unknown}" if unknown else "no label")


def spoken(text: str) -> str:
    """Return `text` without what stands between think tags.

    A stray end tag hides all before it (chat templates swallow the beginning); a leading tag that is never closed hides
    all after it; elsewhere an unclosed tag is a mere mention.
    """
    shown: list[str] = []
    begun, position = None, 0
    for tag in _THOUGHT.finditer(text):
        if tag["end"]:
            if begun is None:
                shown.clear()
            begun, position = None, tag.end()
        elif begun is None:
            shown.append(text[position : tag.start()])
            begun = tag.start()
    if begun is None:
        shown.append(text[position:])
    elif "".join(shown).strip():
        shown[-1] += text[begun:]
    return " … ".join(part for part in shown if part.strip())  # a mark between, so that no two halves make a label


def plain(signs: str) -> str:
    """Return the signs of a label as `A`, `B`, `<`, `>` and `=`, without what stands between them."""
    return "".join(_PLAIN[sign] for sign in re.findall(_SIGN, signs))


def _strength(found: re.Match[str]) -> Literal["strong", "weak"] | None:
    opened, closed = found["opened"].replace("\\", ""), found["closed"].replace("\\", "")
    if ("{" in opened) != ("}" in closed):
        return None
    if "{" in opened:
        return "strong" if opened.count("{") == len(closed) else None
    double = (len(opened) > 1 or opened in DOUBLE) and (len(closed) > 1 or closed in DOUBLE)
    return "strong" if double else "weak"
