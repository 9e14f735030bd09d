from datetime import UTC, datetime

import pytest

from rollouts.budget import Budget
from rollouts.errors import Permanent
from rollouts.journal import MemoryJournal
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.providers.scripted import Scripted
from rollouts.replay import Challenger, replay
from rollouts.types import (
    Challenge,
    Completion,
    Message,
    Origin,
    Parameters,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)


def said(role: str, text: str) -> Message:
    """Say something."""
    return Message.model_validate({"role": role, "parts": [{"type": "text", "content": text}]})


TOOL = ToolDefinition(name="f")
HISTORY = (
    said("system", "Be kind."),
    said("user", "hey"),
    Message(
        role="assistant",
        parts=(Reasoning(content="hm", signature="s"), Text(content="wait"), ToolCall(id="1", name="f", arguments="{")),
    ),
    Message(role="tool", parts=(ToolResult(id="1", response="broken", is_error=True),)),
)


def challenge(*messages: Message, name: str = "c1") -> Challenge:
    """Ask for an answer after `messages`."""
    return Challenge(
        id=name,
        conversation_id="conversation",
        content_id="content",
        origin=Origin(trace_id="t", started_at=datetime(2026, 1, 1, tzinfo=UTC)),
        messages=messages,
        tools=(TOOL,),
        parameters=Parameters(temperature=0.7, seed=1),
        baseline=Completion(message=said("assistant", "hello")),
    )


def model(provider: Provider) -> Model:
    """Configure a model without limits."""
    return Model(provider, name="m", price=None, limits=Limits(), journal=MemoryJournal(), budget=Budget(None))


async def test_a_challenger_sees_what_production_saw() -> None:
    """History, tools and parameters go as recorded, failed tools and broken arguments too; only thoughts stay."""
    provider = Scripted(answers=("ok",))
    rollout = await replay(challenge(*HISTORY), Challenger(name="x", model=model(provider)))
    assert (rollout.challenger, rollout.completion.message.text, rollout.warnings) == ("x", "ok", ())
    [request] = provider.requests
    assert request.messages[2].parts == HISTORY[2].parts[1:]
    assert request.messages[:2] + request.messages[3:] == HISTORY[:2] + HISTORY[3:]
    assert (request.tools, request.parameters) == ((TOOL,), Parameters(temperature=0.7, seed=1))


async def test_a_prompt_variant_is_a_challenger() -> None:
    """A challenger's system prompt replaces production's, or is put in front where there was none."""
    provider = Scripted(answers=("ok",))
    variant = Challenger(name="x", model=model(provider), system="Be brief.", parameters=Parameters(temperature=0.0))
    await replay(challenge(*HISTORY), variant)
    await replay(challenge(*HISTORY[1:], name="c2"), variant)
    first, second = provider.requests
    assert [message.text for message in first.messages[:2]] == ["Be brief.", "hey"]
    assert first.messages == second.messages
    assert first.parameters == Parameters(temperature=0.0, seed=1)


@pytest.mark.parametrize("messages", [(said("system", "Be kind."),), (), (said("user", "hey"), said("assistant", "a"))])
async def test_what_leaves_nothing_to_answer_is_buried(messages: tuple[Message, ...]) -> None:
    """Without anybody's words, or after the assistant's own, there is no turn to take: nothing is asked or paid."""
    provider = Scripted(answers=("ok",))
    with pytest.raises(Permanent, match=r"^unreplayable: "):
        await replay(challenge(*messages), Challenger(name="x", model=model(provider)))
    assert provider.calls == 0


async def test_an_empty_answer_counts_and_is_flagged() -> None:
    """A model that says nothing has answered, badly; calling a tool is not saying nothing."""
    silent = await replay(challenge(*HISTORY), Challenger(name="x", model=model(Scripted(answers=(" ",)))))
    assert silent.warnings == ("the answer is empty",)
    call = ToolCall(id="2", name="f", arguments="{}")
    busy = await replay(challenge(*HISTORY), Challenger(name="x", model=model(Scripted(answers=((call,),)))))
    assert busy.warnings == ()


class Forgetful(Scripted):
    """Cannot hold a seed."""

    def losses(self, request: Request) -> tuple[str, ...]:
        """Name the seed."""
        return ("seed",) if request.parameters.seed is not None else ()


async def test_losses_become_warnings() -> None:
    """What the provider could not carry over is written on the rollout."""
    rollout = await replay(challenge(*HISTORY), Challenger(name="x", model=model(Forgetful(answers=("ok",)))))
    assert rollout.warnings == ("seed",)


async def test_one_key_per_challenge_and_way_of_asking() -> None:
    """The same duel has the same key for good; another challenge, name, prompt or parameter has another."""
    provider = Scripted(answers=("ok",))
    ways = [
        Challenger(name="x", model=model(provider)),
        Challenger(name="y", model=model(provider)),
        Challenger(name="x", model=model(provider), system="Be brief."),
        Challenger(name="x", model=model(provider), parameters=Parameters(top_p=0.5)),
        Challenger(name="x", model=model(Scripted(answers=("other",)))),
    ]
    assert len({(way.name, way.fingerprint) for way in ways}) == 5
    again = Challenger(name="x", model=model(provider), control=True)
    for way in (ways[0], again):
        await replay(challenge(*HISTORY), way)
    await replay(challenge(*HISTORY, name="c2"), ways[0])
    first, second, third = [request.key for request in provider.requests]
    assert first == second != third
