"""What is logged, where, and in which form. Only the program configures this; everything else just logs."""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

import orjson
import structlog

_NOISY = ("httpx", "httpx2", "httpcore", "httpcore2", "openai", "anthropic", "apscheduler", "aiohttp")


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _json(_: Any, __: str, event: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _pretty() -> Any:
    # The default shows the local variables of every frame: conversations, and keys.
    return structlog.dev.ConsoleRenderer(colors=_colours(), exception_formatter=structlog.dev.plain_traceback)


def _colours() -> bool:
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ
