"""Models of every provider over real HTTP, on doubles that refuse what the real ones refuse, to replay on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from connector.demo.models import ModelServer
from rollouts.budget import Budget
from rollouts.cost import Price
from rollouts.errors import Permanent
from rollouts.journal import MemoryJournal
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.plugins import load
from rollouts.provider import Provider
from rollouts.replay import Challenger, replay
from rollouts.types import Message, Parameters, Rollout, ToolDefinition
from tests.duelling import challenge
from tests.strict import strict_anthropic, strict_openai

MODELS = {
    "gpt-4.1": strict_openai(),
    "o3": strict_openai(reasons=True),
    "gpt-5.6-luna": strict_openai(reasons=True, tools_need_no_effort=True),
    "mistral-large-latest": strict_openai(ids="[a-zA-Z0-9]{9}"),
    "claude-haiku-5-5": strict_anthropic(),
    "claude-opus-5-5": strict_anthropic(forced_tools=False),
    "claude-sonnet-4-6": strict_anthropic(samples=True),
}
TARGETS: dict[str, dict[str, Any]] = {
    "gpt-4.1": {"kind": "openai"},
    "o3": {"kind": "openai"},
    "gpt-5.6-luna": {"kind": "openai"},
    "mistral-large-latest": {"kind": "openai_compatible"},
    "claude-haiku-5-5": {"kind": "anthropic"},
    "claude-opus-5-5": {"kind": "anthropic"},
    "claude-sonnet-4-6": {"kind": "anthropic", "anthropic_version": "2023-06-01"},
}
every_target = pytest.mark.parametrize("target", TARGETS)
on_both = pytest.mark.parametrize("target", ["gpt-4.1", "claude-haiku-5-5"])
"""One model of each dialect."""


class World(NamedTuple):
    """Both doubles over HTTP, one model of each target, and the loop in which they live."""

    runner: asyncio.Runner
    server: ModelServer
    models: dict[str, Model]

    def replayed(
        self,
        target: str,
        messages: Sequence[Message],
        tools: Sequence[ToolDefinition] = (),
        parameters: Parameters = Parameters(),  # noqa: B008 - frozen
    ) -> tuple[Rollout, dict[str, Any]]:
        """Replay on one target; return the rollout, and the body as it arrived."""
        asked = challenge().model_copy(
            update={"messages": tuple(messages), "tools": tuple(tools), "parameters": parameters}
        )
        model = self.models[target]
        model._journal = MemoryJournal()
        rollout = self.runner.run(replay(asked, Challenger(name="x", model=model)))
        return rollout, self.server.seen[-1].body

    def tried(self, target: str, *asked: Any) -> tuple[Rollout, dict[str, Any]] | None:
        """Replay, or return `None` when it was refused in time: with a reason, and nothing sent."""
        before = self.server.calls.total()
        try:
            return self.replayed(target, *asked)
        except Permanent as refusal:
            assert str(refusal).startswith("unreplayable: ")  # noqa: PT017 - either an answer or this error
            assert self.server.calls.total() == before
            return None


def worlds() -> Iterator[World]:
    """Start the doubles and connect to them."""
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setenv("TEST_PROVIDER_KEY", "sk-0123456789")
        server = runner.run(ModelServer(MODELS).__aenter__())
        models = {name: model_of(name, server.url, **fields) for name, fields in TARGETS.items()}
        yield World(runner, server, models)
        for model in models.values():
            runner.run(model.aclose())
        runner.run(server.__aexit__())


def model_of(name: str, url: str, *, kind: str, budget: Budget | None = None, **fields: Any) -> Model:
    """Connect to a double; nothing it costs matters unless a budget is given."""
    cls = load(Provider, kind, package="rollouts.providers")
    provider = cls.model_validate({"model": name, "base_url": url, "api_key_env": "TEST_PROVIDER_KEY", **fields})
    return Model(
        provider,
        name=name,
        price=Price(input=1, output=1),
        limits=Limits(),
        journal=MemoryJournal(),
        budget=budget or Budget(None),
    )
