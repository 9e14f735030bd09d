"""From `[redaction]` to the one who masks."""

from __future__ import annotations

from connector.config import RedactionTable
from connector.ports import Store
from connector.redaction.recogniser import recogniser
from connector.redaction.redactor import Redactor


async def open_redaction(table: RedactionTable, store: Store) -> Redactor | None:
    """Return who masks, with the key of this store; `None` where a person has switched that off.

    Raises `Fatal` for a recogniser that is not there.
    """
    if not table.enabled:
        return None
    named = recogniser(table.ner.kind, table.ner.options) if table.ner else None
    return Redactor(table, await store.masking_key(), named)
