"""Which language a person writes, told from text alone: offline, always the same, and silent where it is unsure.

The model is that of py3langid (naive Bayes over byte n-grams, 139 languages and a class for what is none; Lui and
Baldwin, ACL 2012). It lies in the package, and is loaded when it is first needed: that takes a second and 60 MB.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Final

CONFIDENCE: Final = 0.5
"""The least probability of the likeliest language: above it, all others together are less likely."""
LETTER_BYTES: Final = 12
"""The least text, as bytes of its letters in UTF-8: a Chinese character says as much as three Latin letters."""

_READ_CHARS: Final = 20_000
_JUDGED_CHARS: Final = 2_000
_NO_LANGUAGE: Final = "zxx"
_CODE_SIGNS: Final = re.compile(r"[{}\[\]<>=;\\|$&+~^]|\w\(|\)[:;.]|\":|\w_\w|//")
"""Prose has at most one of these per paragraph and two more in a hundred characters; code and JSON have more."""
_NOT_PROSE: Final = re.compile(
    r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`|<[^<>\n]{1,200}>|\b\w{1,20}://\S+|[^\s@]{1,64}@\S+", re.DOTALL
)
_PARAGRAPHS: Final = re.compile(r"\n\s*\n")


def prose(text: str) -> str:
    """Return what of `text` a person seems to have written: no code, JSON, markup, addresses; at most 2,000 characters.

    Of a very long text, only the beginning is looked at.
    """
    bare = _NOT_PROSE.sub("\n\n", text[:_READ_CHARS])
    return "\n".join(filter(_reads_like_prose, _PARAGRAPHS.split(bare)))[:_JUDGED_CHARS]


def enough(words: str) -> bool:
    """Whether so much prose can tell a language."""
    return len("".join(filter(str.isalpha, words)).encode("utf-8", "replace")) >= LETTER_BYTES


def language(words: str) -> str | None:
    """Return the ISO 639 code of the language that `words` are written in; `None` where it is not clear."""
    code, confidence = _classifier()(words)
    return code if confidence >= CONFIDENCE and code != _NO_LANGUAGE else None


def _reads_like_prose(paragraph: str) -> bool:
    return len(_CODE_SIGNS.findall(paragraph)) <= 1 + len(paragraph) / 50


@cache
def _classifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]  # noqa: PLC0415

    classify: Callable[[str], tuple[str, float]]
    classify = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify
    return classify
