"""Finders for what opens doors: API keys, passwords, and URLs that carry either. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from connector.redaction.found import Found

_KNOWN: Final = {
    mark: re.compile(rf"(?<![A-Za-z0-9]){form}")
    for mark, form in {
        # OpenAI, Anthropic, OpenRouter, Langfuse and those that write theirs alike
        "sk-": r"sk-(?:(?:proj|svcacct|admin|ant|or|lf)-[A-Za-z0-9_-]{12,}|(?=[A-Za-z0-9_-]{16})"
        r"(?:[A-Za-z0-9_]{1,19}-){0,6}(?=[A-Za-z_]{0,40}\d)[A-Za-z0-9_]{8,}[A-Za-z0-9_-]*)",
        "k_live_": r"[srp]k_live_[A-Za-z0-9]{10,}",
        "k_test_": r"[srp]k_test_[A-Za-z0-9]{10,}",
        "whsec_": r"whsec_[A-Za-z0-9]{16,}",
        "AKIA": r"AKIA[0-9A-Z]{16}",
        "ASIA": r"ASIA[0-9A-Z]{16}",
        **{f"gh{kind}_": rf"gh{kind}_[A-Za-z0-9]{{30,}}" for kind in "opsur"},
        "github_pat_": r"github_pat_[A-Za-z0-9_]{22,}",
        "glpat-": r"glpat-[A-Za-z0-9_-]{20,}",
        "xox": r"xox[a-z]-[A-Za-z0-9-]{10,}",
        "xapp-": r"xapp-[A-Za-z0-9-]{10,}",
        "AIza": r"AIza[A-Za-z0-9_-]{30,}",
        "ya29.": r"ya29\.[A-Za-z0-9_-]{20,}",
        "hf_": r"hf_[A-Za-z0-9]{30,}",
        "npm_": r"npm_[A-Za-z0-9]{36}",
        "pypi-": r"pypi-[A-Za-z0-9_-]{40,}",
        "xai-": r"xai-[A-Za-z0-9]{30,}",
        "pplx-": r"pplx-[A-Za-z0-9]{30,}",
        "r8_": r"r8_[A-Za-z0-9]{30,}",
        "gsk_": r"gsk_[A-Za-z0-9]{40,}",
        "SG.": r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
        "tvly-": r"tvly-(?:[a-z]{2,8}-)?[A-Za-z0-9]{20,}",
        "nvapi-": r"nvapi-[A-Za-z0-9_-]{40,}",
        "lsv2_": r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}",
        "lin_api_": r"lin_api_[A-Za-z0-9]{30,}",
        "ntn_": r"ntn_[A-Za-z0-9]{40,}",
        "glsa_": r"glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}",
        "dapi": r"dapi[0-9a-f]{32}(?:-\d)?",
        "dckr_pat_": r"dckr_pat_[A-Za-z0-9_-]{20,}",
        "dop_v1_": r"dop_v1_[0-9a-f]{32,}",
        "shpat_": r"shpat_[0-9a-fA-F]{32}",
        "shpss_": r"shpss_[0-9a-fA-F]{32}",
        ":AA": r"(?:bot)?\d{8,10}:AA[A-Za-z0-9_-]{32,33}(?![A-Za-z0-9_-])",  # bots of Telegram
        "hooks.slack.com": r"hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9_/-]{20,}",
        "/api/webhooks/": r"discord(?:app)?\.com/api/webhooks/\d{15,}/[A-Za-z0-9_-]{30,}",
        "eyJ": r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    }.items()
}
"""The form of each vendor's keys, by the letters without which a text holds none."""
_PEM: Final = re.compile(
    r"-----BEGIN (?P<of>[A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?)-----"
    r"(?:(?!-----)[\s\S]){0,20000}(?:-----END (?P=of)-----)?"
)
_CARRIED: Final = re.compile(r"\b(?:bearer|basic|token)\s+(?P<value>[A-Za-z0-9._~+/-]{16,512}={0,2})", re.IGNORECASE)
_GIVEN: Final = re.compile(
    r"(?<![A-Za-z0-9_?&;#-])(?:[A-Za-z0-9]{1,24}[_-]){0,5}(?-i:[A-Za-z0-9]{0,24}[a-z0-9](?=[A-Z]))?"
    r"(?:api[_-]?key|apikey|secret(?:[_-]?(?:access[_-]?)?key)?|access[_-]?key|account[_-]?key|private[_-]?key|token|passw(?:or)?d|passphrase"
    r"|passwort|kennwort|pwd|auth[_-]?key|contrase(?:ñ|n)a|mot de passe)"
    r"[\"']?(?:\s{0,3}[:=]\s{0,3}|\s{1,3}(?:is|ist|lautet|es|est)\s{1,3}:?\s?)[\"'`]?(?P<value>[^\s\"'`,;<>{}\[\]()]{6,256})",
    re.IGNORECASE,
)
_WORDS: Final = ("key", "secret", "token", "passw", "passphrase", "pwd", "kennwort", "contrase", "mot de passe")
_MERE_WORD: Final = re.compile(
    r"[a-z]+|[A-Z]?[a-z]+(?:[_.-][a-z]+)*|[A-Z_]+|\d{1,7}|\d{4}-\d\d-\d\d|true|false|null|none", re.IGNORECASE
)
_EXAMPLE: Final = re.compile(
    r"(?:your|example)[_-][a-z_-]+|(?:process\.env|import\.meta\.env|os\.environ|os\.getenv)\b.*", re.IGNORECASE
)
"""What stands for a key in an example, or says where it is kept."""
_JOINED: Final = re.compile(r"[A-Za-z]{1,16}(?:[_./-](?:[A-Za-z]{1,16}|\d{1,4}))+")
_LONG: Final = 24
"""Characters from which even a value of letters only is no word."""

_USER: Final = re.compile(r"(?<=://)(?P<value>[^\s/@:\"'<>]{0,128}:[^\s/@\"'<>]{1,256})@")
_ASKED: Final = re.compile(
    r"[?&;#](?:[a-z0-9_-]{1,24}[_-])?(?:(?:token|apikey|api[_-]key|accountkey|sharedaccesskey|sig|signature|secret|password|passwd|pwd|credential|jwt)="
    r"|(?:key|auth|code|sid|session|policy)=(?=[^\s&#\"'<>\\]{8}))(?P<value>[^\s&#\"'<>\\]{4,4096})",
    re.IGNORECASE,
)


def keys(text: str) -> Iterator[Found]:
    """Find keys by their form (a vendor's prefix, JWT, PEM), and whatever is said to be a key or a password."""
    for mark, form in _KNOWN.items():
        yield from (_whole(found, "KEY") for found in (form.finditer(text) if mark in text else ()))
    if "PRIVATE KEY" in text:
        yield from (_whole(found, "KEY") for found in _PEM.finditer(text))
    low = text.lower()
    if "bearer" in low or "basic" in low or "token" in low:
        yield from (_value(found, "KEY") for found in _CARRIED.finditer(text) if not _words(found["value"]))
    if any(word in low for word in _WORDS):
        yield from (_value(found, "KEY") for found in _GIVEN.finditer(text) if not _mere_word(found["value"]))


def url_credentials(text: str) -> Iterator[Found]:
    """Find `user:password@` in URLs, and the values of query parameters that sign or open them."""
    if "://" in text:
        yield from (_value(found, "CREDENTIAL") for found in _USER.finditer(text))
    if "=" in text:
        yield from (_value(found, "CREDENTIAL") for found in _ASKED.finditer(text) if not _mere_word(found["value"]))


def _mere_word(value: str) -> bool:
    """Whether a value is rather a word, a type, a date or a small number than a secret."""
    plain = value.rstrip(".!?:")
    return bool(_EXAMPLE.fullmatch(plain) or (len(value) < _LONG and _MERE_WORD.fullmatch(plain)))


def _words(value: str) -> bool:
    """Whether what follows `token` or `basic` in running text goes on with words."""
    return _mere_word(value) or _JOINED.fullmatch(value) is not None


def _whole(found: re.Match[str], label: str) -> Found:
    return Found(found.start(), found.end(), label, found[0])


def _value(found: re.Match[str], label: str) -> Found:
    value = found["value"].rstrip(".!?") or found["value"]
    return Found(found.start("value"), found.start("value") + len(value), label, value)
