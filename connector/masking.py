"""From `[redaction]` to the one who masks."""

from __future__ import annotations

from collections.abc import Iterator

from connector.config import Config, ModelTable
from connector.config_file import judges
from connector.ports import Store
from connector.redaction.recogniser import recogniser
from connector.redaction.redactor import Redactor
from rollouts.errors import Fatal


async def open_redaction(config: Config, store: Store) -> Redactor | None:
    """Return who masks, with the key of this store; `None` where a person has switched that off.

    Raises `Fatal` for a recogniser that is not there, and for a model that is to see what is not kept.
    """
    table = config.redaction
    if not table.enabled:
        return None
    if local := [name for name, model in models(config) if model.local]:
        raise Fatal(
            f"{local[0]}.local: with [redaction] no unmasked text is kept, so that not even a local model can see it",
            hint="leave `local` out; or, where every model is local, set `enabled = false` in [redaction]",
        )
    named = recogniser(table.ner.kind, table.ner.options) if table.ner else None
    return Redactor(table, await store.masking_key(), named)


def models(config: Config) -> Iterator[tuple[str, ModelTable]]:
    """Yield the table of every model that answers or judges, by where it stands."""
    yield from ((f"challengers.{name}", table) for name, table in config.challengers.items())
    yield from ((f"{'.'.join(at)}.model", table.model) for at, table in judges(config).items())


def exposed(config: Config) -> list[str]:
    """Return the models that see unmasked text though nobody said that they are local."""
    return [] if config.redaction.enabled else [name for name, table in models(config) if not table.local]
