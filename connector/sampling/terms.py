"""Clusters are named by the words that tell them from the others, in any language. Pure.

The score of a word is the share of a cluster's texts that hold it, times the logarithm of that share over its mean in
all clusters: c-TF-IDF (Grootendorst 2022, "BERTopic", arXiv 2203.05794) with shares in place of counts, so that large
clusters do not outweigh small ones, and that what is said everywhere comes to nothing without a list of stop words.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

WORDS: Final = 3
"""In a name."""
SPEAKERS: Final = 3
"""Conversations that must use a word before it can stand in a name: what one person says names nothing."""
NAMELESS: Final = "cluster"
"""What a cluster is called whose texts share no words."""

_MASKS: Final = re.compile(r"<[A-Z][A-Z_]*_\d+>")
_WORD: Final = re.compile(r"(?=[^\W\d_]{2})[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]{2,}")
"""Japanese, Chinese, Thai: without spaces between words, pairs of characters stand for them."""


def names(clusters: Sequence[Mapping[str, Sequence[str]]], taken: Sequence[str] = ()) -> list[str]:
    """Name each cluster, given as its texts by conversation; no two alike, and none of them as in `taken`."""
    shares = [_shares(cluster) for cluster in clusters]
    total = Counter[str]()
    for share in shares:
        total.update(share)
    found, used = list[str](), set(taken)
    for share in shares:
        name = _unused(_ranked(share, total, len(clusters)), used)
        used.add(name)
        found.append(name)
    return found


def _shares(cluster: Mapping[str, Sequence[str]]) -> Counter[str]:
    said = Counter(word for texts in cluster.values() for word in {word for text in texts for word in _words(text)})
    return Counter({word: count / len(cluster) for word, count in said.items() if count >= SPEAKERS})


def _ranked(share: Mapping[str, float], total: Mapping[str, float], clusters: int) -> list[str]:
    score = {word: own * math.log(own * clusters / total[word]) for word, own in share.items()}
    return sorted(score, key=lambda word: (-score[word], word))


def _unused(ranked: Sequence[str], used: set[str]) -> str:
    for count in range(WORDS, len(ranked) + 1):
        if (name := " ".join([*ranked[: WORDS - 1], ranked[count - 1]])) not in used:
            return name
    plain = " ".join(ranked[:WORDS]) or NAMELESS
    return next(name for number in range(1, len(used) + 2) if (name := _numbered(plain, number)) not in used)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name} {number}"


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(_MASKS.sub(" ", text).casefold()):
        if _UNSPACED.search(word):
            yield from (word[at : at + 2] for at in range(len(word) - 1))
        else:
            yield word
