import pytest

from rollouts.errors import Permanent
from rollouts.providers.scripted import REMEMBERED, Scripted
from rollouts.types import Completion, Request, ToolCall, Usage

ASKED = Request(key="k", messages=())


async def test_answers_come_in_order_and_again() -> None:
    """Texts and tool calls follow the script, which begins again at its end, and every request is remembered."""
    call = ToolCall(id="1", name="f", arguments="{}")
    model = Scripted(answers=("a", (call,)), usage=Usage(input_tokens=3, output_tokens=2))
    first, second, third = [await model.complete(ASKED) for _ in range(3)]
    assert [answer.message.text for answer in (first, second, third)] == ["a", "", "a"]
    assert (second.message.tool_calls, second.finish_reason) == ((call,), "tool_calls")
    assert (first.usage.input_tokens, first.cost_usd, first.finish_reason) == (3, 0.0, "stop")
    assert (model.calls, model.requests[0]) == (3, ASKED)


async def test_a_script_may_end() -> None:
    """Without repeating, the model refuses to go on."""
    model = Scripted(answers=("a",), repeat=False)
    assert isinstance(await model.complete(ASKED), Completion)
    with pytest.raises(Permanent, match="the script is over"):
        await model.complete(ASKED)


def test_it_is_configured_like_any_other() -> None:
    """A table of config.toml makes one, tool calls included."""
    table = {"answers": ["a", [{"id": "1", "name": "f", "arguments": "{}"}]]}
    assert Scripted.model_validate(table).answers == ("a", (ToolCall(id="1", name="f", arguments="{}"),))


async def test_it_counts_all_and_remembers_the_last() -> None:
    """A long rehearsal does not fill the memory with its questions."""
    model = Scripted(answers=("a", "b", "c"))
    for number in range(REMEMBERED + 5):
        await model.complete(Request(key=str(number), messages=()))
    assert model.calls == REMEMBERED + 5
    assert [request.key for request in model.requests] == [str(number) for number in range(5, REMEMBERED + 5)]
    assert (await model.complete(ASKED)).message.text == "abc"[(REMEMBERED + 5) % 3]
