"""`understudy status`: money, queues, and what stands still. Free, and also beside the daemon."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from rich.console import Console

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, AsJson, ConfigPath, load, results, run, table
from connector.sampling.telling import told
from connector.status import Money, Status, status
from connector.types import State


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command("status", help="Show money spent and left, calls per model, queues, and what stands still and why.")
    def show_status(config: ConfigPath = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
        found = run(_status(config))
        if as_json:
            sys.stdout.write(found.model_dump_json() + "\n")
        else:
            _print(results(), found)


async def _status(path: Path) -> Status:
    config = load(path, quiet=True)
    async with build(config, path, online=False) as app:
        return await status(app, str(path.parent / config.state))


def _print(console: Console, found: Status) -> None:
    console.print(f"{'A' if found.working else 'No'} process is working on this state.")
    read = (
        "nothing yet" if found.mark is None else f"up to {found.mark:%Y-%m-%d %H:%M} UTC, {_span(found.lag_s)} behind"
    )
    console.print(f"Traces are read: {read}.")
    for hold in found.holds:
        until = f"; goes on {hold.until:%Y-%m-%d %H:%M} UTC" if hold.until else ""
        console.print(f"{hold.what}: since {hold.since:%Y-%m-%d %H:%M} UTC {hold.reason}{until}")
    for line in (*told(found.draws), *_masked(found)):
        console.print(line)
    console.print(table("\nMoney, UTC", ("window", "spent", "reserved", "left", "limit", "opens again"), _money(found)))
    columns = (
        "model",
        "role",
        "answered",
        "cached",
        "refused",
        "lost",
        "under way",
        "tokens in",
        "tokens out",
        "spent",
    )
    console.print(table("\nCalls this month", columns, _calls(found), words=2))
    console.print(table("\nDuels", ("challenger", *(state.value for state in State)), _queues(found)))


def _masked(found: Status) -> list[str]:
    """Say how much was masked, by kind; never what it is."""
    kinds = [f"{each.values:,} {kind} in {each.challenges:,} turn(s)" for kind, each in found.masked.items()]
    kept = f"{found.originals:,} masked values are kept for local models."
    return ([f"Masked: {', '.join(kinds)}."] if kinds else []) + ([kept] if found.originals else [])


def _money(found: Status) -> list[tuple[str, ...]]:
    return [
        (
            each.window,
            _usd(each.spent_usd),
            _usd(each.reserved_usd),
            "" if each.left_usd is None else _usd(each.left_usd),
            "none" if each.limit_usd is None else _usd(each.limit_usd),
            _opens(each),
        )
        for each in found.money
    ]


def _opens(each: Money) -> str:
    return f"{each.until:%Y-%m-%d}" if each.until else ""


def _calls(found: Status) -> list[tuple[str, ...]]:
    return [
        (
            each.model,
            each.role,
            *(f"{n:,}" for n in (each.answered, each.cached, each.refused, each.lost, each.under_way)),
            f"{each.input_tokens:,}",
            f"{each.output_tokens:,}",
            _usd(each.spent_usd) + (f" and {each.unpriced:,} unknown" if each.unpriced else ""),
        )
        for each in found.calls
    ]


def _queues(found: Status) -> list[tuple[str, ...]]:
    counts = {(each.challenger, each.state): each.duels for each in found.queues}
    names = sorted({each.challenger for each in found.queues})
    return [(name, *(f"{counts.get((name, state.value), 0):,}" for state in State)) for name in names]


def _usd(amount: float) -> str:
    return f"${amount:.2f}" if amount == 0 or amount >= 1 else f"${amount:.4f}"


def _span(seconds: float | None) -> str:
    minutes = round((seconds or 0.0) / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.0f} h"  # noqa: PLR2004  as people say it
