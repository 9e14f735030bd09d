"""What code has found out about the tool calls under judgement, written for a judge as certain facts.

The judge then decides only what code cannot: whether arguments that differ mean the same. All that comes from an answer
(names of tools, names of arguments) is quoted as JSON and neutralised; values of arguments are never quoted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from judges.faults import Fault, FaultKind, faults
from judges.identical import media
from judges.tool_calls import Comparison, Outcome, compare
from judges.transcript import neutralised
from judges.types import Seat
from rollouts.types import Challenge, Completion, Message, Rollout, ToolDefinition

_MOST_NAMED: Final = 8
"""Of any one thing; the rest is counted."""
_LINE_END = re.compile(r"[\x7f-\x9f\u2028\u2029]")  # which JSON leaves as they are
_NAME = re.compile(r"[A-Za-z0-9_.$\[\]:/-]{1,64}")
"""What tools and arguments are called; providers allow tools no more than this."""

_MEANING: Final = {
    FaultKind.TRUNCATED: "is cut off",
    FaultKind.NOT_AN_OBJECT: "has arguments that are no JSON object",
    FaultKind.UNKNOWN_TOOL: "names a tool that was not offered",
    FaultKind.MISSING_ARGUMENT: "lacks a required argument",
    FaultKind.SCHEMA: "has arguments that violate the tool's schema",
}


class Findings(NamedTuple):
    """What is certain about the calls of two answers."""

    compared: Comparison
    faults: tuple[tuple[Fault, ...], tuple[Fault, ...]]
    """The baseline's and the candidate's."""
    otherwise_alike: bool
    """Whether nothing but words and arguments tells them apart."""

    def text(self, seat: Seat) -> str | None:
        """Return the facts with the candidate in `seat`; `None` where neither answer calls anything."""
        compared = self.compared if seat == "B" else _turned(self.compared)
        if not (compared.baseline_calls or compared.candidate_calls):
            return None
        by_seat = self.faults if seat == "B" else self.faults[::-1]
        lines = [*_calls(compared), *_words(compared, otherwise_alike=self.otherwise_alike)]
        lines += [line for letter, some in zip("AB", by_seat, strict=True) for line in _faulty(letter, some)]
        return neutralised("\n".join(f"- {line}" for line in lines))


def between(challenge: Challenge, rollout: Rollout) -> Findings:
    """Return what code can say about the baseline's calls and the rollout's, under the schemas of the tools offered."""
    baseline, candidate, tools = challenge.baseline, rollout.completion, challenge.tools
    found = faults(baseline, tools), faults(candidate, tools)
    kinds = [sorted((fault.kind, fault.tool) for fault in some) for some in found]
    alike = kinds[0] == kinds[1] and media(baseline.message) == media(candidate.message)
    return Findings(compare(baseline.message, candidate.message, tools), found, alike)


def among(answers: Mapping[str, Completion], tools: Iterable[ToolDefinition]) -> str | None:
    """Return what is certain about the calls of any number of answers, by their seats."""
    offered = tuple(tools)
    if not any(answer.message.tool_calls for answer in answers.values()):
        return None
    lines = list(_groups({seat: answer.message for seat, answer in answers.items()}, offered))
    lines += [line for seat, answer in answers.items() for line in _faulty(seat, faults(answer, offered))]
    return neutralised("\n".join(f"- {line}" for line in lines)) or None


def calls_otherwise(challenge: Challenge, rollout: Rollout) -> bool:
    """Tell whether the rollout calls other tools than are known to be right, or not equally often.

    Right are the calls of the expected answer, or the baseline's where none is known. Where the baseline is wrong as
    well, neither has lost to the other by its calls.
    """
    right, baseline = challenge.expected or challenge.baseline.message, challenge.baseline.message
    wanted = _names(right)
    return _names(baseline) == wanted and _names(rollout.completion.message) != wanted


def _names(message: Message) -> Counter[str]:
    return Counter(call.name for call in message.tool_calls)


def _turned(compared: Comparison) -> Comparison:
    """Return the same comparison with the sides exchanged."""
    sides = {name: getattr(compared, name) for name in Comparison.model_fields if "baseline" in name}
    others = {name.replace("baseline", "candidate"): value for name, value in sides.items()}
    return compared.model_copy(
        update=others | {name: getattr(compared, name.replace("baseline", "candidate")) for name in sides}
    )


def _calls(compared: Comparison) -> Iterator[str]:
    match compared.outcome:
        case Outcome.SAME:
            yield "Both answers make the same calls."
        case Outcome.ARGUMENTS:
            pairs = [f"{_listed(pair.paths)} of {_quoted(pair.tool)}" for pair in compared.differing]
            yield "Both answers call the same tools, each equally often."
            yield f"Only these arguments differ: {'; '.join(_first(pairs))}."
            yield "Decide whether they mean the same at this point of the conversation."
        case _:
            yield "The answers do not call the same tools equally often."
            yield from _own("A", compared.baseline_calls, compared.only_baseline)
            yield from _own("B", compared.candidate_calls, compared.only_candidate)


def _own(seat: str, calls: int, only: Iterable[str]) -> Iterator[str]:
    if not calls:
        yield f"Answer {seat} calls no tool."
    elif names := Counter(only):
        counted = [_quoted(name) + (f" ({count} times)" if count > 1 else "") for name, count in names.items()]
        yield f"Answer {seat} calls, beyond what the other calls: {', '.join(_first(counted))}."


def _words(compared: Comparison, *, otherwise_alike: bool) -> Iterator[str]:
    """Mixed turns keep both: what is said beside the calls is never settled by the calls."""
    if not compared.same_text:
        for seat, speaks in (("A", compared.baseline_speaks), ("B", compared.candidate_speaks)):
            if not speaks:
                yield f"Answer {seat} says nothing in words, the other does."
        if compared.baseline_speaks and compared.candidate_speaks:
            yield "What they say in words differs."
    elif compared.outcome is Outcome.ARGUMENTS and otherwise_alike:
        yield "Nothing else differs: if those arguments mean the same, the answers are a tie."
    else:
        yield "They say the same in words." if compared.baseline_speaks else "Neither says anything in words."


def _faulty(seat: str, found: Iterable[Fault]) -> Iterator[str]:
    """Faults are named with their place, which may quote names but no values."""
    who = f"Answer {seat}" if seat else "The answer"
    lines = [f"the call of {_quoted(fault.tool)} {_MEANING[fault.kind]}: {_detail(fault)}" for fault in found]
    yield from (f"{who}: {line}" for line in _first(lines))


def _groups(answers: Mapping[str, Message], tools: tuple[ToolDefinition, ...]) -> Iterator[str]:
    """Name the answers that make the same calls, and those that make none."""
    groups: list[list[str]] = []
    for seat, message in answers.items():
        for group in groups:
            if compare(answers[group[0]], message, tools).outcome is Outcome.SAME:
                group.append(seat)
                break
        else:
            groups.append([seat])
    for group in groups:
        if not answers[group[0]].tool_calls:
            yield f"These answers call no tool: {', '.join(group)}."
        elif len(group) > 1:
            yield f"These answers make the same calls: {', '.join(group)}."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(_first([_quoted(name) for name in names]))


def _first(lines: list[str]) -> list[str]:
    rest = len(lines) - _MOST_NAMED
    return lines if rest <= 0 else [*lines[:_MOST_NAMED], f"and {rest} more"]


def _detail(fault: Fault) -> str:
    """Return what is wrong, in our words; the place in the arguments only where it is made of names."""
    place, colon, what = fault.detail.partition(": ")
    named = not place.startswith("$") or _NAME.fullmatch(place)
    return json.dumps(
        _LINE_END.sub(" ", fault.detail if named else f"in its arguments{colon}{what}"), ensure_ascii=False
    )


def _quoted(name: str) -> str:
    """Return a name in quotes, or the length of one that is none: an answer's own words are no finding of ours."""
    return json.dumps(name) if _NAME.fullmatch(name) else f"one whose name of {len(name):,} characters is no name"
