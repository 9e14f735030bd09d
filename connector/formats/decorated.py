"""What a decorator logs of a function's call, `{"args": […], "kwargs": {…}}`, as the body that it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from connector.formats.format import decoded
from connector.formats.parameters import is_marker
from connector.formats.repairs import Repair


class Given(NamedTuple):
    """An input, its arguments sorted out."""

    body: Any
    repairs: tuple[str, ...] = ()


def given(asked: Any) -> Given:
    """Return a decorated function's messages and its named arguments as one body; anything else as it is.

    Of several arguments in a row nobody knows which is the question, unless one alone holds messages.
    """
    if not isinstance(asked, Mapping) or asked.keys() != {"args", "kwargs"}:
        return Given(asked)
    args, named = asked["args"] or [], asked["kwargs"] or {}
    if not isinstance(args, list) or not isinstance(named, Mapping):
        return Given(asked)
    told = [decoded(arg) for arg in args if not is_marker(arg)]  # a method logs its object, too
    if not told:
        return Given(_named(named))
    telling = told if len(told) == 1 else [arg for arg in told if _holds_messages(arg)]
    if len(telling) != 1:
        return Given(asked)
    return Given(_whole(telling[0], named), (Repair.ARGUMENTS_LEFT,) if len(told) > 1 else ())


def _named(named: Mapping[str, Any]) -> Any:
    """Arguments with names are as good as a request's body."""
    only = decoded(next(iter(named.values()))) if len(named) == 1 else None
    return only if isinstance(only, Mapping) and "messages" in only else named


def _whole(asked: Any, named: Mapping[str, Any]) -> Any:
    if not named:
        return asked
    if isinstance(asked, Mapping):
        return {**named, **asked}
    if isinstance(asked, str):
        return {**named, "question": asked}
    inner = isinstance(asked, list) and any(isinstance(item, Mapping) and "parts" in item for item in asked)
    return {**named, "contents" if inner else "messages": asked}


def _holds_messages(value: Any) -> bool:
    """A list of messages of any dialect, or a body around one."""
    if isinstance(value, Mapping):
        return any(isinstance(value.get(key), list) for key in ("messages", "contents"))
    return isinstance(value, list) and bool(value) and all(map(_is_message, value))


def _is_message(item: Any) -> bool:
    if isinstance(item, Mapping):
        return bool(item.keys() & {"role", "type", "message", "lc"})
    return isinstance(item, list) and [type(word) for word in item] == [str, str]
