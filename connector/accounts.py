"""Which models share which limits: those of one account, and those that are one and the same.

OpenAI and Anthropic count requests and tokens per organisation *and* model, so two models share nothing unless a person
says that they do, with `account`. Two tables that name one model behind one address and key are asked side by side,
and what the server says to one holds for the other: pauses, what is left, and whether anybody answers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from connector.config import AccountTable, ModelTable
from rollouts.breaker import Breaker
from rollouts.errors import Fatal
from rollouts.gate import Gate
from rollouts.limits import Limits
from rollouts.provider import Provider


class Accounts:
    """Builds the limits of models. Those without an account have gates of their own, by model, address and key."""

    def __init__(self, tables: Mapping[str, AccountTable]) -> None:
        self._gates: dict[Hashable, Gate] = {
            name: Gate(concurrency=table.concurrency, rpm=table.rpm, tpm=table.tpm) for name, table in tables.items()
        }
        self._breakers: dict[Hashable, Breaker] = {}

    def limits(self, table: ModelTable, asked: Provider) -> Limits:
        """Return the limits of one model: its table's own, inside of those that it shares.

        Raises `Fatal` for an account that is not there.
        """
        if table.account is not None and table.account not in self._gates:
            raise Fatal(f"there is no [accounts.{table.account}]")
        base_url, key_env = (getattr(asked, name, None) for name in ("base_url", "api_key_env"))
        endpoint = (type(asked), base_url, key_env, asked.model)
        if base_url is None:  # it is in this process, and shares nothing unasked
            gate, breaker = self._gates.get(table.account), None
        else:
            gate = self._gates.setdefault(table.account or endpoint, Gate())
            breaker = self._breakers.setdefault((table.account, endpoint), Breaker(f"{asked.model} at {base_url}"))
        return Limits(concurrency=table.concurrency, rpm=table.rpm, tpm=table.tpm, shared=gate, breaker=breaker)
