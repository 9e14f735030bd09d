"""`understudy export`: traces of Langfuse into a file that `import` and the jsonl source read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TextIO

import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, Quiet, chatter, load, run
from connector.jsonl import line_of
from connector.pipeline import look
from connector.store.sqlite import SqliteStore
from connector.traces import Window
from rollouts.errors import Fatal


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Write the traces that the filters let through as JSON lines. Calls no model.")
    def export(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; stdout where left out.")] = None,
        quiet: Quiet = False,
    ) -> None:
        run(_export(config, output, quiet=quiet))


async def _export(path: Path, output: Path | None, *, quiet: bool) -> None:
    config, count = load(path, quiet=quiet), 0
    async with build(config, path, store=SqliteStore(":memory:")) as app:
        now, arena = app.engine.clock.now(), app.engine.arena
        window = Window(start=now - config.poll.since, end=now - config.poll.settle)
        with _opened(output) as file:
            for sighting in await look(arena, window):
                if arena.rules.selection.filters.excludes(sighting) is None:
                    trace = await arena.source.read(sighting)
                    if trace.ours is None:
                        file.write(line_of(trace))
                        count += 1
    chatter(quiet=quiet).print(f"wrote {count} trace(s)")


@contextmanager
def _opened(output: Path | None) -> Iterator[TextIO]:
    """Open the file, or stdout. Raises `Fatal` for what cannot be written."""
    if output is None:
        yield sys.stdout
        return
    try:
        with output.open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise Fatal(
            f"{output} cannot be written: {error.strerror}", hint="-o names a file in a folder that is there"
        ) from None
