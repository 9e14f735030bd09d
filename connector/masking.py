"""From `[redaction]` to the one who masks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from connector.config import Config, ModelTable
from connector.config_file import every_judge
from connector.ports import Store
from connector.redaction.recogniser import recogniser
from connector.redaction.redactor import Redactor
from connector.store.file import scrub


async def open_redaction(config: Config, store: Store, state: Path, *, alone: bool) -> Redactor | None:
    """Return who masks, with the key of this store; `None` where a person has switched that off.

    What masks stand for is kept as long as a model is local. Raises `Fatal` for a recogniser that is not there.
    """
    table, keeps = config.redaction, bool(trusted(config))
    if alone and not keeps and await store.drop_originals():
        await asyncio.to_thread(scrub, state)
    if not table.enabled:
        return None
    named = recogniser(table.ner.kind, table.ner.options) if table.ner else None
    return Redactor(table, await store.masking_key(), named, keeps_originals=keeps)


def models(config: Config) -> Iterator[tuple[str, ModelTable]]:
    """Yield the table of every model that answers or judges, by where it stands."""
    yield from ((f"challengers.{name}", table) for name, table in config.challengers.items())
    yield from ((f"{'.'.join(at)}.model", table.model) for at, table in every_judge(config).items())


def trusted(config: Config) -> list[str]:
    """Return the models that see what masks stand for, because somebody said that they are local."""
    return [name for name, table in models(config) if table.local] if config.redaction.enabled else []


def exposed(config: Config) -> list[str]:
    """Return the models that see unmasked text though nobody said that they are local."""
    return [] if config.redaction.enabled else [name for name, table in models(config) if not table.local]
