"""Reading config.toml: what is wrong is said with file, key, value and what is allowed, all of it at once."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from connector.config import ChallengerTable, Config, JudgeTable, ModelTable, Plugin
from judges.judge import Judge
from rollouts.errors import Fatal
from rollouts.plugins import load
from rollouts.provider import Provider

M = TypeVar("M", bound=BaseModel)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")


def read(path: Path) -> Config:
    """Read and check the whole file, plug-ins' keys included. Raises `Fatal` naming every problem."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Fatal(f"there is no {path}", hint="`understudy init` writes one, with every key explained") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Fatal(f"{path}: {error}") from None
    config = _checked(Config, table, path, ())
    for name, challenger in config.challengers.items():
        if not _NAME.fullmatch(name) or name == "baseline":
            raise Fatal(f"{path}: challengers.{name}: a name is letters, digits, `.`, `_` and `-`, and not `baseline`")
        provider(challenger, path, ("challengers", name))
        _check_account(challenger, config, path, ("challengers", name))
    for at, judging in every_judge(config).items():
        if not _NAME.fullmatch(at[-1]):
            raise Fatal(f"{path}: {'.'.join(at)}: a name is letters, digits, `.`, `_` and `-`")
        provider(judging.model, path, (*at, "model"))
        _check_account(judging.model, config, path, (*at, "model"))
        judge(judging, path, at)
    return config


def provider(table: ModelTable, path: Path, at: tuple[str, ...]) -> Provider:
    """Build the provider that a model's table describes. Raises `Fatal` as `read` does."""
    kind = _load(Provider, table, "rollouts.providers", path, at)
    return _checked(kind, table.options, path, at, also=ChallengerTable.model_fields)


def _check_account(table: ModelTable, config: Config, path: Path, at: tuple[str, ...]) -> None:
    if table.account is not None and table.account not in config.accounts:
        near = _did_you_mean(table.account, list(config.accounts)) if config.accounts else ""
        raise Fatal(
            f"{path}: {'.'.join(at)}.account: there is no account `{table.account}`{near}",
            hint=f"add a table [accounts.{table.account}], or leave `account` out",
        )


def judges(config: Config) -> dict[tuple[str, ...], JudgeTable]:
    """Return the tables of all judges, by where they stand."""
    if config.judge is not None:
        return {("judge",): config.judge}
    return {("jury", "judges", name): table for name, table in (config.jury.judges if config.jury else {}).items()}


def every_judge(config: Config) -> dict[tuple[str, ...], JudgeTable]:
    """Return the same, and who judges while money is short."""
    cheaper = config.cheaper_judge
    return judges(config) if cheaper is None else {**judges(config), ("cheaper_judge",): cheaper}


def judge(table: JudgeTable, path: Path, at: tuple[str, ...]) -> Judge:
    """Build the judge that its table describes. Raises `Fatal` as `read` does."""
    kind = _load(Judge, table, "judges", path, at)
    return _checked(kind, table.options, path, at, also=type(table).model_fields)


def _load(port: type[M], table: Plugin, package: str, path: Path, at: tuple[str, ...]) -> type[M]:
    try:
        return load(port, table.kind, package=package)
    except Fatal as error:
        raise Fatal(f"{path}: {'.'.join(at)}.kind: {error}", hint=error.hint) from None


def _checked(model: type[M], table: Any, path: Path, at: tuple[str, ...], also: Iterable[str] = ()) -> M:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems = [_problem(found, model, at, also) for found in error.errors()]
        raise Fatal("\n".join(f"{path}: {problem}" for problem in problems)) from None


def _problem(found: ErrorDetails, model: type[BaseModel], at: tuple[str, ...], also: Iterable[str]) -> str:
    place = ".".join(map(str, (*at, *found["loc"])))
    if not place:
        return found["msg"]
    if found["type"] == "extra_forbidden":
        return f"{place}: unknown key{_did_you_mean(str(found['loc'][-1]), [*_keys(model, found['loc']), *also])}"
    if found["type"] == "missing":
        return f"{place}: this key is needed"
    return f"{place} = {found['input']!r}: {found['msg']}"


def _did_you_mean(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean `{close[0]}`?" if close else f"; known here: {', '.join(sorted(set(known)))}"


def _keys(model: Any, place: Sequence[str | int]) -> list[str]:
    """Return the keys that are known at `place`, whose last element is the unknown one."""
    for step in place[:-1]:
        fields = getattr(model, "model_fields", {})
        model = _model_of(fields[str(step)].annotation) if str(step) in fields else model
    return list(getattr(model, "model_fields", {}))


def _model_of(annotation: Any) -> Any:
    """Return the model that an annotation holds, also inside `dict[str, Model]` or `Model | None`."""
    inner = getattr(annotation, "__args__", ())
    return next((kind for kind in inner if hasattr(kind, "model_fields")), annotation)
