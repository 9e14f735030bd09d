"""What every provider promises, over real HTTP where it speaks it. A new file in `rollouts/providers/` is in it."""

import asyncio
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.demo.model_dialects import Reply
from connector.demo.models import ModelServer
from connector.demo.rationing import Ration
from rollouts.budget import Budget
from rollouts.endpoint import Endpoint
from rollouts.errors import Fatal, Overloaded, Permanent, Retryable, Throttled, Unanswered, UnderstudyError
from rollouts.journal import MemoryJournal
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.plugins import kinds, load
from rollouts.provider import Provider
from rollouts.types import (
    Message,
    Parameters,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
    Usage,
)

PACKAGE = "rollouts.providers"
KINDS = kinds(Provider, package=PACKAGE)
OVER_HTTP = [kind for kind in KINDS if issubclass(load(Provider, kind, package=PACKAGE), Endpoint)]
HELLO = Reply("hello")
KEY = "sk-secret-0123456789"

every_kind = pytest.mark.parametrize("kind", KINDS)
over_http = pytest.mark.parametrize("kind", OVER_HTTP)

CALLS = (ToolCall(id="a1", name="get", arguments='{"city":"Oslo"}'), ToolCall(id="a2", name="get", arguments="{}"))
HISTORY = (
    Message(role="system", parts=(Text(content="Be kind."),)),
    Message(role="user", parts=(Text(content="Weather?"),)),
    Message(role="assistant", parts=(Reasoning(content="secret thoughts"), *CALLS)),
    Message(role="tool", parts=(ToolResult(id="a1", response="rain"),)),
    Message(role="tool", parts=(ToolResult(id="a2", response="sun"),)),
)
ASKED = Request(
    key="k",
    messages=HISTORY,
    tools=(ToolDefinition(name="get", parameters={"type": "object", "properties": {}}),),
    parameters=Parameters(temperature=0.5, max_tokens=50, tool_choice="auto"),
)


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_PROVIDER_KEY", KEY)


@asynccontextmanager
async def serving(kind: str, reply: Reply = HELLO, **fields: Any) -> AsyncIterator[tuple[Provider, ModelServer]]:
    """Run a server whose model `m` gives `reply`, and the provider that asks it."""
    async with ModelServer({"m": lambda _: reply}) as server:
        cls = load(Provider, kind, package=PACKAGE)
        answer = reply.tool_calls or reply.text
        known = {
            "model": "m",
            "base_url": server.url,
            "api_key_env": "TEST_PROVIDER_KEY",
            "answers": (answer,),
            "usage": reply.usage,
            "finish_reason": reply.finish_reason,
            **fields,
        }
        given = {name: value for name, value in known.items() if name in cls.model_fields and value is not None}
        provider = cls.model_validate(given)
        try:
            yield provider, server
        finally:
            await provider.aclose()


def model(provider: Provider, limits: Limits) -> Model:
    """Ask within limits."""
    return Model(provider, name="m", price=None, limits=limits, journal=MemoryJournal(), budget=Budget(None))


def asked(number: int) -> Request:
    """Return a question that is none of the others."""
    return ASKED.model_copy(update={"key": str(number), "repetition": number})


@every_kind
async def test_an_answer_in_words(kind: str) -> None:
    """The text, the reason it ended, the model, the latency and the start arrive."""
    async with serving(kind) as (provider, _):
        answer = await provider.complete(ASKED)
    assert answer.message == Message(role="assistant", parts=(Text(content="hello"),))
    assert answer.finish_reason == "stop"
    assert answer.latency_s is not None
    assert answer.started_at is not None
    assert answer.started_at.tzinfo is not None
    assert 0 <= answer.latency_s < 5


@every_kind
async def test_an_answer_of_tool_calls(kind: str) -> None:
    """Parallel calls arrive in order, with ids, names and arguments."""
    async with serving(kind, Reply(tool_calls=CALLS)) as (provider, _):
        answer = await provider.complete(ASKED)
    assert answer.message.parts == CALLS
    assert answer.finish_reason == "tool_calls"


@every_kind
async def test_usage_means_the_same_everywhere(kind: str) -> None:
    """Input tokens include those of a cache, whatever the provider's own habit."""
    usage = Usage(input_tokens=100, output_tokens=7, cached_input_tokens=60, cache_write_tokens=30)
    async with serving(kind, Reply("hello", usage=usage)) as (provider, _):
        answer = await provider.complete(ASKED)
    assert answer.usage.model_copy(update={"reasoning_tokens": None}) == usage


@every_kind
async def test_a_truncated_answer_is_marked(kind: str) -> None:
    """An answer cut off at the limit says so, in one word for all providers."""
    async with serving(kind, Reply("hel", finish_reason="length")) as (provider, _):
        assert (await provider.complete(ASKED)).truncated


@every_kind
async def test_an_empty_answer_is_an_answer(kind: str) -> None:
    """Saying nothing is not an error."""
    async with serving(kind, Reply("")) as (provider, _):
        assert (await provider.complete(ASKED)).message.parts == ()


@every_kind
async def test_losses_are_words(kind: str) -> None:
    """An ordinary request loses nothing."""
    async with serving(kind) as (provider, _):
        assert provider.losses(ASKED) == ()


@over_http
async def test_the_whole_question_arrives(kind: str) -> None:
    """History, tools and parameters reach the server, the key in a header, and no thoughts."""
    async with serving(kind) as (provider, server):
        await provider.complete(ASKED)
    [seen] = server.seen
    sent = str(seen.body)
    assert all(word in sent for word in ("Be kind.", "Weather?", "Oslo", "rain", "sun", "auto"))
    assert (seen.body["model"], seen.body["temperature"]) == ("m", 0.5)
    assert "secret thoughts" not in sent
    assert KEY in seen.headers["authorization"]
    assert "traceparent" not in seen.headers


@over_http
async def test_thoughts_are_read_apart(kind: str) -> None:
    """Reasoning comes as a part of its own, before the text."""
    async with serving(kind, Reply("hello", reasoning="hm")) as (provider, _):
        parts = (await provider.complete(ASKED)).message.parts
    assert [(type(part), getattr(part, "content", None)) for part in parts] == [(Reasoning, "hm"), (Text, "hello")]


FAILURES = [
    (400, Permanent),
    (401, Fatal),
    (403, Fatal),
    (413, Permanent),
    (422, Permanent),
    (408, Retryable),
    (409, Retryable),
    (429, Throttled),
    (500, Unanswered),
    (503, Unanswered),
    (529, Overloaded),
]


@over_http
@pytest.mark.parametrize(("status", "kind_of_error"), FAILURES)
async def test_failures_say_what_to_do(kind: str, status: int, kind_of_error: type[UnderstudyError]) -> None:
    """Errors are sorted by what helps, carry the provider's words, cost nothing, and are not tried again in secret."""
    async with serving(kind) as (provider, server):
        server.fail("m", status, times=None)
        with pytest.raises(UnderstudyError, match=f"a planned failure with status {status}") as failed:
            await provider.complete(ASKED)
    assert type(failed.value) is kind_of_error
    assert not failed.value.paid
    assert server.calls["m"] == 1


@over_http
async def test_an_unknown_model_is_fatal(kind: str) -> None:
    """A model that does not exist will not exist for the next challenge either."""
    async with serving(kind, model="absent") as (provider, _):
        with pytest.raises(Fatal, match="absent") as refused:
            await provider.complete(ASKED)
    assert "`model`" in (refused.value.hint or "")


@over_http
@pytest.mark.parametrize("headers", [{"retry-after": "30"}, {"retry-after-ms": "30000"}])
async def test_a_long_wait_is_not_slept_through(kind: str, headers: dict[str, str]) -> None:
    """A Retry-After of half a minute comes back at once, with the time."""
    async with serving(kind) as (provider, server):
        server.fail("m", 429, times=None, headers=headers)
        with pytest.raises(Retryable) as refused:
            await provider.complete(ASKED)
    assert refused.value.retry_after_s == 30
    assert server.calls["m"] == 1


@over_http
async def test_a_server_may_say_that_trying_again_is_no_use(kind: str) -> None:
    """`x-should-retry` wins over what the status alone would mean."""
    async with serving(kind) as (provider, server):
        server.fail("m", 500, headers={"x-should-retry": "false"})
        server.fail("m", 400, headers={"x-should-retry": "true"})
        for soon in (False, True):
            with pytest.raises(Retryable) as failed:
                await provider.complete(ASKED)
            assert failed.value.soon is soon


@over_http
async def test_waiting_is_not_latency(kind: str) -> None:
    """A failed try, the wait after it and the wait for a free place are no part of what the model took."""
    async with serving(kind) as (provider, server):
        server.latency_s = 0.2
        server.fail("m", 503, headers={"retry-after": "0.5"})
        asking = model(provider, Limits(concurrency=1))
        began = time.perf_counter()
        answers = await asyncio.gather(*(asking.ask(asked(number)) for number in range(3)))
        took_s = time.perf_counter() - began
    assert took_s > 1.0
    latencies = [answer.latency_s or 0.0 for answer in answers]
    assert min(latencies) >= 0.2
    # One after another and never while anybody waits: a busy machine adds to both sides.
    assert sum(latencies) < took_s - 0.4
    assert server.calls["m"] == 4


@over_http
async def test_what_is_left_is_told(kind: str) -> None:
    """Where the headers say that nothing is left, the answer says for how long; what is stored of it does not."""
    async with serving(kind) as (provider, server):
        server.ration = Ration(2, window_s=30)
        first, last = [await provider.complete(asked(number)) for number in range(2)]
        with pytest.raises(Throttled) as refused:
            await provider.complete(ASKED)
    assert first.exhausted_s is None
    assert last.exhausted_s == pytest.approx(30, abs=2)
    assert refused.value.retry_after_s == pytest.approx(30, abs=2)
    assert "exhausted" not in last.model_dump_json()


@over_http
async def test_a_hung_server_is_given_up(kind: str) -> None:
    """The time-out bounds the whole call, tries included."""
    async with serving(kind, timeout_s=0.3) as (provider, server):
        server.hang("m", times=None)
        began = time.perf_counter()
        with pytest.raises(Unanswered, match=r"within 0\.3 s") as failed:
            await provider.complete(ASKED)
    assert failed.value.paid
    assert time.perf_counter() - began < 2


@over_http
async def test_an_unreachable_server_may_come_back(kind: str) -> None:
    """A refused connection says which address, may be tried later, and cost nothing."""
    refused = r"http://127\.0\.0\.1:9 could not be reached: ConnectionRefusedError"
    async with serving(kind, base_url="http://127.0.0.1:9") as (provider, _):
        with pytest.raises(Unanswered, match=refused) as failed:
            await provider.complete(ASKED)
    assert not failed.value.paid


@over_http
async def test_a_name_that_nobody_knows_costs_nothing(kind: str) -> None:
    """Where there is no address, nothing was sent."""
    async with serving(kind, base_url="http://nowhere.invalid") as (provider, _):
        with pytest.raises(Unanswered, match="could not be reached") as failed:
            await provider.complete(ASKED)
    assert not failed.value.paid


@over_http
async def test_a_server_that_takes_no_connection_costs_nothing(kind: str) -> None:
    """A full queue of connections is a time-out before anything was sent."""
    full = socket.create_server(("127.0.0.1", 0), backlog=0)
    waiting = [socket.socket() for _ in range(4)]
    for each in waiting:
        each.settimeout(0)
        each.connect_ex(full.getsockname())
    async with serving(kind, timeout_s=1.0, base_url=f"http://127.0.0.1:{full.getsockname()[1]}") as (provider, _):
        with pytest.raises(Unanswered) as failed:
            await provider.complete(ASKED)
    for each in (*waiting, full):
        each.close()
    assert not failed.value.paid


@over_http
@pytest.mark.parametrize("said", [b"what?\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"])
async def test_a_broken_connection_may_be_tried_later(kind: str, said: bytes) -> None:
    """A server that speaks no HTTP, hangs up, or stops in mid-answer is retryable, and may have sent a bill."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, serving(kind, base_url=f"http://127.0.0.1:{port}") as (provider, _):
        with pytest.raises(Unanswered, match="could not be reached") as failed:
            await provider.complete(ASKED)
    assert failed.value.paid


MALFORMED = [
    b"<html>maintenance</html>",
    b"[]",
    b"{}",
    b"null",
    b'{"choices": [], "content": null}',
    b'{"choices": [{"message": null, "finish_reason": "stop"}], "role": "assistant", "content": [{"type": "text"}]}',
    b'{"choices": [{"message": {"content": 5}, "finish_reason": "stop"}], "role": "assistant", "content": 5}',
    b'{"choices": [{"message": {"tool_calls": [{}]}, "finish_reason": "stop"}], "role": "user"}',
]


@over_http
@pytest.mark.parametrize("body", MALFORMED)
async def test_nonsense_is_no_answer(kind: str, body: bytes) -> None:
    """A body with status 200 that holds no answer is never taken for one, and may be on the bill."""
    async with serving(kind) as (provider, server):
        server.fail("m", 200, body=body)
        with pytest.raises(Retryable) as failed:
            await provider.complete(ASKED)
    assert failed.value.paid


def _shown(error: BaseException, provider: Provider) -> str:
    """Return everything a log could show of both."""
    shown = traceback.format_exception(error)
    return "".join([*shown, repr(error), str(getattr(error, "hint", "")), repr(provider), provider.model_dump_json()])


@over_http
@pytest.mark.parametrize("status", [400, 401, 429, 500])
async def test_the_key_is_never_shown(kind: str, status: int) -> None:
    """No error, traceback or configuration shows the key, even when the server repeats it."""
    async with serving(kind) as (provider, server):
        server.fail("m", status, body=b'{"error": {"message": "bad key %s", "code": "x"}}' % KEY.encode())
        with pytest.raises((Fatal, Permanent, Retryable)) as refused:
            await provider.complete(ASKED)
        assert KEY not in _shown(refused.value, provider)
        assert "bad key [key]" in str(refused.value)


@over_http
async def test_a_missing_key_names_its_variable(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key the hint says which variable to set, and nothing is sent."""
    monkeypatch.delenv("TEST_PROVIDER_KEY")
    async with serving(kind) as (provider, server):
        with pytest.raises(Fatal) as refused:
            await provider.complete(ASKED)
    assert "TEST_PROVIDER_KEY" in (refused.value.hint or "")
    assert not server.calls


@over_http
async def test_an_unsupported_parameter_is_not_sent(kind: str) -> None:
    """What the configuration calls unsupported stays away, and is named as lost."""
    async with serving(kind, unsupported=("temperature",), extra_body={"top_k": 3}) as (provider, server):
        await provider.complete(ASKED)
        assert provider.losses(ASKED) == ("temperature",)
    assert "temperature" not in server.seen[0].body
    assert server.seen[0].body["top_k"] == 3


@over_http
async def test_nothing_throttles_256_calls_at_once(kind: str) -> None:
    """All calls that the limits allow are under way together."""
    async with serving(kind) as (provider, server):
        server.latency_s = 0.5
        asking = model(provider, Limits(concurrency=256))
        await asyncio.gather(*(asking.ask(asked(number)) for number in range(256)))
    assert server.most_in_flight == 256
    assert server.calls["m"] == 256


async def test_a_gateway_may_name_the_cost() -> None:
    """OpenRouter says what a call cost, and that is believed."""
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "cost": 0.0125}
    async with serving("openai_compatible", Reply("hello", extra={"usage": usage})) as (provider, _):
        answer = await provider.complete(ASKED)
    assert (answer.cost_usd, answer.usage.input_tokens) == (0.0125, 5)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"error": {"code": 429, "message": "slow down"}}', Throttled),
        (b'{"error": {"code": 400, "message": "slow down"}}', Permanent),
        (b'{"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "slow down"}}]}', Unanswered),
    ],
)
async def test_a_gateway_may_hide_an_error_in_an_answer(body: bytes, error: type[UnderstudyError]) -> None:
    """An error that comes with status 200 is an error all the same; one in place of an answer's end may be billed."""
    async with serving("openai_compatible") as (provider, server):
        server.fail("m", 200, body=body)
        with pytest.raises(error, match="slow down") as failed:
            await provider.complete(ASKED)
    assert failed.value.paid == (b"choices" in body)


async def test_a_server_of_ones_own_needs_no_key() -> None:
    """Without `api_key_env` no authorization is sent."""
    async with ModelServer({"m": lambda _: "hello"}) as server:
        cls: Callable[..., Provider] = load(Provider, "openai_compatible", package=PACKAGE)
        provider = cls(model="m", base_url=server.url + "/v1")
        answer = await provider.complete(ASKED)
        await provider.aclose()
    assert answer.message.text == "hello"
    assert "authorization" not in server.seen[0].headers


async def test_older_gateways_get_the_older_headers() -> None:
    """With a version of its own, Anthropic's dialect sends it, and the key where it used to be."""
    async with serving("anthropic", anthropic_version="2023-06-01") as (provider, server):
        await provider.complete(ASKED)
    assert server.seen[0].headers["anthropic-version"] == "2023-06-01"
    assert server.seen[0].headers["x-api-key"] == KEY


async def test_a_long_answer_from_anthropic_needs_no_streaming() -> None:
    """The SDK's own guard against long answers does not stop a replay with a large limit."""
    async with serving("anthropic", max_tokens=64_000) as (provider, server):
        await provider.complete(ASKED.model_copy(update={"parameters": Parameters()}))
    assert server.seen[0].body["max_tokens"] == 64_000


@every_kind
async def test_long_numbers_in_arguments_are_kept(kind: str) -> None:
    """An id of twenty digits or more arrives digit by digit, on every wire."""
    call = ToolCall(id="a1", name="get", arguments='{"id":123456789012345678901234567890}')
    body = (
        b'{"role": "assistant", "content": [{"type": "tool_use", "id": "a1", "name": "get", "input": '
        b'{"id": 123456789012345678901234567890}}], "stop_reason": "tool_use", "choices": [{"finish_reason": '
        b'"tool_calls", "message": {"content": null, "tool_calls": [{"id": "a1", "type": "function", "function": '
        b'{"name": "get", "arguments": "{\\"id\\":123456789012345678901234567890}"}}]}}]}'
    )
    async with serving(kind, Reply(tool_calls=(call,))) as (provider, server):
        server.fail("m", 200, body=body)
        assert (await provider.complete(ASKED)).message.tool_calls == (call,)
