"""One challenge in a terminal: the history, both answers side by side, both rounds, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.text import Text

from connector.scoring import finding
from connector.types import Duel
from judges.transcript import answer, conversation
from judges.types import Judgment, Round
from rollouts.types import Challenge, Completion


def print_challenges(console: Console, duels: Sequence[Duel]) -> None:
    """Print each challenge once, with all its duels."""
    for _, some in groupby(duels, key=lambda duel: duel.challenge.id):
        together = list(some)
        _print_challenge(console, together[0].challenge)
        for duel in together:
            _print_duel(console, duel)


def _print_challenge(console: Console, challenge: Challenge) -> None:
    origin = challenge.origin
    console.rule(f"challenge {challenge.id}")
    made_of = f"trace {origin.trace_id or '—'} · observation {origin.observation_id or '—'} · turn {origin.turn}"
    asked = f" · {challenge.tier} in {challenge.epoch}" if challenge.tier != "fresh" else ""
    console.print(Text(f"{made_of}{asked}{f' · item {origin.item}' if origin.item else ''}"))
    logged_by = f" · logged by {origin.integration}" if origin.integration else ""
    seen = "" if origin.observed else " · known from a later history only"
    console.print(Text(f"read as {origin.format or 'an unknown format'}{logged_by}{seen}"))
    console.print(Panel(Text(conversation(challenge.messages)), title="history"))


def _print_duel(console: Console, duel: Duel) -> None:
    rollout, judgment = duel.rollout, duel.judgment
    title = "expected answer" if duel.challenge.origin.stands_in else "production"
    baseline = _panel(duel.challenge.baseline, title)
    theirs = _panel(rollout.completion, duel.challenger) if rollout else Panel("not asked yet", title=duel.challenger)
    width = max(30, (console.width - 1) // 2)
    console.print(Columns([baseline, theirs], width=width, expand=True))
    if judgment:
        _print_judgment(console, judgment, width)
    verdict = judgment.verdict if judgment else "not judged"
    score = "—" if judgment is None or judgment.score is None else f"{judgment.score:.3f}"
    console.print(Text(f"{duel.challenger}: {verdict} · score {score} · {duel.state} {duel.reason}\n"))


def _print_judgment(console: Console, judgment: Judgment, width: int) -> None:
    held = [(judged, look) for judged in judgment.members or (judgment,) for look in judged.rounds]
    rounds = [
        Panel(Text(look.text), title=_title(number, look), subtitle=escape(judged.judge))
        for number, (judged, look) in enumerate(held, start=1)
    ]
    console.print(Columns(rounds, width=width, expand=True) if rounds else Text(judgment.reason))
    for judge, why in judgment.absent.items():
        console.print(Text(f"{judge} did not sit: {why}"))


def _title(number: int, look: Round) -> str:
    alone = f"challenger in seat {look.challenger_seat}" if look.challenger_seat else "production alone"
    seated = ", ".join(f"{seat} {who}" for seat, who in look.seated.items()) or alone
    return escape(f"round {number}: {seated}, [{look.problem or finding(look)}]")


def _panel(completion: Completion, who: str) -> Panel:
    figures = [
        completion.model or "model unknown",
        f"{completion.latency_s:.2f} s" if completion.latency_s is not None else "latency unknown",
        f"${completion.cost_usd:.6f}" if completion.cost_usd is not None else "cost unknown",
    ]
    return Panel(Text(answer(completion.message)), title=who, subtitle=" · ".join(figures))
