"""The one place where concrete classes meet: configuration → engine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.accounts import Accounts
from connector.cache.sqlite import SqliteCache
from connector.config import Config, LangfuseTable
from connector.engine import Engine
from connector.forgetting import Keeper
from connector.intake import Rules
from connector.langfuse.capabilities import Capabilities, detect
from connector.langfuse.client import Client
from connector.langfuse.flags import LangfuseCuration
from connector.masking import open_redaction
from connector.models import Models
from connector.money import open_budget, open_ledger
from connector.pipeline import Arena
from connector.ports import Sink, Source
from connector.redaction.originals import LocalMask
from connector.sampling.sampler import Sampler
from connector.select import Selection
from connector.sinks.jsonl import JsonlSink
from connector.sinks.langfuse import LangfuseSink
from connector.sources.jsonl import JsonlSource
from connector.sources.langfuse import LangfuseSource
from connector.store.sqlite import SqliteStore
from connector.telemetry import censor_logs
from connector.thrift import Thrift
from connector.tiers.refill import Refill
from connector.unforgotten import Unforgotten
from rollouts.budget import Budget
from rollouts.errors import Fatal
from rollouts.ledger import Role
from rollouts.secrets import read_secret

CLOUD = "https://cloud.langfuse.com"
_NOWHERE = Path(os.devnull)


@dataclass(frozen=True)
class App:
    """Everything that a command may need."""

    config: Config
    engine: Engine
    store: SqliteStore
    budget: Budget
    server: Capabilities | None
    """`None` where no Langfuse takes part."""
    client: Client | None
    cache: SqliteCache
    keeper: Keeper
    interrupted: int
    """Calls that were in flight when the last process died: only those may be paid twice."""


@asynccontextmanager
async def build(
    config: Config,
    path: Path,
    *,
    store: SqliteStore | None = None,
    max_cost_usd: float | None = None,
    spending: bool = False,
    role: Role | None = None,
    online: bool = True,
    alone: bool | None = None,
) -> AsyncIterator[App]:
    """Open everything that `config`, read from `path`, asks for; close it afterwards.

    With `spending` a model without a known price is refused, by a `Fatal` that names its table; without, no answer is
    looked for in the cache, nor kept there. In the ledger `role` stands in place of what each model does otherwise.

    `online=False` reaches no server. Then another process may work on the same state, unless `alone` is asked for.
    """
    async with AsyncExitStack() as stack:
        alone = online if alone is None else alone
        kept = store or SqliteStore(str(path.parent / config.state), alone=alone)
        stack.push_async_callback(kept.aclose)
        client, server = await _langfuse(config, stack) if online else (None, None)
        budget = open_budget(config.budget, max_cost_usd)
        cache = SqliteCache.of(config.cache, path.parent, used=online and spending)
        stack.push_async_callback(cache.aclose)
        redaction = await open_redaction(config, kept, path.parent / config.state, alone=alone)
        if redaction is not None:
            censor_logs(redaction.words)
        models = Models(
            journal=kept,
            budget=budget,
            cache=cache,
            mask=redaction,
            local_mask=LocalMask(redaction, kept) if redaction else None,
            accounts=Accounts(config.accounts),
            path=path,
            output_tokens=config.budget.output_tokens,
            closing=stack,
            spending=spending,
            role=role,
        )
        jury = models.jury(config)
        arena = Arena(
            source=Unforgotten(_source(config, path, client, server) if online else JsonlSource(_NOWHERE), kept),
            sink=_sink(config, path, client, server) if online else JsonlSink(_NOWHERE),
            challengers={name: models.challenger(name, table) for name, table in config.challengers.items()},
            jury=jury,
            cheaper=models.cheaper(config, jury),
            rules=Rules(
                turns=config.turns,
                selection=Selection(filters=config.filters, sampling=config.sampling),
                epochs=config.epochs,
                formats=(config.formats.custom_keys,),
                redaction=redaction,
                tier_weights=config.tiers.weights,
            ),
        )
        engine = Engine(
            arena,
            kept,
            widths={name: table.concurrency for name, table in config.challengers.items()},
            pace=config.poll,
            patience=config.retry,
            board=config.leaderboard,
            calibration=config.calibration,
            tiers=Refill(arena, kept, _curation(config, path, client, server), config.tiers),
            thrift=Thrift(budget, config.budget, judge=arena.cheaper.version if arena.cheaper else None),
            seed=config.sampling.seed,
            sampler=Sampler(kept, config.sampling, late=config.poll.overlap, embedder=models.embedder(config.sampling)),
        )
        state = path.parent / config.state
        keeper = Keeper(arena, kept, config.retention, state=state, cache=config.cache)
        if config.budget.on_exhausted == "stop":
            budget.when_exhausted = engine.stop
        interrupted = await open_ledger(budget, kept, alone=alone)
        yield App(config, engine, kept, budget, server, client, cache, keeper, interrupted)


def open_client(table: LangfuseTable) -> Client:
    """Open the gateway with the keys of the environment. Raises `Fatal` naming the variable that is missing."""
    keys = {name: read_secret(name) for name in ("LANGFUSE_PUBLIC_KEY", "LANGFUSE_SECRET_KEY")}
    for name, value in keys.items():
        if value is None:
            raise Fatal(f"{name} is not set", hint="create project keys in Langfuse under Settings, API Keys")
    base_url = read_secret("LANGFUSE_BASE_URL", "LANGFUSE_HOST") or table.base_url or CLOUD
    return Client(base_url, str(keys["LANGFUSE_PUBLIC_KEY"]), str(keys["LANGFUSE_SECRET_KEY"]))


async def _langfuse(config: Config, stack: AsyncExitStack) -> tuple[Client | None, Capabilities | None]:
    if "langfuse" not in (config.source.kind, config.sink.kind):
        return None, None
    client = open_client(config.langfuse)
    stack.push_async_callback(client.aclose)
    return client, await detect(client)


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
