"""The two ends of the route, as the configuration names them: where traces come from, and where results go."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

from connector.config import Config, LangfuseTable
from connector.langfuse.capabilities import Capabilities, detect
from connector.langfuse.client import Client
from connector.langfuse.flags import LangfuseCuration
from connector.ports import Sink, Source
from connector.sinks.jsonl import JsonlSink
from connector.sinks.langfuse import LangfuseSink
from connector.sources.jsonl import JsonlSource
from connector.sources.langfuse import LangfuseSource
from rollouts.errors import Fatal
from rollouts.secrets import read_secret

CLOUD = "https://cloud.langfuse.com"
_NOWHERE = Path(os.devnull)


class Ends(NamedTuple):
    """What reads, what writes, and the Langfuse between them."""

    source: Source
    sink: Sink
    curation: LangfuseCuration | None = None
    """Where people keep the items of tiers; `None` where no Langfuse takes part, as with the next two."""
    client: Client | None = None
    server: Capabilities | None = None


async def open_ends(config: Config, path: Path, stack: AsyncExitStack) -> Ends:
    """Open what `config`, read from `path`, names; `stack` closes it. Raises `Fatal` for what cannot be reached."""
    client = server = None
    if "langfuse" in (config.source.kind, config.sink.kind):
        client = open_client(config.langfuse)
        stack.push_async_callback(client.aclose)
        server = await detect(client)
    source, sink = _source(config, path, client, server), _sink(config, path, client, server)
    return Ends(source, sink, _curation(config, path, client, server), client, server)


def nowhere() -> Ends:
    """Return ends from which nothing comes, and to which nothing goes."""
    return Ends(JsonlSource(_NOWHERE), JsonlSink(_NOWHERE))


def open_client(table: LangfuseTable) -> Client:
    """Open the gateway with the keys of the environment. Raises `Fatal` naming the variable that is missing."""
    keys = {name: read_secret(name) for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")}
    for name, value in keys.items():
        if value is None:
            raise Fatal(f"{name} is not set", hint="create project keys in Langfuse under Settings, API Keys")
    base_url = read_secret("LANGFUSE_BASE_URL", "LANGFUSE_HOST") or table.base_url or CLOUD
    return Client(base_url, str(keys["LANGFUSE_PUBLIC_KEY"]), str(keys["LANGFUSE_SECRET_KEY"]))


def _source(config: Config, path: Path, client: Client | None, server: Capabilities | None) -> Source:
    if config.source.kind == "langfuse" and client and server:
        return LangfuseSource(client, server)
    return JsonlSource(_file(config.source.path, path, "source"))


def _sink(config: Config, path: Path, client: Client | None, server: Capabilities | None) -> Sink:
    if config.sink.kind == "langfuse" and client and server:
        return LangfuseSink(client, server, dataset=config.langfuse.dataset)
    return JsonlSink(_file(config.sink.path, path, "sink"))


def _curation(
    config: Config, path: Path, client: Client | None, server: Capabilities | None
) -> LangfuseCuration | None:
    if client and server:
        return LangfuseCuration(client, server)
    if config.tiers.read_langfuse and config.source.kind != "langfuse" != config.sink.kind:
        raise Fatal(f"{path}: tiers: datasets, tags, scores and queues need a Langfuse as source or sink")
    return None


def _file(name: str | None, config: Path, table: str) -> Path:
    if name is None:
        raise Fatal(f"{config}: {table}.path: this key is needed for jsonl")
    return config.parent / name
