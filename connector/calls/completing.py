"""Calls whose system prompt or tools were logged on the run around them → calls that have them. Pure.

Formats read what stands beside a call in its own attributes. What is left is lent by its run: the nearest agent around
it, or a generation that turned out to be a run. It lends to calls that ask what it was asked itself; where a tool asks
something of a model, the tool stands between. The call says so in `repairs`.
"""

from __future__ import annotations

from collections.abc import Sequence

from connector.calls.likeness import squeezed
from connector.calls.richness import with_system
from connector.calls.tree import Tree
from connector.formats.completed import completed
from connector.formats.detect import read_call
from connector.formats.format import Format, Reading, Unusable
from connector.traces import Call, Glance, Observation, Use
from rollouts.types import Message, ToolDefinition

FROM_RUN = "its system prompt or tools came from the run around it"
"""Named among a call's repairs."""


def told_by_runs(
    calls: Sequence[Call], tree: Tree, formats: tuple[Format, ...], copies: Sequence[Glance]
) -> tuple[list[Call], list[Glance]]:
    """Complete calls from the agents and the `copies` around them; each that lent something gets a glance."""
    runs = {glance.observation_id for glance in copies}
    known: dict[str, Reading] = {}
    found, glances = list[Call](), list[Glance]()
    for call in calls:
        run = tree.nearest(call.observation_id, lambda each: each.type in ("AGENT", "TOOL") or each.id in runs)
        lent = call
        if run is not None and run.type != "TOOL" and is_wanting(call):
            known[run.id] = known[run.id] if run.id in known else _reading(run, formats)
            lent = _lent_by_run(call, known[run.id])
        if lent is not call and run is not None:
            glances.append(Glance(observation_id=run.id, use=Use.CONTEXT, reason=FROM_RUN, of=call.observation_id))
        found.append(lent)
    return found, glances


def is_wanting(call: Call) -> bool:
    """Whether a call has no system prompt or no tools."""
    return not call.tools or not any(message.role == "system" for message in call.messages)


def _reading(run: Observation, formats: tuple[Format, ...]) -> Reading:
    """Read what a run was asked, as far as anything can be read of it."""
    try:
        call = read_call(run.model_copy(update={"output": None}), formats)
        return Reading(messages=call.messages, tools=call.tools)
    except Unusable:
        pass
    try:
        return completed(Reading(messages=()), run)
    except Unusable:
        return Reading(messages=())


def _lent_by_run(call: Call, run: Reading) -> Call:
    """Lend to a call that asks what its run was asked, and that has no prompt of its own."""
    asked, own = _said_by("user", run.messages), _said_by("user", call.messages)
    prompts = {_said_by("system", run.messages), _said_by("system", call.messages)} - {""}
    if not own or asked not in ("", own) or len(prompts) > 1:
        return call
    return lent(call, run.messages, run.tools, FROM_RUN)


def lent(call: Call, messages: tuple[Message, ...], tools: tuple[ToolDefinition, ...], why: str) -> Call:
    """Return the call with the system prompt among `messages` and with `tools`, where it has none of its own."""
    whole = with_system(call.messages, messages)
    tools = call.tools or (tools if call.parameters.tool_choice != "none" else ())
    if len(whole) == len(call.messages) and tools == call.tools:
        return call
    repairs = call.repairs if why in call.repairs else (*call.repairs, why)
    return call.model_copy(update={"messages": whole, "tools": tools, "repairs": repairs})


def _said_by(role: str, messages: Sequence[Message]) -> str:
    """Return the first words of one role, without white space."""
    return next((squeezed(message.text) for message in messages if message.role == role), "")
