"""Trace → its model calls, each read; what was one and cannot be read is lost, with its reason. Pure.

1. *Generations are the calls.* Agents, chains and spans repeat what their generations say, often without the system
   prompt and the tools.
2. *What a framework asks for itself is nobody's turn*: names of conversations, suggested questions, Langfuse's own
   evaluators. It is filtered by name, with all that lies within it, and counted.
3. *A trace without any call is read at its root*, where simple applications log question and answer; so is one with a
   single generation that nobody can read, and then the reading says so. Where tools or searches ran inside, the
   pair is an agent's whole run: a challenger without them would be judged for lacking them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from connector.calls.tree import Tree
from connector.formats.detect import read_call
from connector.formats.format import Format, Unusable
from connector.traces import Call, Observation, Trace
from connector.types import Fate

FALLEN_BACK = "question and answer of the trace, for its only call could not be read"
"""Named among a call's repairs."""

_WRAPPERS = ("SPAN", "AGENT", "CHAIN")
_USED = ("TOOL", "RETRIEVER")
_NOTHING: tuple[Any, ...] = (None, "", {}, [])
# fmt: off
_OWN_BUSINESS = {
    "suggested_question": "Dify", "generate_conversation_name": "Dify", "moderation": "Dify",
    "title_generation": "Open WebUI", "tags_generation": "Open WebUI", "emoji_generation": "Open WebUI",
    "query_generation": "Open WebUI", "follow_up_generation": "Open WebUI", "autocomplete_generation": "Open WebUI",
    "image_prompt_generation": "Open WebUI", "function_calling": "Open WebUI", "moa_response_generation": "Open WebUI",
    "Execute evaluator": "Langfuse",
}
# fmt: on
"""Names of what frameworks ask models for themselves; Open WebUI's filter adds the chat's id after a colon."""
_TASK = ("### Task:", "### Chat History:")
"""How Open WebUI begins such a question and where it puts the chat, whoever logs it: a proxy knows no names."""


class Lost(NamedTuple):
    """What should have been a call."""

    observation: Observation
    why: Unusable


class Read(NamedTuple):
    """All candidates of a trace, oldest first."""

    calls: list[Call]
    lost: list[Lost]


def read_calls(trace: Trace, tree: Tree, formats: tuple[Format, ...]) -> Read:
    """Read the generations of `trace`, else what stands in for them."""
    generations = [each for each in tree.observations.values() if each.type == "GENERATION"]
    read = _read(generations, tree, formats)
    if not _may_fall_back(read):
        return read
    spare = _read(list(_whole_runs(trace, tree)), tree, formats)
    if not generations:
        return spare
    named = [call.model_copy(update={"repairs": (*call.repairs, FALLEN_BACK)}) for call in spare.calls]
    return Read(named, read.lost) if any(call.answer for call in named) else read


def _read(candidates: list[Observation], tree: Tree, formats: tuple[Format, ...]) -> Read:
    read = Read([], [])
    for observation in candidates:
        try:
            read.calls.append(_call(observation, tree, formats))
        except Unusable as error:
            read.lost.append(Lost(observation, error))
    return read


def _call(observation: Observation, tree: Tree, formats: tuple[Format, ...]) -> Call:
    for each in (observation, *tree.above(observation.id)):
        if asks := _OWN_BUSINESS.get((each.name or "").partition(":")[0]):
            raise Unusable(Fate.FILTERED, f"what {asks} asks for itself")
    if observation.level == "ERROR":
        raise Unusable(Fate.FAILED, "the call ended in an error")
    if observation.type != "GENERATION" and any(each.type in _USED for each in tree.observations.values()):
        raise Unusable(Fate.UNREPLAYABLE, "a run with tools, of which no model call was logged")
    call = read_call(observation, formats)
    if len(call.messages) == 1 and all(mark in call.messages[0].text for mark in _TASK):
        raise Unusable(Fate.FILTERED, "what Open WebUI asks for itself")
    return call


def _may_fall_back(read: Read) -> bool:
    """Not where production's call failed or was nobody's turn; nor with several calls: their run is no one call."""
    return not read.calls and len(read.lost) <= 1 and all(each.why.fate is Fate.UNREADABLE for each in read.lost)


def _whole_runs(trace: Trace, tree: Tree) -> Iterator[Observation]:
    """Yield the roots that say something, else what servers before v4 may hold beside the observations."""
    roots = [root for root in tree.roots() if root.type in _WRAPPERS]
    telling = [root for root in roots if root.input not in _NOTHING or root.output not in _NOTHING]
    yield from telling
    if not telling and (trace.input not in _NOTHING or trace.output not in _NOTHING):
        whole = {"id": trace.id, "trace_id": trace.id, "started_at": trace.started_at, "environment": trace.environment}
        yield Observation.model_validate(whole | {"input": trace.input, "output": trace.output})
