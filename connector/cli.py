"""The command line: one file per verb in `connector/commands/`, found by its name.

Results go to stdout, everything else to stderr. Exit codes: 0 ok · 1 run-time error · 2 usage or configuration · 3 cost
not approved · 4 budget exhausted · 10 gate failed · 11 gate inconclusive.
"""

from __future__ import annotations

import keyword
import pkgutil
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from connector import commands
from connector.commands._common import exit_code
from rollouts.errors import UnderstudyError


class _Verbs(TyperGroup):
    """Commands as files, imported only when asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        del ctx
        files = [module.name for module in pkgutil.iter_modules(commands.__path__) if not module.name.startswith("_")]
        verbs = [name.rstrip("_") for name in files]
        return sorted(verbs, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.list_commands(ctx):
            return None
        file = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
        verb = typer.Typer(rich_markup_mode=None, add_completion=False)
        import_module(f"connector.commands.{file}").register(verb)
        found = typer.main.get_command(verb)
        found.name = cmd_name
        return found


_ORDER = (
    "init",
    "doctor",
    "scan",
    "plan",
    "once",
    "run",
    "status",
    "leaderboard",
    "gate",
    "history",
    "show",
    "rejudge",
    "calibrate",
    "alerts",
    "adversarial",
    "cache",
    "forget",
    "export",
    "import",
    "config",
    "demo",
)

app = typer.Typer(cls=_Verbs, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


def _version(wanted: bool) -> None:  # noqa: FBT001  typer passes it by position
    if wanted:
        typer.echo(f"understudy {version('understudy')}")
        raise typer.Exit


@app.callback()
def understudy(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Find out which model could take over a role: at what quality, speed and cost.

    Replays production turns from Langfuse on challenger models, judges them double-blind, and posts the results back.
    """
    del show_version


def main() -> None:
    """Run the command line; every error ends as one line, a hint and an exit code."""
    try:
        app()
    except UnderstudyError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  the last word of a command line
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)  # noqa: T201
        raise SystemExit(exit_code(error)) from None


if __name__ == "__main__":
    main()
