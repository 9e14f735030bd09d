"""config.example.toml, written from the configuration's own types: every key, its default, and its explanation.

The words are those of the fields' docstrings, so that the example cannot lag behind the program.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from connector.clock import write_duration
from connector.config import (
    AccountTable,
    ChallengerTable,
    CheaperJudgeTable,
    Config,
    JudgeTable,
    JurorTable,
    JuryTable,
    ModelTable,
)
from judges.judge import Judge
from judges.jury import JuryRules
from rollouts.plugins import kinds, load
from rollouts.provider import Provider
from rollouts.types import Parameters, Usage

_HEAD = """
# Understudy's configuration. Every key is here with its default; a key after `#` has no default or needs none.
# Secrets are never in this file. They come from the environment, each also as <NAME>_FILE:
#   LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, LANGFUSE_BASE_URL · OPENAI_API_KEY, ANTHROPIC_API_KEY, any api_key_env
"""
_GIVEN: dict[tuple[str, ...], dict[str, Any]] = {
    ("judge", "model"): {"kind": "anthropic", "model": "claude-opus-4-5"},
    ("jury", "judges", "opus"): {"model": {"kind": "anthropic", "model": "claude-opus-4-5"}},
    ("jury", "judges", "gpt"): {"model": {"kind": "openai", "model": "gpt-5"}},
    ("jury", "judges", "qwen"): {"stand_in": True, "model": {"kind": "openai_compatible", "model": "qwen3-max"}},
    ("cheaper_judge",): {"model": {"kind": "openai", "model": "gpt-5-mini"}},
    ("challengers", "mini"): {"kind": "openai", "model": "gpt-5-mini"},
    ("challengers", "local"): {
        "kind": "openai_compatible",
        "model": "qwen3-30b",
        "base_url": "http://127.0.0.1:8000/v1",
        "free": True,
    },
}
"""What only a person can know, with values to be replaced."""


def example() -> str:
    """Return the whole text."""
    lines = [*_HEAD.strip().splitlines(), "", *_table(Config, ())]
    return "\n".join(lines) + "\n"


def _table(model: type[BaseModel], at: tuple[str, ...]) -> Iterator[str]:
    """Plain keys first, then the tables below: TOML reads a key into the table that was opened last."""
    for name, field in model.model_fields.items():
        if not _is_table(field) and name not in ("judge", "jury", "cheaper_judge"):
            yield from _key(name, field)
    for name, field in model.model_fields.items():
        if name == "judge":
            yield from _judge()
        elif name == "jury":
            yield from _jury()
        elif name == "cheaper_judge":
            yield from _cheaper_judge()
        elif name == "challengers":
            yield from _challengers()
        elif name == "accounts":
            yield from _accounts()
        elif _is_table(field):
            table: Any = field.annotation
            yield from ["", f"[{'.'.join((*at, name))}]", *_comment(table.__doc__ or "")]
            yield from _table(table, (*at, name))


def _judge() -> Iterator[str]:
    yield from ["", "[judge]", *_comment(JudgeTable.__doc__ or "")]
    known = kinds(Judge, package="judges")
    yield from ["# kind is one of " + ", ".join(known), *_key("kind", JudgeTable.model_fields["kind"])]
    usual = load(Judge, str(JudgeTable.model_fields["kind"].default), package="judges")
    yield from _plugin(usual, {})
    for kind in known:
        others = load(Judge, kind, package="judges").model_fields
        fields = {name: field for name, field in others.items() if name not in usual.model_fields}
        if fields:
            yield from ["", f'# Keys of kind = "{kind}" alone:']
        for name, field in fields.items():
            yield from (line if line.startswith("#") else f"# {line}" for line in _key(name, field))
    yield from _model(("judge", "model"), ModelTable)


def _jury() -> Iterator[str]:
    """As comments: it takes the place of [judge]."""
    lines = ["[jury]", *_comment(JuryTable.__doc__ or ""), *_table(JuryRules, ("jury",))]
    for at, given in _GIVEN.items():
        if at[0] == "jury":
            lines += ["", f"[{'.'.join(at)}]", *_comment(JurorTable.__doc__ or "")]
            lines += [line for name, field in JurorTable.model_fields.items() for line in _key(name, field, given)]
    yield ""
    yield from (f"# {line}".rstrip() for line in lines)


def _cheaper_judge() -> Iterator[str]:
    """As comments: it is of use in one mode of [budget] alone."""
    at = ("cheaper_judge",)
    yield from ["", f"# [{at[0]}]", *_comment(CheaperJudgeTable.__doc__ or "")]
    for name, field in CheaperJudgeTable.model_fields.items():
        yield from (line if line.startswith("#") else f"# {line}" for line in _key(name, field, _GIVEN[at]))


def _accounts() -> Iterator[str]:
    """One as a comment: most providers need none."""
    yield from ["", "[accounts]", *_comment(AccountTable.__doc__ or ""), "# [accounts.gateway]"]
    yield from _table(AccountTable, ())


def _challengers() -> Iterator[str]:
    for at in _GIVEN:
        if at[0] == "challengers":
            yield from _model(at, ChallengerTable)


def _model(at: tuple[str, ...], table: type[ModelTable]) -> Iterator[str]:
    """One model's table, with its provider's keys, and the other kinds to choose from."""
    given = _GIVEN[at]
    known = ", ".join(kinds(Provider, package="rollouts.providers"))
    yield from ["", f"[{'.'.join(at)}]", *_comment(table.__doc__ or ""), f"# kind is one of {known}"]
    yield f"kind = {_toml(given['kind'])}"
    yield from _plugin(load(Provider, str(given["kind"]), package="rollouts.providers"), given)
    for name, field in table.model_fields.items():
        if name != "kind":
            yield from _key(name, field, given)


def _plugin(kind: type[BaseModel], given: dict[str, Any]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        yield from _key(name, field, given)


def _key(name: str, field: FieldInfo, given: dict[str, Any] | None = None) -> Iterator[str]:
    yield from _comment(f"{field.description or ''}{_choices(field)}")
    if given and name in given:
        yield f"{name} = {_toml(given[name])}"
        return
    default = field.get_default(call_default_factory=True)
    shown = _toml(default)
    yield f"{name} = {shown}" if shown is not None else f"# {name} ="


def _choices(field: FieldInfo) -> str:
    words = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return f" One of {', '.join(words)}." if words else ""


def _is_table(field: FieldInfo) -> bool:
    kind: Any = field.annotation
    if get_origin(kind) is dict:
        return issubclass(get_args(kind)[1], BaseModel) if isinstance(get_args(kind)[1], type) else False
    return isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in (Parameters, Usage)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), 118, initial_indent="# ", subsequent_indent="# ")


def _toml(value: Any) -> str | None:
    """Return a TOML value; `None` for what TOML has no word for."""
    match value:
        case timedelta():
            return json.dumps(write_duration(value))
        case bool() | str() | int() | float():
            return json.dumps(value, ensure_ascii=False)  # TOML writes these as JSON does
        case tuple() | list():
            return f"[{', '.join(filter(None, map(_toml, value)))}]"
        case BaseModel() | dict():
            given = value if isinstance(value, dict) else value.model_dump(exclude_none=True)
            return f"{{ {', '.join(f'{key} = {_toml(item)}' for key, item in given.items())} }}" if given else None
        case _:
            return None
