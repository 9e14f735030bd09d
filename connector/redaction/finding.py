"""All finders together, over one text: what was found once is remembered, for histories repeat themselves."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator

from connector.redaction.addresses import emails, machines
from connector.redaction.encoded import blobs, in_base64, refuse_files
from connector.redaction.found import Finder, Found, Unmaskable, merged
from connector.redaction.identities import national_ids
from connector.redaction.keys import keys, url_credentials
from connector.redaction.numbers import cards, ibans
from connector.redaction.options import Masking
from connector.redaction.phones import phones
from connector.redaction.reading import read
from connector.redaction.recogniser import Recogniser
from connector.redaction.words import names, patterns

_REMEMBERED = 65_536
"""Texts whose spans are remembered, by their digests; the texts themselves are not."""


class Finding:
    """Finds everything that the options ask for in one text, left to right and without overlaps."""

    def __init__(self, options: Masking, recogniser: Recogniser | None = None) -> None:
        self._most, self._strict = options.most_characters, options.fail_closed
        self._allowed = frozenset(value.casefold() for value in options.allow)
        self._finders = _finders(options)
        self._recogniser = recogniser
        self._remembered: OrderedDict[bytes, tuple[Found, ...]] = OrderedDict()

    def __call__(self, text: str) -> tuple[Found, ...]:
        """Return the spans to mask. Raises `Unmaskable` for what cannot be searched."""
        name = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if (known := self._remembered.get(name)) is not None:
            self._remembered.move_to_end(name)
            return known
        found = self._searched(text)
        self._remembered[name] = found
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return found

    def _searched(self, text: str) -> tuple[Found, ...]:
        if len(text) > self._most:
            raise Unmaskable("a text that is too long")
        encoded = blobs(text)
        refuse_files(text, encoded)
        plain = self._plain(text)
        return merged((*plain, *in_base64(encoded, self._plain), *self._recognised(text)))

    def _plain(self, text: str) -> tuple[Found, ...]:
        reading = read(text)
        found = (each for finder in self._finders for each in finder(reading.text))
        return merged(
            each._replace(start=start, end=end)
            for each in found
            if each.value.casefold() not in self._allowed
            for start, end in [reading.original(each.start, each.end)]
        )

    def _recognised(self, text: str) -> Iterator[Found]:
        if self._recogniser is None:
            return
        try:
            entities = self._recogniser.entities(text)
        except Exception:  # noqa: BLE001  whatever a plug-in raises means one thing: nobody has searched this text
            if self._strict:
                raise Unmaskable("a text that the recogniser failed on") from None
            return
        for each in entities:
            value = " ".join(text[each.start : each.end].split())
            if value.casefold() not in self._allowed:
                yield Found(each.start, each.end, each.label.upper(), value.casefold())


def _finders(options: Masking) -> tuple[Finder, ...]:
    by_kind: dict[str, tuple[Finder, ...]] = {
        "email": (emails,),
        "phone": (phones(options.regions),),
        "card": (cards,),
        "iban": (ibans,),
        "ip": (machines,),
        "url": (url_credentials,),
        "key": (keys,),
        "id": (national_ids(options.ids),) if options.ids else (),
    }
    chosen = [finder for kind in options.kinds for finder in by_kind[kind]]
    own = [names(options.names)] if any(map(str.strip, options.names)) else []
    return (*chosen, *own, *([patterns(options.patterns)] if options.patterns else []))
