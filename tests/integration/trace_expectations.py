"""In what the reading of a trace differs from the one that a sample's manifest expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from connector.calls.stitch import STITCHED
from connector.traces import Call, Use
from connector.types import Assembly
from rollouts.types import Challenge
from tests.integration.expectations import bare, calls, roles

Want = dict[str, Any]


def trace_differences(assembly: Assembly, turns: Sequence[Challenge], want: Want) -> list[str]:
    """Name everything in which calls and turns differ from what is expected.

    Turns that are left out by default are compared as calls all the same, except where none is accepted.
    """
    sources = [turn.origin.observation_id for turn in turns]
    read = {call.observation_id: call for call in assembly.conversation.calls if call.answer is not None}
    none_is_right = not read and 0 in (want["unique_turns"], want.get("turns_alt"))
    wrong = list(_intruders(assembly, sources, want))
    if none_is_right:
        return wrong if assembly.lost else [*wrong, "nothing says why there is no turn"]
    if len(read) not in (want["unique_turns"], want.get("turns_alt")):
        wrong.append(f"{len(read)} turns instead of {want['unique_turns']}: {sorted(read)}")
    if (turns or want["usable"] == "yes") and len(sources) != len(read):
        wrong.append(f"turns of {sources} and calls of {sorted(read)}")
    if len(read) == want["unique_turns"]:
        wrong += [each for turn in want["turns"] for each in _turn(read.get(turn["source"]), turn)]
        wrong += _conversations(list(read.values()), want)
    return wrong


def _intruders(assembly: Assembly, sources: Sequence[str | None], want: Want) -> Iterator[str]:
    """Yield the observations that gave a turn and must not."""
    idle = {each["id"] for each in want["not_turns"]} | {copy for turn in want["turns"] for copy in turn["duplicates"]}
    read = {call.observation_id for call in assembly.conversation.calls}
    seen = {glance.observation_id for glance in assembly.glances if glance.use is Use.CALL}
    yield from (f"{one} gave a turn" for one in sorted(idle & (read | seen | {*filter(None, sources)})))


def _turn(call: Call | None, want: Want) -> Iterator[str]:
    if call is None or call.answer is None:
        yield f"no turn of {want['source']}"
        return
    said, allowed = call.answer.message, [want["history_roles"]]
    if want.get("stitch_optional"):
        allowed.append(want["history_roles_unstitched"])
    if roles(call.messages) not in allowed:
        yield f"{want['source']}: history of {roles(call.messages)} instead of {want['history_roles']}"
    if want.get("stitched") and roles(call.messages) == want["history_roles"] and STITCHED not in call.repairs:
        yield f"{want['source']}: completed without saying so"
    if calls([said]) != want["tool_calls"]:
        yield f"{want['source']}: calls of {calls([said])} instead of {want['tool_calls']}"
    if not bare(said.text).startswith(bare(want["text_prefix"])):
        yield f"{want['source']}: {said.text[:80]!r} instead of {want['text_prefix']!r}"


def _conversations(read: Sequence[Call], want: Want) -> Iterator[str]:
    """Calls are of one conversation that begin with the same words under the same prompt."""
    begun = {
        tuple(next((m.text for m in call.messages if m.role == role), "") for role in ("system", "user"))
        for call in read
    }
    if len(begun) not in (want["conversations"], want.get("conversations_alt")):
        yield f"{len(begun)} conversations instead of {want['conversations']}"
