"""Traces of a Langfuse project, by whichever endpoints its server offers."""

from __future__ import annotations

from contextlib import suppress

from connector.langfuse import observations, traces
from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client
from connector.langfuse.media import Files
from connector.langfuse.own import ALL, Defence
from connector.select import before
from connector.traces import Sighting, Trace, Window
from rollouts.errors import Permanent
from rollouts.types import Media


class LangfuseSource:
    """Implements `connector.ports.Source`."""

    def __init__(self, client: Client, server: Capabilities, *, defences: frozenset[Defence] = ALL) -> None:
        self.name = f"langfuse/{server.project_id}"
        self._client, self._server, self._defences = client, server, defences
        self._files = Files(client)

    async def look(self, window: Window) -> list[Sighting]:
        """Return every trace whose root began in `window`."""
        how = observations.look if self._server.reads == "observations" else traces.look
        return await how(self._client, window, self._defences)

    async def find(self, trace_id: str) -> Sighting | None:
        """Return the trace of this id, whenever it began."""
        how = observations.find if self._server.reads == "observations" else traces.find
        return await how(self._client, trace_id, self._defences)

    async def read(self, sighting: Sighting) -> Trace:
        """Fetch one trace whole."""
        if self._server.reads == "observations":
            return await observations.read(self._client, sighting)
        return await traces.read(self._client, sighting, self._defences)

    async def earlier(self, sighting: Sighting) -> list[Trace]:
        """Fetch what the session held before; what has been deleted meanwhile is left out."""
        if not sighting.session_id:
            return []
        how = observations.session if self._server.reads == "observations" else traces.session
        found = list[Trace]()
        for each in before(sighting, await how(self._client, sighting, self._defences)):
            with suppress(Permanent):
                found.append(await self.read(each))
        return found

    async def media(self, kept: Media) -> Media:
        """Fetch a file from the project's media store."""
        return await self._files.by_value(kept)
