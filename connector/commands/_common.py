"""What the verbs share: their options, their two streams, their tables."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from connector.cache.options import Mode
from connector.commands._terminal import Terminal
from connector.config import Config
from connector.config_file import read
from connector.epochs import begins
from connector.telemetry import configure_logs
from rollouts.errors import BudgetExhausted, Fatal, UnderstudyError
from rollouts.windows import Caps

T = TypeVar("T")


def known_epoch(epoch: str | None) -> str | None:
    """Return it as it is. Raises an error of use for what is no epoch's name."""
    try:
        if epoch is not None:
            begins(epoch)
    except Fatal as error:
        raise typer.BadParameter(f"{error}; {error.hint}") from None
    return epoch


def _usd(max_cost: float | None) -> float | None:
    try:
        return Caps(per_run_usd=max_cost).per_run_usd
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from None


ConfigPath = Annotated[Path, typer.Option("--config", "-c", help="The configuration file.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")]
LogFormat = Annotated[str | None, typer.Option("--log-format", help="pretty or json; wins over the configuration.")]
Epoch = Annotated[
    str | None,
    typer.Option(help="One epoch, such as 2026-W47; all where it is left out.", callback=known_epoch),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Spend without asking; needed off a terminal.")]
MaxCost = Annotated[float | None, typer.Option(help="USD that no call may overrun.", callback=_usd)]
CacheMode = Annotated[Mode | None, typer.Option("--cache", help="How bought answers are used; wins over the file.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Buy everything anew, and keep nothing: --cache off.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON.")]

DEFAULT_CONFIG = Path("config.toml")
NOT_AGREED = 3
"""The exit code of a verb that was not allowed to do what cannot be undone."""
_WIDTH = 100  # columns, where there is no terminal
_RARELY = (50_000, 20, 50)
"""When to look for garbage in circles, of which there is little: at Python's own pace that is an eighth of all CPU time
(`tests/benchmarks/route.py`); at this one it takes 8 MB more."""


def load(path: Path, *, quiet: bool = False, log_format: str | None = None) -> Config:
    """Read the configuration and begin to log as it says."""
    config = read(path)
    configure_logs("error" if quiet else config.log.level, log_format or config.log.format)
    return config


def caching(config: Config, mode: Mode | None, *, off: bool) -> Config:
    """Return the configuration with the cache used as the command line says."""
    said = "off" if off else mode
    return (
        config if said is None else config.model_copy(update={"cache": config.cache.model_copy(update={"mode": said})})
    )


def results() -> Console:
    """Return the console for results, on stdout: as wide as the terminal, or 100 columns where there is none."""
    return Terminal(width=None if sys.stdout.isatty() else _WIDTH)


def chatter(*, quiet: bool = False) -> Console:
    """Return the console for everything else, on stderr."""
    return Terminal(stderr=True, width=None if sys.stderr.isatty() else _WIDTH, quiet=quiet)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, words: int = 1) -> Table:
    """Return a plain table: the first `words` columns stand to the left, figures to the right."""
    found = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        found.add_column(column, justify="left" if number < words else "right", overflow="fold")
    for row in rows:
        found.add_row(*row)
    return found


def agreed(console: Console, question: str) -> bool:
    """Ask; off a terminal nobody can be asked, so nobody agrees."""
    if sys.stdin.isatty():
        return typer.confirm(question, err=True)
    console.print("error: off a terminal this needs --yes")
    return False


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a verb's coroutine."""
    gc.set_threshold(*_RARELY)
    return asyncio.run(coroutine)


def exit_code(error: UnderstudyError) -> int:
    """Return what an error that ends a verb means to a script."""
    if isinstance(error, BudgetExhausted):
        return 4
    return 2 if isinstance(error, Fatal) else 1
