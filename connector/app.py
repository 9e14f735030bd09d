"""The one place where concrete classes meet: configuration → engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.accounts import Accounts
from connector.cache.sqlite import SqliteCache
from connector.config import Config
from connector.ends import nowhere, open_ends
from connector.engine import Engine
from connector.forgetting import Keeper
from connector.intake import Rules
from connector.langfuse.capabilities import Capabilities
from connector.langfuse.client import Client
from connector.masking import open_redaction
from connector.models import Models
from connector.money import open_budget, open_ledger
from connector.pipeline import Arena
from connector.redaction.originals import LocalMask
from connector.redaction.redactor import Redactor
from connector.sampling.sampler import Sampler
from connector.select import Selection
from connector.store.sqlite import SqliteStore
from connector.telemetry import censor_logs
from connector.thrift import Thrift
from connector.tiers.refill import Refill
from connector.unforgotten import Unforgotten
from rollouts.budget import Budget
from rollouts.ledger import Role


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
        ends = await open_ends(config, path, stack) if online else nowhere()
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
            source=Unforgotten(ends.source, kept),
            sink=ends.sink,
            challengers={name: models.challenger(name, table) for name, table in config.challengers.items()},
            jury=jury,
            cheaper=models.cheaper(config, jury),
            rules=_rules(config, redaction),
        )
        engine = Engine(
            arena,
            kept,
            widths={name: table.concurrency for name, table in config.challengers.items()},
            pace=config.poll,
            patience=config.retry,
            board=config.leaderboard,
            calibration=config.calibration,
            tiers=Refill(arena, kept, ends.curation, config.tiers),
            thrift=Thrift(budget, config.budget, judge=arena.cheaper.version if arena.cheaper else None),
            seed=config.sampling.seed,
            sampler=Sampler(kept, config.sampling, late=config.poll.overlap, embedder=models.embedder(config.sampling)),
        )
        state = path.parent / config.state
        keeper = Keeper(arena, kept, config.retention, state=state, cache=config.cache)
        if config.budget.on_exhausted == "stop":
            budget.when_exhausted = engine.stop
        interrupted = await open_ledger(budget, kept, alone=alone)
        yield App(config, engine, kept, budget, ends.server, ends.client, cache, keeper, interrupted)


def _rules(config: Config, redaction: Redactor | None) -> Rules:
    return Rules(
        turns=config.turns,
        selection=Selection(filters=config.filters, sampling=config.sampling),
        epochs=config.epochs,
        formats=(config.formats.custom_keys,),
        redaction=redaction,
        tier_weights=config.tiers.weights,
    )
