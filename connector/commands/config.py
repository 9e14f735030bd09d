"""`understudy config`: what is in force, and what could be."""

from __future__ import annotations

import sys
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

import orjson
import typer

from connector.commands._common import DEFAULT_CONFIG, ConfigPath
from connector.config import Config
from connector.config_file import every_judge, judge, provider, read


def register(verb: typer.Typer) -> None:
    """Add the verb with its two parts."""

    @verb.callback(help="Show the configuration.")
    def config() -> None:
        pass

    @verb.command(help="Print the configuration in force as JSON: the file, and every default.")
    def show(config: ConfigPath = DEFAULT_CONFIG) -> None:
        _print(_resolved(read(config), config))

    @verb.command(help="Print the JSON schema of the file.")
    def schema() -> None:
        _print(Config.model_json_schema())


def _resolved(config: Config, path: Path) -> dict[str, Any]:
    """Return everything with its defaults, the plug-ins' own keys included. There are no secrets to leave out."""
    found = config.model_dump(mode="json")
    for at, judging in every_judge(config).items():
        place = reduce(getitem, at, found)
        place |= judge(judging, path, at).model_dump(mode="json")
        place["model"] |= provider(judging.model, path, (*at, "model")).model_dump(mode="json")
    for name, table in config.challengers.items():
        found["challengers"][name] |= provider(table, path, ("challengers", name)).model_dump(mode="json")
    return found


def _print(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
