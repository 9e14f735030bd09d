"""The one place where concrete classes meet: configuration → engine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from connector.config import ChallengerTable, Config, JudgeTable, JurorTable, LangfuseTable, ModelTable
from connector.config_file import judge, judges, provider
from connector.engine import Engine
from connector.intake import Rules
from connector.langfuse.capabilities import Capabilities, detect
from connector.langfuse.client import Client
from connector.pipeline import Arena
from connector.ports import Sink, Source
from connector.select import Selection
from connector.sinks.jsonl import JsonlSink
from connector.sinks.langfuse import LangfuseSink
from connector.sources.jsonl import JsonlSource
from connector.sources.langfuse import LangfuseSource
from connector.store.sqlite import SqliteStore
from judges.jury import Juror, Jury
from rollouts.budget import Budget
from rollouts.cost import FREE, price_of
from rollouts.errors import Fatal
from rollouts.ledger import Role
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.replay import Challenger
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


@asynccontextmanager
async def build(
    config: Config,
    path: Path,
    *,
    store: SqliteStore | None = None,
    max_cost_usd: float | None = None,
    online: bool = True,
    alone: bool | None = None,
) -> AsyncIterator[App]:
    """Open everything that `config`, read from `path`, asks for; close it afterwards.

    `online=False` reaches no server. Then another process may work on the same state, unless `alone` is asked for.
    """
    async with AsyncExitStack() as stack:
        kept = store or SqliteStore(str(path.parent / config.state), alone=online if alone is None else alone)
        stack.push_async_callback(kept.aclose)
        client, server = await _langfuse(config, stack) if online else (None, None)
        limits = [limit for limit in (config.budget.per_run_usd, max_cost_usd) if limit is not None]
        budget = Budget(min(limits, default=None))
        models = _Models(kept, budget, config.budget.output_tokens, path, stack)
        arena = Arena(
            source=_source(config, path, client, server) if online else JsonlSource(_NOWHERE),
            sink=_sink(config, path, client, server) if online else JsonlSink(_NOWHERE),
            challengers={name: models.challenger(name, table) for name, table in config.challengers.items()},
            jury=models.jury(config),
            rules=Rules(
                turns=config.turns,
                selection=Selection(filters=config.filters, sampling=config.sampling),
                epochs=config.epochs,
                formats=(config.formats.custom_keys,),
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
            seed=config.sampling.seed,
        )
        yield App(config, engine, kept, budget, server, client)


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


def _file(name: str | None, config: Path, table: str) -> Path:
    if name is None:
        raise Fatal(f"{config}: {table}.path: this key is needed for jsonl")
    return config.parent / name


def _stands_in(table: JudgeTable) -> bool:
    return isinstance(table, JurorTable) and table.stand_in


class _Models:
    """Builds models that share one journal and one budget; those of one account share nothing else."""

    def __init__(
        self, store: SqliteStore, budget: Budget, output_tokens: int, path: Path, stack: AsyncExitStack
    ) -> None:
        self._store, self._budget, self._output_tokens = store, budget, output_tokens
        self._path, self._stack = path, stack

    def challenger(self, name: str, table: ChallengerTable) -> Challenger:
        return Challenger(
            name=name,
            model=self.model(table, ("challengers", name), "control" if table.control else "challenger"),
            control=table.control,
            system=table.system,
            parameters=table.parameters,
        )

    def jury(self, config: Config) -> Jury:
        """Raises `Fatal` for a jury that can never speak."""
        jurors = [
            Juror(
                name=at[-1],
                judge=judge(table, self._path, at),
                model=self.model(table.model, (*at, "model"), "stand-in" if _stands_in(table) else "judge"),
                stand_in=_stands_in(table),
            )
            for at, table in judges(config).items()
        ]
        jury = Jury(tuple(jurors), config.jury)
        jury.check(len(config.challengers))
        return jury

    def model(self, table: ModelTable, at: tuple[str, ...], role: Role) -> Model:
        asked = provider(table, self._path, at)
        model = Model(
            asked,
            name=asked.model,
            price=FREE if table.free or asked.free else price_of(asked.model, table.price),
            limits=Limits(concurrency=table.concurrency, rpm=table.rpm, tpm=table.tpm),
            journal=self._store,
            budget=self._budget,
            role=role,
            worst_output_tokens=self._output_tokens,
        )
        self._stack.push_async_callback(model.aclose)
        return model
