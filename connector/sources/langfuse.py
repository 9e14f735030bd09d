"""Traces of a Langfuse project, by whichever endpoints its server offers."""

from __future__ import annotations

from connector.langfuse import observations, traces
from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client
from connector.langfuse.own import ALL, Defence
from connector.types import Sighting, Trace, Window


class LangfuseSource:
    """Implements `connector.ports.Source`."""

    def __init__(self, client: Client, server: Capabilities, *, defences: frozenset[Defence] = ALL) -> None:
        self.name = f"langfuse/{server.project_id}"
        self._client, self._server, self._defences = client, server, defences

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace whose root began in `window`."""
        how = observations.look if self._server.reads == "observations" else traces.look
        return await how(self._client, window, self._defences)

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""
        if self._server.reads == "observations":
            return await observations.read(self._client, sighting)
        return await traces.read(self._client, sighting, self._defences)
