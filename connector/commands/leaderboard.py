"""`understudy leaderboard`: who could take over, from what is stored."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, Epoch, load, results, run
from connector.commands._leaderboard_table import print_fields, print_leaderboard, print_whole
from connector.leaderboard_text.as_csv import as_csv
from connector.leaderboard_text.markdown import markdown
from judges.standings.leaderboard import Leaderboard


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Show the leaderboard from what is stored. Calls nobody.")
    def leaderboard(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        epoch: Epoch = None,
        cheaper: Annotated[bool, typer.Option("--cheaper", help="Of [cheaper_judge], of the duels it judged.")] = False,
        brief: Annotated[bool, typer.Option("--brief", help="The main table only.")] = False,
        as_json: AsJson = False,
        csv: Annotated[bool, typer.Option("--csv", help="The result as CSV.")] = False,
        markdown_: Annotated[bool, typer.Option("--markdown", help="The result as Markdown.")] = False,
        fields: Annotated[bool, typer.Option("--fields", help="What each field of --json means.")] = False,
    ) -> None:
        if fields:
            print_fields(results())
            return
        board = run(_leaderboard(config, epoch, cheaper=cheaper))
        if as_json:
            sys.stdout.write(orjson.dumps(board.model_dump(mode="json")).decode() + "\n")
        elif csv:
            sys.stdout.write(as_csv(board))
        elif markdown_:
            sys.stdout.write(markdown(board) + "\n")
        elif brief:
            print_leaderboard(results(), board, sayings=False)
        else:
            print_whole(results(), board)


async def _leaderboard(path: Path, epoch: str | None, *, cheaper: bool) -> Leaderboard:
    async with build(load(path), path, online=False) as app:
        if cheaper:
            return await app.engine.books.of_cheaper.board(epoch)
        return await app.engine.leaderboard(epoch)
