"""Models as the configuration describes them: with price, limits, account, journal, cache, mask and budget."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from connector.accounts import Accounts
from connector.config import ChallengerTable, Config, JudgeTable, JurorTable, ModelTable
from connector.config_file import judge, judges, provider
from connector.money import check_cheaper, check_length, check_price, price
from connector.sampling.embedding import PackagedEmbedder
from connector.sampling.options import Sampling
from judges.jury import Juror, Jury
from rollouts.budget import Budget
from rollouts.cache import Cache, NoCache
from rollouts.embedding import Embedder, EmbeddingModel
from rollouts.journal import Journal
from rollouts.ledger import Role
from rollouts.masking import Mask
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.replay import Challenger


def _stands_in(table: JudgeTable) -> bool:
    return isinstance(table, JurorTable) and table.stand_in


@dataclass(frozen=True, kw_only=True)
class Models:
    """Builds models that share one journal, one cache and one budget, and their limits as their accounts say."""

    journal: Journal
    budget: Budget
    cache: Cache
    mask: Mask | None
    local_mask: Mask | None
    """For models on machines of one's own; texts of many conversations at once are embedded masked all the same."""
    accounts: Accounts
    path: Path
    """Of the configuration, to be named where it is wrong."""
    output_tokens: int
    """What is set aside for an answer whose length production did not limit."""
    closing: AsyncExitStack
    """Closes what is opened here."""
    spending: bool
    """Whether a model without a known price is refused."""
    role: Role | None = None
    """What every call is booked as, whatever the model does otherwise."""

    def challenger(self, name: str, table: ChallengerTable) -> Challenger:
        """Build who answers in production's place."""
        return Challenger(
            name=name,
            model=self.model(table, ("challengers", name), "control" if table.control else "challenger"),
            control=table.control,
            system=table.system,
            parameters=table.parameters,
        )

    def jury(self, config: Config) -> Jury:
        """Raises `Fatal` for a jury that can never speak."""
        jury = Jury(tuple(self._juror(table, at) for at, table in judges(config).items()), config.jury)
        jury.check(len(config.challengers))
        return jury

    def cheaper(self, config: Config, jury: Jury) -> Jury | None:
        """Build who judges in place of `jury` while money is short. Raises `Fatal` where it could not."""
        if config.cheaper_judge is None:
            return None
        cheaper = Jury((self._juror(config.cheaper_judge, ("cheaper_judge",)),))
        check_cheaper(cheaper, jury, self.path)
        return cheaper

    def _juror(self, table: JudgeTable, at: tuple[str, ...]) -> Juror:
        return Juror(
            name=at[-1],
            judge=judge(table, self.path, at),
            model=self.model(table.model, (*at, "model"), "stand-in" if _stands_in(table) else "judge"),
            stand_in=_stands_in(table),
        )

    def embedder(self, sampling: Sampling) -> Embedder:
        """Who turns texts into vectors for the draw."""
        if not sampling.buys:
            return PackagedEmbedder()
        from rollouts.embeddings import Embeddings  # noqa: PLC0415  brings an SDK, and is needed for few

        told = sampling.embedding.model_dump(exclude={"model", "base_url", "api_key_env"})
        asked = Embeddings.model_validate(sampling.embedding.model_dump(include={"model", "base_url", "api_key_env"}))
        at, table = ("sampling", "embedding"), ModelTable.model_validate(told)
        return EmbeddingModel(self._model(asked, table, at, "embedding"))

    def model(self, table: ModelTable, at: tuple[str, ...], role: Role) -> Model:
        """Build the model of one table. Raises `Fatal` naming it where a key is wrong or its price is unknown."""
        return self._model(provider(table, self.path, at), table, at, role)

    def _model(self, asked: Provider, table: ModelTable, at: tuple[str, ...], role: Role) -> Model:
        known = price(asked, table, self.path)
        if self.spending:
            check_price(known, asked.model, self.path, at)
        self.budget.limit(asked.model, table.budget)
        if self.spending and self.budget.limits(asked.model) and not (known and known.free):
            check_length(asked, self.path, at)
        model = Model(
            asked,
            name=asked.model,
            price=known,
            limits=self.accounts.limits(table, asked),
            journal=self.journal,
            # One vector answer holds the words of many traces: `forget` could not find it.
            cache=NoCache() if role == "embedding" else self.cache,
            mask=self.local_mask if table.local and role != "embedding" else self.mask,
            budget=self.budget,
            role=self.role or role,
            worst_output_tokens=self.output_tokens,
        )
        self.closing.push_async_callback(model.aclose)
        return model
