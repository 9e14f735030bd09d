"""What models refuse by their names. Data, not law: a provider's `unsupported` and `supported` overrule it.

Sources, read in late 2026:
https://developers.openai.com/api/docs/guides/reasoning (no sampling while a model reasons; no `stop` with o3, o4-mini),
github.com/openai/openai-openapi issue 541 and github.com/BerriAI/litellm pull request 34569 (from GPT-5.4 on, tools in
chat only without reasoning, which from GPT-5.6 on must be said),
https://platform.claude.com/docs/en/about-claude/models/migration-guide (no sampling from Claude Opus 4.7 on; before,
temperature or top_p), https://platform.claude.com/docs/en/build-with-claude/effort,
https://platform.claude.com/docs/en/models/opus-5-5/whats-new-opus-5-5 (no forced tool use).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rollouts.projections.ranges import without, worth_naming
from rollouts.types import NamedTool, Parameters

SAMPLING = frozenset({"temperature", "top_p"})
_SHAPING = SAMPLING | {"presence_penalty", "frequency_penalty"}


class Family(NamedTuple):
    """Models whose names look alike."""

    names: re.Pattern[str]
    """Looked for at the beginning of the name, or behind a gateway's prefix."""
    refuses: frozenset[str] = frozenset()
    refuses_thinking: frozenset[str] = frozenset()
    """Refused unless the effort is `none`."""
    rests: bool = False
    """Does not reason until it is told to."""
    thoughtless_tools: bool = False
    """Takes tools only without reasoning."""
    one_of_sampling: bool = False
    forced_tools: bool = True


def _named(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[/.:])(?:{pattern})(?![0-9a-z])", re.IGNORECASE)


_NO_EFFORT = frozenset({"reasoning_effort"})
FAMILIES = (
    Family(_named(r"gpt-3\.5\S*|gpt-4\S*|chatgpt-4o\S*|gpt-5-chat\S*"), _NO_EFFORT),
    Family(_named(r"o1|o1-\S+|o3-mini\S*"), _SHAPING | {"parallel_tool_calls"}),
    Family(_named(r"o[34]|o[34]-\S+"), _SHAPING | {"parallel_tool_calls", "stop"}),
    Family(_named(r"gpt-5\.[123](-\S+)?"), frozenset({"stop"}), _SHAPING, rests=True),
    Family(_named(r"gpt-5\.[45](-\S+)?"), frozenset({"stop"}), _SHAPING, rests=True, thoughtless_tools=True),
    Family(_named(r"gpt-5(\.\d+)(-\S+)?|gpt-[6-9]\S*"), frozenset({"stop"}), _SHAPING, thoughtless_tools=True),
    Family(_named(r"gpt-5(-\S+)?"), _SHAPING | {"stop"}),
    Family(_named(r"claude-((opus|sonnet)-5[-.]5|(fable|mythos)-5[-.][12])\S*"), SAMPLING, forced_tools=False),
    Family(_named(r"claude-(opus-4[-.][789]|mythos-preview|(opus|sonnet|haiku|fable|mythos)-[5-9])\S*"), SAMPLING),
    Family(_named(r"claude-(opus|sonnet)-4[-.]6\S*|claude-opus-4[-.]5\S*"), one_of_sampling=True),
    Family(_named(r"claude-(opus-4[-.]1|sonnet-4[-.]5|haiku-4[-.]5)\S*"), _NO_EFFORT, one_of_sampling=True),
    Family(_named(r"claude-(3\S*|(opus|sonnet)-4\S*)"), _NO_EFFORT),
)
"""The first that fits counts."""

MISTRAL = _named(r"(?:mistral|mixtral|ministral|magistral|codestral|devstral|pixtral)\S*")
"""Models whose chat takes only call ids of nine letters and digits."""


def family(model: str) -> Family | None:
    """Return the family of a model's name, if it is known."""
    return next((family for family in FAMILIES if family.names.search(model)), None)


def suited(model: str, wanted: Parameters, *, with_tools: bool) -> Parameters:
    """Return what of `wanted` the model takes."""
    known = family(model)
    if known is None:
        return wanted
    effort = wanted.reasoning_effort
    if known.thoughtless_tools and with_tools and effort != "none":
        # Where a model rests by itself, even the word is left out: GPT-5.4 refuses any.
        effort = None if known.rests else "none"
    found = wanted.model_copy(update={"reasoning_effort": effort})
    thinks = not (effort == "none" or (effort is None and known.rests))
    found = without(found, *known.refuses, *(known.refuses_thinking if thinks else ()))
    if known.one_of_sampling and found.temperature is not None:
        found = without(found, "top_p")
    forced = found.tool_choice == "required" or isinstance(found.tool_choice, NamedTool)
    return found.model_copy(update={"tool_choice": "auto"}) if forced and not known.forced_tools else found


def differences(wanted: Parameters, sent: Parameters) -> tuple[str, ...]:
    """Name what is not sent as it was wanted, as far as that changes anything."""
    names = [name for name in wanted.given() if getattr(sent, name) != getattr(wanted, name)]
    found = [name for name in names if worth_naming(wanted, name)]
    if wanted.reasoning_effort is None and sent.reasoning_effort is not None:
        found.append("reasoning, which this model's chat does not combine with tools")
    return tuple(found)
