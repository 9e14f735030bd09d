import json

import pytest

from connector.demo.model_dialects import ANTHROPIC, OPENAI, Dialect, Reply
from connector.demo.models import ModelServer
from connector.store.sqlite import SqliteStore
from rollouts.budget import Budget
from rollouts.endpoint import Endpoint
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.plugins import load
from rollouts.provider import Provider
from rollouts.types import Completion, Message, Reasoning, Request, Text, ToolCall
from rollouts.whole import whole, without_halves

HALF, SMILE = "\ud83d", "\N{GRINNING FACE}"


def test_halves_are_replaced_and_pairs_are_joined() -> None:
    """Every text of an answer can be written afterwards, and nothing else has changed."""
    parts = (
        Text(content=f"a {HALF} b"),
        Reasoning(content=HALF),
        ToolCall(id="1", name="f", arguments=json.dumps({"x": HALF}, ensure_ascii=False)),
    )
    mended = whole(Completion(message=Message(role="assistant", parts=parts), model="m"))
    assert Completion.model_validate_json(mended.model_dump_json()) == mended
    assert mended.message.text == "a \N{REPLACEMENT CHARACTER} b"
    assert json.loads(mended.message.tool_calls[0].arguments) == {"x": "\N{REPLACEMENT CHARACTER}"}
    assert without_halves(f"\ud83d\ude00{HALF}") == f"{SMILE}\N{REPLACEMENT CHARACTER}"


def test_what_is_whole_stays_itself() -> None:
    """An ordinary answer is not even copied."""
    completion = Completion(message=Message(role="assistant", parts=(Text(content=f"ä {SMILE}"),)))
    assert whole(completion) is completion


@pytest.mark.parametrize(("kind", "dialect"), [("openai_compatible", OPENAI), ("anthropic", ANTHROPIC)])
async def test_an_answer_with_half_a_pair_is_paid_once_and_kept(
    kind: str, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal can hold it, and gives it back to whoever asks again."""
    monkeypatch.setenv("TEST_PROVIDER_KEY", "sk-test")
    answer = json.dumps(dialect.answer("1", "m", Reply(f"cut {HALF}"), 40)).encode()
    provider_class = load(Provider, kind, package="rollouts.providers")
    assert issubclass(provider_class, Endpoint)
    async with ModelServer({}) as server:
        server.fail("m", 200, times=None, body=answer)
        table = {"model": "m", "base_url": server.url, "api_key_env": "TEST_PROVIDER_KEY"}
        store = SqliteStore(":memory:")
        model = Model(
            provider_class.model_validate(table),
            name="m",
            price=None,
            limits=Limits(),
            journal=store,
            budget=Budget(None),
        )
        asked = Request(key="k", messages=(Message(role="user", parts=(Text(content="hey"),)),))
        first, second = await model.ask(asked), await model.ask(asked)
        await model.aclose()
        await store.aclose()
    assert first.message.text == second.message.text == "cut \N{REPLACEMENT CHARACTER}"
    assert server.calls["m"] == 1
