"""The placeholders of one conversation: equal values share one, whatever their spelling."""

from __future__ import annotations

import hmac
import re
from collections import Counter
from collections.abc import Mapping, Sequence

PLACEHOLDER = re.compile(r"<(?P<label>[A-Z][A-Z_]{0,30})_(?P<number>\d{1,6})>")


def id_digest(key: bytes, identity: str) -> str:
    """Return what is kept of a user's or a session's id that says too much."""
    return f"id-{keyed(key, identity)}"


def keyed(key: bytes, value: str) -> str:
    """Return a digest of `value` that nobody can guess without the key, in 32 hex digits."""
    return hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]


class Placeholders:
    """Numbers values in the order in which they are first found, beginning behind those that are known."""

    def __init__(
        self, key: bytes, known: Mapping[str, str] | None = None, originals: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """`originals` says how known values are written, so that they are seen where no finder would see them."""
        self._key = key
        self.masks: dict[str, str] = dict(known or {})
        """Placeholders by the keyed digests of what they stand for."""
        self.spellings: dict[str, tuple[str, str]] = {}
        """What was found, as it was written, with its label and value."""
        self._highest: Counter[str] = Counter()
        for placeholder in self.masks.values():
            self.pass_over(placeholder)
        self._ours = frozenset(self.masks.values())
        self.originals: dict[str, dict[str, None]] = {}
        """What was meant, in every spelling, by the same digests; the first spelling first."""
        self._known = {written: digest for digest, each in (originals or {}).items() for written in each}
        for written, digest in self._known.items():
            if found := PLACEHOLDER.fullmatch(self.masks.get(digest, "")):
                self.spellings[written] = found["label"], digest

    def of(self, label: str, value: str, written: str, meant: str = "") -> str:
        """Return the placeholder of a value that stands there as `written`, and means `meant` where that is kept."""
        digest = self._known.get(written) or keyed(self._key, value)
        if meant:
            self.originals.setdefault(digest, {})[meant] = None
        if digest not in self.masks:
            self._highest[label] += 1
            self.masks[digest] = f"<{label}_{self._highest[label]}>"
        if not PLACEHOLDER.fullmatch(written):
            self.spellings[written] = (label, value)
        return self.masks[digest]

    def is_ours(self, placeholder: str) -> bool:
        """Whether it stands for something that was masked before."""
        return placeholder in self._ours

    def pass_over(self, placeholder: str) -> None:
        """Never give a number away that is already seen in a text."""
        if found := PLACEHOLDER.fullmatch(placeholder):
            label = found["label"]
            self._highest[label] = max(self._highest[label], int(found["number"]))
