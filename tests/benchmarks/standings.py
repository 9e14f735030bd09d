"""How long a leaderboard takes, and how much memory: the claim is seconds for a million judgments.

    python -m tests.benchmarks.standings                   # 50,000 turns, 20 challengers, 2,000 rounds
    python -m tests.benchmarks.standings --turns 5000

Conversations have 1 to 9 turns; every duel has a score, battles, style, cost, latency and calls, every turn its slices,
and three judges give their opinion of each duel of two challengers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import numpy as np

from judges.standings.columns import gathered
from judges.standings.leaderboard import ALL_EPOCHS, Conditions, Leaderboard
from judges.standings.outcomes import HumanVerdict, Opinion, Outcome, Turn
from judges.standings.standings import standings
from judges.standings.style import Style
from judges.standings.terms import Asked, Bargain, Bench
from judges.types import Verdict
from judges.verdicts import outcome
from tests.benchmarks.measuring import measured, peak_mb, resident_mb

SEVENTHS = (0.0, 1 / 14, 1 / 7, 2 / 7, 9 / 28, 0.5, 0.5, 0.5, 19 / 28, 5 / 7, 6 / 7, 13 / 14, 1.0)
_AT_ONCE = 10_000


def turns(count: int) -> Iterator[Turn]:
    """Yield turns of production, in conversations of 1 to 9."""
    rng = np.random.default_rng(1)
    conversation, left = 0, 0
    for place in range(count):
        conversation, left = (conversation, left - 1) if left else (conversation + 1, int(rng.integers(0, 9)))
        slices = (("turn", str(left)), ("tool", f"t{place % 7}"), ("tag", f"g{place % 40}"), ("language", "en"))
        look = Style(100 + place % 300, place % 3, place % 5, place % 2)
        faults = ("schema",) * (place % 50 == 0)
        yield Turn(f"c{place}", f"v{conversation}", 0.01, 1 + place % 10, look, 2, faults, slices)


def outcomes(count: int, challengers: int) -> Iterator[Outcome]:
    """Yield a duel of each challenger over each turn, with conversations that have moods."""
    rng = np.random.default_rng(2)
    for challenger in range(challengers):
        for start in range(0, count, _AT_ONCE):
            moods = rng.normal(0, 1.5, _AT_ONCE // 4).repeat(4) + rng.normal(0, 2, _AT_ONCE) + challenger / 8 + 5
            for place, mood in zip(range(start, min(start + _AT_ONCE, count)), moods.tolist(), strict=False):
                score = SEVENTHS[min(12, max(0, round(mood)))]
                look = Style(120 + place % 270, place % 4, place % 6, place % 3)
                yield Outcome(
                    f"model-{challenger:02}", f"c{place}", score, outcome(score), consistent=place % 4 > 0,
                    won=2 * score, battles=2.0, cost_usd=0.004, latency_s=0.5 + place % 13, style=look, calls=2,
                    faults=("truncated",) * (place % 9 == 0), same_calls=place % 3 > 0,
                )  # fmt: skip


def opinions(count: int) -> Iterator[Opinion]:
    """Yield what three judges say of two challengers."""
    for place in range(count):
        for challenger in ("model-00", "model-01"):
            for judge in range(3):
                score = SEVENTHS[(place + judge) % 13]
                yield Opinion(f"judge-{judge}", challenger, f"c{place}", score, outcome(score), place % 3 > 0, 0.01)


def people(count: int) -> Iterator[HumanVerdict]:
    """Yield five hundred labels."""
    for place in range(0, count, max(1, count // 500)):
        yield HumanVerdict("model-00", f"c{place}", 6 / 7, Verdict.WIN, 0.01)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--turns", type=int, default=50_000)
    parser.add_argument("--challengers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--scale", choices=("sevenths", "weight_3"), default="sevenths")
    options = parser.parse_args()
    at_start = resident_mb()
    with measured() as reading:
        columns = gathered(turns(options.turns), outcomes(options.turns, options.challengers))
    held = resident_mb()
    with measured() as adding:
        board: Leaderboard = standings(
            columns,
            Conditions(judge="jury", scale=options.scale, sampling="0" * 8, window=ALL_EPOCHS),
            Asked(options.scale, seed=1, rounds=options.rounds),
            Bench("jury"),
            Bargain(),
            controls=["model-00"],
            opinions=opinions(options.turns),
            people=list(people(options.turns)),
        )
    judged = sum(row.turns for row in board.standings if not row.baseline)
    sys.stdout.write(
        f"{judged} judgments, {options.challengers} challengers, {options.rounds} rounds, {options.scale}\n"
        f"gathered in {reading.wall_s:.1f} s (the making of the rows included), {held - at_start:.0f} MB held\n"
        f"leaderboard in {adding.wall_s:.1f} s ({adding.cpu_s:.1f} CPU s), with {len(board.slices)} slices\n"
        f"peak {peak_mb():.0f} MB\n"
    )


if __name__ == "__main__":
    main()
