"""`understudy show`: one challenge with everything that was said about it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.columns import Columns
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from connector.app import build
from connector.commands._common import DEFAULT_CONFIG, ConfigPath, load, results, run
from connector.types import Duel
from judges.transcript import answer, conversation
from judges.types import Judgment
from rollouts.errors import Fatal
from rollouts.types import Completion


def register(verb: typer.Typer) -> None:
    """Add the verb."""

    @verb.command(help="Show a challenge: the history, both answers, both judge texts and the verdict, side by side.")
    def show(
        challenge: Annotated[str, typer.Argument(help="Its id or the beginning of it, or the id of its trace.")],
        config: ConfigPath = DEFAULT_CONFIG,
    ) -> None:
        run(_show(config, challenge))


async def _show(path: Path, challenge: str) -> None:
    async with build(load(path), path, online=False) as app:
        duels = await app.store.duels_of(challenge)
    if not duels:
        raise Fatal(f"no challenge and no trace begins with {challenge!r}", hint="`understudy scan` lists examples")
    console, shown = results(), set[str]()
    for duel in duels:
        if duel.challenge.id not in shown:
            shown.add(duel.challenge.id)
            _print_challenge(console, duel)
        _print_duel(console, duel)


def _print_challenge(console: Console, duel: Duel) -> None:
    challenge = duel.challenge
    origin = challenge.origin
    console.rule(f"challenge {challenge.id}")
    console.print(f"trace {origin.trace_id} · observation {origin.observation_id or '—'} · turn {origin.turn}")
    console.print(Panel(Text(conversation(challenge.messages)), title="history"))


def _print_duel(console: Console, duel: Duel) -> None:
    rollout, judgment = duel.rollout, duel.judgment
    baseline = _panel(duel.challenge.baseline, "production")
    theirs = _panel(rollout.completion, duel.challenger) if rollout else Panel("not asked yet", title=duel.challenger)
    width = max(30, (console.width - 1) // 2)
    console.print(Columns([baseline, theirs], width=width, expand=True))
    if judgment:
        _print_judgment(console, judgment, width)
    verdict = judgment.verdict if judgment else "not judged"
    score = "—" if judgment is None or judgment.score is None else f"{judgment.score:.3f}"
    console.print(f"{duel.challenger}: {verdict} · score {score} · {duel.state} {duel.reason}\n")


def _print_judgment(console: Console, judgment: Judgment, width: int) -> None:
    rounds = [
        Panel(
            Text(look.text),
            title=f"round {n}: challenger in seat {look.challenger_seat}, [{look.label or look.problem}]",
        )
        for n, look in enumerate(judgment.rounds, start=1)
    ]
    console.print(Columns(rounds, width=width, expand=True) if rounds else judgment.reason)


def _panel(completion: Completion, who: str) -> Panel:
    figures = [
        completion.model or "model unknown",
        f"{completion.latency_s:.2f} s" if completion.latency_s is not None else "latency unknown",
        f"${completion.cost_usd:.6f}" if completion.cost_usd is not None else "cost unknown",
    ]
    return Panel(Text(answer(completion.message)), title=who, subtitle=" · ".join(figures))
