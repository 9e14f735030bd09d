"""The scripted models' server is a fake that other tests lean on, so it is held to what the real ones do."""

import asyncio
import os
import signal
import sys

import anthropic
import openai
import pytest

from connector.demo.model_dialects import Reply
from connector.demo.models import ModelServer
from rollouts.types import ToolCall, Usage

CALL = ToolCall(id="1", name="get", arguments='{"a":1}')
USAGE = Usage(input_tokens=50, output_tokens=9, cached_input_tokens=20, cache_write_tokens=10)


async def test_openais_own_client_reads_it() -> None:
    """The SDK's models accept an answer with text, calls and usage."""
    async with (
        ModelServer({"m": lambda _: Reply("hey", tool_calls=(CALL,), usage=USAGE)}) as server,
        openai.AsyncOpenAI(api_key="k", base_url=server.url + "/v1") as client,
    ):
        answer = await client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        listed = [model.id async for model in client.models.list()]
    [choice] = answer.choices
    assert (choice.message.content, choice.finish_reason) == ("hey", "tool_calls")
    assert choice.message.tool_calls is not None
    assert choice.message.tool_calls[0].model_dump()["function"] == {"name": "get", "arguments": '{"a":1}'}
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (50, 9)
    assert listed == ["m"]


async def test_anthropics_own_client_reads_it() -> None:
    """The SDK's models accept the same answer in Anthropic's words, where cached tokens are counted apart."""
    async with (
        ModelServer({"m": lambda _: Reply("hey", tool_calls=(CALL,), usage=USAGE)}) as server,
        anthropic.AsyncAnthropic(api_key="k", base_url=server.url, open_telemetry=False) as client,
    ):
        answer = await client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert [block.type for block in answer.content] == ["text", "tool_use"]
    assert answer.stop_reason == "tool_use"
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (20, 20, 10)


async def test_it_counts_by_model_and_by_body() -> None:
    """What was asked twice is seen, and a behaviour may look at the request and take its time."""

    async def echo(body: dict[str, list[dict[str, str]]]) -> str:
        await asyncio.sleep(0)
        return body["messages"][0]["content"].upper()

    async with (
        ModelServer({"m": echo}, otherwise=lambda _: "other") as server,
        openai.AsyncOpenAI(api_key="k", base_url=server.url) as client,
    ):
        said = [
            (await client.chat.completions.create(model=name, messages=[{"role": "user", "content": text}]))
            .choices[0]
            .message.content
            for name, text in (("m", "a"), ("m", "a"), ("m", "b"), ("n", "a"))
        ]
    assert said == ["A", "A", "B", "other"]
    assert server.calls == {"m": 3, "n": 1}
    assert sorted(server.bodies.values()) == [1, 1, 2]


async def test_planned_faults_come_in_order_and_end() -> None:
    """A fault lasts as often as it was planned, then the model answers again; a lasting one until it is healed."""
    async with (
        ModelServer({"m": lambda _: "ok"}) as server,
        openai.AsyncOpenAI(api_key="k", base_url=server.url, max_retries=0) as client,
    ):
        ask = client.chat.completions.with_raw_response.create
        server.fail("m", 500)
        server.fail("m", 429, headers={"retry-after": "9"})
        with pytest.raises(openai.InternalServerError, match="a planned failure with status 500"):
            await ask(model="m", messages=[])
        with pytest.raises(openai.RateLimitError) as limited:
            await ask(model="m", messages=[])
        assert limited.value.response.headers["retry-after"] == "9"
        assert (await ask(model="m", messages=[])).status_code == 200
        server.hang("m", times=None)
        with pytest.raises(openai.APITimeoutError):
            await ask(model="m", messages=[], timeout=0.1)
        server.heal("m")
        assert (await ask(model="m", messages=[])).status_code == 200


async def test_it_runs_in_a_process_of_its_own() -> None:
    """The command prints where it listens, answers there, and ends on an interrupt."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "connector.demo.models", "--port", "0", "--answer", "hey"),
        stdout=asyncio.subprocess.PIPE,
        # A shell that runs the tests in the background makes all its children deaf to interrupts.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert process.stdout is not None
    try:
        url = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
        async with openai.AsyncOpenAI(api_key="k", base_url=url + "/v1") as client:
            answer = await client.chat.completions.create(model="any", messages=[{"role": "user", "content": "x"}])
        assert answer.choices[0].message.content == "hey"
    finally:
        os.kill(process.pid, signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 0
