"""In what a reading differs from the one that a sample's manifest expects."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from connector.formats.repairs import Repair
from connector.split import split
from connector.traces import Call, Conversation, Trace
from connector.turns.worth import TurnRules
from connector.types import Disposition
from rollouts.canonical import fingerprint
from rollouts.types import Challenge, Media, Message, Reasoning, Text, ToolCall, ToolResult

Want = dict[str, Any]


def bare(text: str | None) -> str:
    """Return text without any white space."""
    return re.sub(r"\s+", "", text or "")


def roles(messages: Iterable[Message]) -> list[str]:
    """Return the roles, one `tool` for each result."""
    counted = ((m.role, sum(isinstance(part, ToolResult) for part in m.parts)) for m in messages)
    return [role for role, results in counted for _ in range(max(1, results) if role == "tool" else 1)]


def calls(messages: Iterable[Message]) -> list[str]:
    """Return the names of the tools called, in order."""
    return [part.name for message in messages for part in message.parts if isinstance(part, ToolCall)]


def differences(call: Call, want: Want) -> list[str]:
    """Name everything in which a reading differs from what is expected."""
    return [
        *_structure(call, want),
        *_texts(call, want),
        *_figures(call, want),
        *_turns(call, want),
        *_flaws(call, want),
    ]


def _answer(call: Call) -> tuple[Message, ...]:
    return (call.answer.message,) if call.answer else ()


def _moves(want: Want) -> bool:
    """Whether the last message of the input may as well be taken for the answer."""
    return bool(not want["output_roles"] and want["input_roles"][-1:] == ["assistant"])


def _structure(call: Call, want: Want) -> Iterator[str]:
    if not want.get("tools_optional") and sorted(tool.name for tool in call.tools) != sorted(want["tools_defined"]):
        yield f"tools_defined: {[tool.name for tool in call.tools]} instead of {want['tools_defined']}"
    history, answer = call.messages, _answer(call)
    if want.get("transcript_output") or _moves(want) or want.get("output_repeats_last_message"):
        yield from _whole(history, answer, want)
        return
    found = {"input_tool_calls": calls(history), "output_roles": roles(answer), "output_tool_calls": calls(answer)}
    yield from (f"{key}: {value} instead of {want[key]}" for key, value in found.items() if value != want[key])
    if roles(history) not in [want["input_roles"], *_other_roles(want)]:
        yield f"input_roles: {roles(history)} instead of {want['input_roles']}"


def _other_roles(want: Want) -> list[list[str]]:
    others: list[Any] = want.get("input_roles_alt", [])
    return others if not others or isinstance(others[0], list) else [others]


def _whole(history: Iterable[Message], answer: Iterable[Message], want: Want) -> Iterator[str]:
    """Compare history and answer as one: an output may repeat its input, or the end of it."""
    whole = [*history, *answer]
    asked, answered = want["input_roles"], want["output_roles"]
    repeats = len(asked) if want.get("transcript_output") and answered[: len(asked)] == asked else 0
    expected = [[*one, *answered[repeats:]] for one in (asked, *_other_roles(want))]
    if want.get("output_repeats_last_message"):
        expected = [one[: -len(answered)] for one in expected]
    if roles(whole) not in expected:
        yield f"roles: {roles(whole)} instead of {expected}"
    again = [] if want.get("output_repeats_last_message") else want["output_tool_calls"]
    called = [*want["input_tool_calls"], *again]
    if calls(whole) != called:
        yield f"calls: {calls(whole)} instead of {called}"


def _texts(call: Call, want: Want) -> Iterator[str]:
    history, answer = call.messages, () if _moves(want) else _answer(call)
    systems = [m.text for m in history if m.role == "system"][:1]
    users = [m.text for m in history if m.role == "user"][-1:]
    for key, other, texts in (("system_prefix", "system_alt", systems), ("last_user_prefix", "", users)):
        expected = [bare(str(want[name])) for name in (key, other) if want.get(name) is not None]
        if expected and not any(bare(text).startswith(prefix) for text in texts for prefix in expected):
            yield f"{key}: {texts} instead of {expected}"
    yield from _result(history, want)
    last = [m for m in (*history, *answer) if m.role == "assistant"][-1:]
    if answer and not _is_expected(last[0].text, want):
        yield f"answer_text_prefix: {last[0].text[:80]!r} instead of {want['answer_text_prefix']!r}"


def _result(history: Iterable[Message], want: Want) -> Iterator[str]:
    results = [part.response for message in history for part in message.parts if isinstance(part, ToolResult)]
    expected, shown = want["last_tool_result_prefix"], bare(results[-1] if results else "")
    texts = (shown, shown.replace("\\", ""))
    if expected is not None and not any(
        bare(one) in text for one in (expected, expected.replace("\\", "")) for text in texts
    ):
        yield f"last_tool_result_prefix: {shown[:80]} instead of {expected!r}"


def _is_expected(said: str, want: Want) -> bool:
    named = [want["answer_text_prefix"], *(want[key] for key in ("answer_alt", "output_text_alt") if key in want)]
    allowed = [item for one in named for item in (one if isinstance(one, list) else [one])]
    if any(bare(said) == "" if one is None else bare(said).startswith(bare(str(one))) for one in allowed):
        return True
    return bool(want.get("answer_json")) and is_json(said)


def is_json(text: str) -> bool:
    """Tell whether text is JSON."""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _figures(call: Call, want: Want) -> Iterator[str]:
    parts = [part for message in (*call.messages, *_answer(call)) for part in message.parts]
    media = [m for p in parts for m in ((p,) if isinstance(p, Media) else p.media if isinstance(p, ToolResult) else ())]
    thoughtful = any(isinstance(part, Reasoning) for part in parts)
    if want["reasoning_present"] is not None and thoughtful != want["reasoning_present"]:
        yield f"reasoning_present: not {want['reasoning_present']}"
    kinds = ["file" if m.modality == "document" else m.modality for m in media]
    if kinds != want["media"]:
        yield f"media: {kinds} instead of {want['media']}"
    given = call.parameters.model_dump(mode="json", exclude_none=True)
    for name, value in want["params"].items():
        if name in type(call.parameters).model_fields and not _same(given.get(name), value):
            yield f"params.{name}: {given.get(name)!r} instead of {value!r}"
    yield from (f"params.{name}: must be absent" for name in want["params_absent"] if name in given)
    if want.get("model") and call.answer and call.answer.model != want["model"]:
        yield f"model: {call.answer.model} instead of {want['model']}"


def _same(found: Any, expected: Any) -> bool:
    if isinstance(expected, list) and isinstance(found, str):
        return [found] == expected
    if isinstance(expected, dict) and isinstance(found, dict):
        return bool(found)
    return bool(found == expected) or str(found).lower() == str(expected).lower()


def _turns(call: Call, want: Want) -> Iterator[str]:
    """Compare how often the assistant speaks, and how often there is somebody whom it answers."""
    whole = [*call.messages, *_answer(call)]
    spoken = [place for place, message in enumerate(whole) if message.role == "assistant"]
    asked = [place for place in spoken if any(message.role in {"user", "tool"} for message in whole[:place])]
    for key, found in (("n_assistant_turns", len(spoken)), ("n_challenges", len(asked))):
        if found != want[key]:
            yield f"{key}: {found} instead of {want[key]}"


def _flaws(call: Call, want: Want) -> Iterator[str]:
    """Compare what must be named: as a repair, as what the log lacks, or as the reason of a turn."""
    whole, made = [*call.messages, *_answer(call)], calls([*call.messages, *_answer(call)])
    named = {*call.repairs, *([call.lacks] if call.lacks else []), *_reasons(call)}
    broken = [p for m in whole for p in m.parts if isinstance(p, ToolCall) and not is_json(p.arguments)]
    last = [fingerprint(message) for message in (*call.messages[-1:], *_answer(call))]
    held = {
        "alternatives": Repair.ALTERNATIVES in named,
        "tools_builtin": Repair.PROVIDER_TOOLS in named and not {*made} & {*want.get("tools_builtin", [])},
        "tool_arguments_invalid": bool(broken),
        "orphan_tool_results": Repair.ORPHANS in named,
        "lossy": bool(named),
        "undeclared_tool_calls": "it calls a tool whose definition was not logged" in named,
        "output_repeats_last_message": len({*last}) == len(last),
        "last_input_is_answer": call.answer is not None and Repair.ANSWER_IN_INPUT in named,
    }
    yield from (f"{key}: not so" for key, holds in held.items() if want.get(key) and not holds)
    final = want.get("final_answer_prefix")
    if final and not any(part for part in _texts_of(whole[-1:]) if bare(part).startswith(bare(final))):
        yield f"final_answer_prefix: {_texts_of(whole[-1:])} instead of {final!r}"


def _texts_of(messages: Iterable[Message]) -> list[str]:
    return [part.content for message in messages for part in message.parts if isinstance(part, Text)]


def turns_of(call: Call) -> list[Challenge | Disposition]:
    """Return the turns of a trace that has no other call."""
    trace = Trace(id=call.trace_id, started_at=call.started_at)
    return [*split(Conversation(id=call.trace_id, trace=trace, calls=(call,)), TurnRules())]


def _reasons(call: Call) -> set[str]:
    return {turn.reason for turn in turns_of(call) if isinstance(turn, Disposition)}
