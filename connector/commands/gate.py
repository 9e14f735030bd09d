"""`understudy gate`: may a challenger take over? For people, for pull requests and for scripts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, known_epoch, load, results, run
from connector.commands._leaderboard_table import print_notes, print_sheet
from connector.gate_text.comment import comment
from connector.gate_text.sayings import notes, reasons, sheet
from connector.gating import gated
from judges.standings.gated import Gate, Result

FAILED: Final = 10
INCONCLUSIVE: Final = 11


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(
        help="Hold every challenger against [gates], from what is stored; calls nobody. Exits with 0 for pass, 10 for "
        "fail and 11 for inconclusive."
    )
    def gate(
        config: ConfigPath = DEFAULT_CONFIG,
        *,
        challenger: Annotated[str | None, typer.Option(help="Only this one; also a control.")] = None,
        epoch: Annotated[
            str | None,
            typer.Option(
                help="One epoch, such as 2026-W47; the newest with results if left out.", callback=known_epoch
            ),
        ] = None,
        as_json: AsJson = False,
        markdown: Annotated[bool, typer.Option("--markdown", help="A comment for a pull request.")] = False,
        junit: Annotated[Path | None, typer.Option(help="Also write this file, as JUnit XML.")] = None,
        fail_code: Annotated[int, typer.Option(min=0, max=255, help="Exit code for fail.")] = FAILED,
        inconclusive_code: Annotated[
            int, typer.Option(min=0, max=255, help="Exit code for inconclusive.")
        ] = INCONCLUSIVE,
    ) -> None:
        found = run(_gate(config, epoch, challenger))
        if junit is not None:
            from connector.gate_text.junit import write_junit  # noqa: PLC0415  only who asks for it waits for it

            write_junit(found, junit)
        if as_json:
            sys.stdout.write(found.model_dump_json() + "\n")
        elif markdown:
            sys.stdout.write(comment(found) + "\n")
        else:
            _print(found)
        codes = {Result.PASS: 0, Result.FAIL: fail_code, Result.INCONCLUSIVE: inconclusive_code}
        raise typer.Exit(codes[found.result])


async def _gate(path: Path, epoch: str | None, challenger: str | None) -> Gate:
    async with build(load(path), path, online=False) as app:
        return await gated(app.engine, app.config.gates, epoch=epoch, only=challenger)


def _print(gate: Gate) -> None:
    console = results()
    print_sheet(console, sheet(gate))
    console.print()
    print_notes(console, [*reasons(gate), *notes(gate)])
