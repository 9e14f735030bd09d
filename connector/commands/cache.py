"""`understudy cache`: what was bought, and how to be rid of it. Calls nobody, beside whoever works."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from connector.cache import answers, file
from connector.cache.options import MEGABYTE, CacheTable
from connector.commands._common import DEFAULT_CONFIG, NOT_AGREED, ConfigPath, agreed, chatter, load, results, table
from rollouts.errors import Fatal

_DAY_S = 86_400
_COLUMNS = ("model", "answers", "size", "oldest", "last used", "hits", "saved")


def register(verb: typer.Typer) -> None:
    """Add the verbs."""
    verb.callback(help="Bought answers: show them, drop what is too old or too much, or all.")(_nothing)

    @verb.command(help="Show what was bought of each model, and what it saved.")
    def ls(config: ConfigPath = DEFAULT_CONFIG) -> None:
        path, _ = _cache(config)
        found = _shelves(path)
        results().print(table(f"{path.name}: {_size(path)} on disk", _COLUMNS, [_row(shelf) for shelf in found]))

    @verb.command(help="Drop what is older than the `ttl`, and what is beyond the `max_size`.")
    def prune(config: ConfigPath = DEFAULT_CONFIG) -> None:
        path, options = _cache(config)
        dropped = file.prune(path, options, datetime.now(UTC))
        results().print(f"{dropped} answer(s) dropped, {_size(path)} left on disk")

    @verb.command(help="Drop everything, also a file that is damaged.")
    def clear(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Without asking; needed off a terminal.")] = False,
    ) -> None:
        path, _ = _cache(config)
        if not path.exists():
            results().print("there is no cache")
            return
        if not yes and not agreed(chatter(), f"Drop {_size(path)} of bought answers in {path}?"):
            raise typer.Exit(NOT_AGREED)
        _clear(path)
        results().print("everything dropped")


def _nothing() -> None:
    """Each verb says what it does."""


def _cache(config: Path) -> tuple[Path, CacheTable]:
    options = load(config).cache
    return config.parent / options.path, options


def _shelves(path: Path) -> list[answers.Shelf]:
    if not path.exists():
        return []
    with file.opened(path) as db:
        return answers.shelves(db)


def _clear(path: Path) -> None:
    """Whoever has the file open goes on with it: it is emptied, and made anew only where that cannot be done."""
    try:
        with file.opened(path) as db:
            answers.clear(db)
            file.shrink(db)
    except Fatal as error:
        chatter().print(f"{error}; the file is removed")
        file.remove(path)


def _row(shelf: answers.Shelf) -> tuple[str, ...]:
    now = datetime.now(UTC).timestamp()
    ages = [f"{(now - moment) / _DAY_S:.1f} d ago" for moment in (shelf.oldest_at, shelf.used_at)]
    saved = "unknown" if shelf.saved_usd is None else f"${shelf.saved_usd:.4f}"
    return shelf.model or "unnamed", str(shelf.answers), _megabytes(shelf.size), *ages, str(shelf.hits), saved


def _size(path: Path) -> str:
    return _megabytes(sum(part.stat().st_size for part in path.parent.glob(f"{path.name}*")))


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.2f} MB"
