"""Converse messages come back, with what Bedrock keeps in odd places."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.repairs import Repair
from rollouts.types import Media, Message, NamedTool, Reasoning, Text, ToolResult
from tests.dialogues import answer_of, dialogues, logged, only_unusable, quick, reread, thorough
from tests.writers.anthropic import bedrock as written

HEY = {"role": "user", "content": [{"text": "hey"}]}


@quick
@given(dialogues())
def test_converse_messages_come_back(messages: tuple[Message, ...]) -> None:
    """The same turns, ids and arguments."""
    assert reread(written(messages)) == ("bedrock_converse", messages)


def test_tools_parameters_and_choice() -> None:
    """From `toolConfig` and `inferenceConfig`."""
    spec = {"name": "weather", "description": "d", "inputSchema": {"json": {"type": "object"}}}
    config = {"tools": [{"toolSpec": spec}, {"cachePoint": {}}], "toolChoice": {"tool": {"name": "weather"}}}
    body = {"messages": [HEY], "toolConfig": config, "inferenceConfig": {"maxTokens": 9, "stopSequences": ["x"]}}
    call = read_call(logged(body, {"role": "assistant", "content": [{"text": "hello"}]}))
    assert [(tool.name, tool.parameters) for tool in call.tools] == [("weather", {"type": "object"})]
    assert (call.parameters.max_tokens, call.parameters.stop) == (9, ("x",))
    assert call.parameters.tool_choice == NamedTool(name="weather")


def test_thoughts_in_either_place() -> None:
    """Claude's in a block with its seal, Nova's in the text, which is named."""
    sealed = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
    for block, repairs in ((sealed, ()), ({"text": "<thinking> hm </thinking>\nhello"}, (Repair.THOUGHTS,))):
        call = read_call(logged([HEY], {"role": "assistant", "content": [block]}))
        thought = answer_of(call).parts[0]
        assert isinstance(thought, Reasoning)
        assert (thought.content, call.repairs) == ("hm", repairs)


def test_results_before_words_and_with_images() -> None:
    """JSON and images in a result; what the user adds follows it."""
    content = [{"json": {"a": 1}}, {"image": {"format": "png", "source": {"bytes": "aGk="}}}]
    result = {"toolResult": {"toolUseId": "c", "content": content, "status": "error"}}
    used = {"role": "assistant", "content": [{"toolUse": {"toolUseId": "c", "name": "f", "input": {}}}]}
    call = read_call(logged([HEY, used, {"role": "user", "content": [{"text": "and?"}, result]}], "hello"))
    image = Media(type="blob", modality="image", content="aGk=", mime_type="image/png")
    assert call.messages[2].parts == (ToolResult(id="c", response='{"a":1}', media=(image,), is_error=True),)
    assert call.messages[3].parts == (Text(content="and?"),)


@thorough
@given(st.data(), dialogues())
def test_damage_is_unusable_at_worst(data: st.DataObject, messages: tuple[Message, ...]) -> None:
    """Nothing but `Unusable` leaves a reader."""
    only_unusable(data, written(messages))
