"""What is logged, where, and in which form. Only the program configures this; everything else just logs."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO, cast

import orjson
import structlog

_NOISY = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "anthropic", "apscheduler", "aiohttp")

_OWN = frozenset({"timestamp", "level", "event", "logger"})
"""What the program itself says of a line."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")


def configure_logs(level: str, form: str) -> None:
    """Log from `level` on to stderr: `pretty`, `json`, or by whether a person is looking (`auto`)."""
    as_json = form == "json" or (form == "auto" and not sys.stderr.isatty())
    renderer = _json if as_json else _pretty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if as_json else structlog.processors.StackInfoRenderer(),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
        cache_logger_on_first_use=False,
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Stderr:
    """Standard error, as long as somebody listens: a log that nobody hears must not stop what it tells about."""

    def write(self, text: str) -> None:
        with suppress(OSError, ValueError, AttributeError):  # closed since, or never there
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):  # closed since, or never there
            sys.stderr.flush()


def censor_logs(mask: Callable[[str], str]) -> None:
    """Let `mask` see every text of every line from here on: errors may repeat what production logged."""

    def censored(value: Any) -> Any:
        match value:
            case None | bool() | int() | float():
                return value
            case str():
                return value if _TIME.fullmatch(value) else mask(value)
            case dict():
                return {str(key): censored(each) for key, each in value.items()}
            case list() | tuple() | set() | frozenset():
                return [censored(each) for each in value]
        return mask(str(value))

    def censor(_: Any, __: str, event: Any) -> Any:
        return {key: value if key in _OWN else censored(value) for key, value in event.items()}

    *others, renderer = structlog.get_config()["processors"]
    kept = [each for each in others if getattr(each, "__name__", "") != censor.__name__]
    structlog.configure(processors=[*kept, structlog.processors.format_exc_info, censor, renderer])


def _json(_: Any, __: str, event: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _pretty() -> Any:
    # The default shows the local variables of every frame: conversations, and keys.
    return structlog.dev.ConsoleRenderer(colors=_colours(), exception_formatter=structlog.dev.plain_traceback)


def _colours() -> bool:
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ
