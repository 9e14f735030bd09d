"""`understudy init`: a configuration with every key explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.commands._common import DEFAULT_CONFIG, chatter
from connector.example import example
from rollouts.errors import Fatal


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Write a configuration with every key explained. Never overwrites one.")
    def init(path: Annotated[Path, typer.Argument(help="Where to write it.")] = DEFAULT_CONFIG) -> None:
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(example())
        except FileExistsError:
            raise Fatal(f"{path} is there already", hint="move it away, or name another file") from None
        except OSError as error:
            raise Fatal(f"{path}: {error.strerror}") from None
        say = chatter().print
        say(f"wrote {path}: name your judge and your challengers in it, then")
        say(f"  understudy doctor -c {path}   checks keys, server and models")
        say(f"  understudy scan -c {path}     shows what could be challenged, for free")
        say(f"  understudy once -c {path}     shows the price, asks, and runs one cycle")
