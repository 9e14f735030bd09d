"""Leaderboards made by hand: one with everything in it, one of which nothing is known, and a crowded one."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from judges.standings.agreement import Agreement
from judges.standings.bootstrap import Interval
from judges.standings.decision import Switching
from judges.standings.leaderboard import Leaderboard, Meeting, Seen, Slice
from judges.standings.pairs import Difference
from judges.standings.standing import Standing
from judges.standings.tiers import TIER_WEIGHTS, TierStanding
from judges.types import Verdict
from rollouts.types import Tier

JUDGE = "jury/claude-opus-4-5+gpt-5/1a2b3c4d"

PRODUCTION = Standing(
    challenger="baseline",
    baseline=True,
    turns=400,
    conversations=120,
    win_rate=0.5,
    low=0.5,
    high=0.5,
    rank_best=1,
    rank_worst=3,
    elo=1000.0,
    calls=500,
    faulty_calls=3,
    faults={"schema": 3},
    fault_shares={"schema": 0.006},
    tool_validity=0.994,
    tool_low=0.985,
    tool_high=0.999,
    cost_per_1000_turns_usd=4.2,
    costs_known=400,
    p50_latency_s=1.5,
    p95_latency_s=6.25,
    weighted=0.5,
    pareto=True,
)

RIVAL = Standing(
    challenger="rival",
    turns=380,
    conversations=118,
    win_rate=0.512,
    low=0.481,
    high=0.543,
    caveat="one conversation holds a third of all turns",
    rank_best=1,
    rank_worst=2,
    within_noise=True,
    detectable=0.042,
    more_conversations=340,
    wins=150,
    ties=90,
    losses=140,
    unreadable=8,
    failed=12,
    identical=30,
    round_agreement=0.87,
    elo=1008.0,
    elo_low=987.0,
    elo_high=1030.0,
    style_win_rate=0.494,
    style_low=0.46,
    style_high=0.53,
    length_win_rate=0.501,
    length_low=0.47,
    length_high=0.535,
    human_win_rate=0.46,
    human_low=0.41,
    human_high=0.51,
    human_labels=64,
    human_gap=0.052,
    human_gap_error=0.03,
    calls=480,
    faulty_calls=60,
    faults={"truncated": 58, "missing_argument": 2},
    fault_shares={"truncated": 58 / 480, "missing_argument": 2 / 480},
    together=0.431,
    together_low=0.402,
    together_high=0.462,
    tool_validity=0.875,
    tool_low=0.84,
    tool_high=0.905,
    same_calls=0.74,
    cost_per_1000_turns_usd=1.6,
    costs_known=380,
    p50_latency_s=0.9,
    p95_latency_s=12.5,
    weighted=0.55,
    pareto=True,
    switching=Switching.NOT_SUPPORTED,
    advice="as good within 2 points at 38 % of the cost; 88 % of its tool calls are valid; switching is not supported",
)

REPLAYED = Standing(
    challenger="replayed",
    control=True,
    turns=20,
    conversations=12,
    win_rate=0.49,
    low=0.46,
    high=0.52,
    caveat="only 12 conversations, a rough guide",
    rank_best=1,
    rank_worst=3,
    within_noise=True,
    detectable=0.06,
    more_conversations=900,
    wins=5,
    ties=9,
    losses=6,
    unreadable=4,
    no_elo="it never lost",
    human_win_rate=0.48,
    human_low=0.4,
    human_high=0.56,
    human_labels=8,
    human_gap=0.01,
    human_gap_error=0.05,
    calls=10,
    tool_validity=1.0,
    same_calls=0.95,
    cost_per_1000_turns_usd=0.0042,
    costs_known=20,
    p50_latency_s=1.4,
    p95_latency_s=6.0,
    weighted=0.51,
    pareto=False,
    switching=Switching.UNDECIDED,
    advice="too little to tell from 12 conversations; switching is undecided",
)


FAULTS = ("truncated", "not_an_object", "unknown_tool", "missing_argument", "schema")


def in_tier(tier: Tier, challenger: str, **facts: Any) -> TierStanding:
    """Return a challenger that wins 40 % and holds 80 % in one tier."""
    known = {"turns": 60, "conversations": 40, "win_rate": 0.4, "low": 0.35, "high": 0.46}
    known |= {"held": 0.8, "held_low": 0.68, "held_high": 0.88, "weight": TIER_WEIGHTS[tier]}
    return TierStanding(tier=tier, challenger=challenger, **known | facts)


def _interval(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, level=0.95, clusters=60)


AGREEMENT = Agreement(
    pairs=64,
    left_out=2,
    conversations=60,
    agreement=0.71,
    agreement_interval=_interval(0.6, 0.8),
    kappa=0.52,
    kappa_interval=_interval(0.35, 0.68),
    judge_shares={Verdict.WIN: 0.4, Verdict.TIE: 0.2, Verdict.LOSS: 0.4},
    human_shares={Verdict.WIN: 0.3, Verdict.TIE: 0.3, Verdict.LOSS: 0.4},
)

JURY = (
    Seen(
        judge="arena_hard/claude-opus-4-5/1a2b3c4d",
        name="claude-opus-4-5",
        duels=400,
        harshness=0.031,
        seat_bias=-0.02,
        disagreeing_share=0.13,
        unreadable_share=0.01,
        by_challenger={"rival": 0.48, "replayed": 0.5},
        left_out={"rival": 0.031, "replayed": -0.002},
        swapped=(("replayed", "rival"),),
        agreement=AGREEMENT,
        trusted=False,
    ),
    Seen(
        judge="arena_hard/gpt-5/1a2b3c4d",
        name="gpt-5",
        duels=390,
        harshness=-0.031,
        seat_bias=0.08,
        disagreeing_share=0.2,
        unreadable_share=0.06,
        by_challenger={"rival": 0.68, "replayed": None},
        left_out={"rival": -0.03},
        agreement=AGREEMENT.model_copy(update={"kappa": None, "kappa_interval": None, "no_kappa": "one verdict only"}),
        trusted=True,
    ),
)

FULL = Leaderboard(
    judge=JUDGE,
    seed=7,
    level=0.95,
    epoch="2026-W47",
    comparability="0123456789ab",
    noise_floor=(0.46, 0.52),
    standings=(RIVAL, PRODUCTION, REPLAYED),
    differences=(
        Difference(
            first="rival",
            second="replayed",
            challenges=380,
            conversations=118,
            difference=0.062,
            low=0.02,
            high=0.1,
            sd=0.2,
            p_value=0.0001,
            adjusted=0.0003,
            detectable=0.05,
        ),
        Difference(
            first="baseline", second="replayed", challenges=0, conversations=0, difference=None, caveat="nothing shared"
        ),
    ),
    meetings=(
        Meeting(first="rival", second="replayed", turns=18, share=0.625, direct=True),
        Meeting(first="rival", second="baseline", turns=380, share=0.512, direct=False),
    ),
    slices=(
        Slice(
            dimension="language",
            value="de",
            challenger="rival",
            turns=90,
            conversations=40,
            win_rate=0.31,
            low=0.25,
            high=0.38,
            adjusted=0.002,
            small=False,
        ),
        Slice(dimension="tool", value="none", challenger="rival", turns=4, conversations=3, win_rate=0.75, small=True),
    ),
    tiers=(
        in_tier("fresh", "rival", turns=380, conversations=118, win_rate=0.512, low=0.481, high=0.543),
        in_tier("golden", "rival"),
        in_tier("golden", "replayed", turns=0, conversations=0, win_rate=None, low=None, high=None, held=None),
        in_tier("adversarial", "rival", win_rate=0.25, low=0.2, high=0.31, held=0.4, small=True),
    ),
    drawn_turns=400,
    traffic_turns=12_345.0,
    judges=JURY,
    agreement=AGREEMENT,
    trusted=True,
)

UNKNOWN = Leaderboard(
    judge="arena_hard/j/1",
    seed=0,
    level=0.95,
    standings=(
        Standing(challenger="baseline", baseline=True, turns=0, conversations=0, win_rate=0.5),
        Standing(challenger="nobody", turns=0, conversations=0, win_rate=None, no_interval="nothing was judged"),
    ),
)


def long_name(number: int) -> str:
    """Return a name of forty characters, of which only one in the middle tells it from the others."""
    return f"provider-of-models/{number:02d}/instruct-2026-turbo"


def crowded() -> Leaderboard:
    """Return a leaderboard of twenty challengers with the longest names and large figures."""
    names = [long_name(number) for number in range(20)]
    rows = [
        RIVAL.model_copy(
            update={
                "challenger": name,
                "turns": 1_234_567,
                "conversations": 123_456,
                "wins": 423_456,
                "ties": 98_765,
                "losses": 712_346,
                "unreadable": 123_456,
                "failed": 98_765,
                "identical": 87_654,
                "rank_best": 10,
                "rank_worst": 20,
                "calls": 987_654,
                "faulty_calls": 118_518,
                "faults": dict.fromkeys(FAULTS, 118_518),
                "fault_shares": dict.fromkeys(FAULTS, 0.12),
                "more_conversations": 1_234_567,
                "human_labels": 12_345,
                "cost_per_1000_turns_usd": 12_345.67,
                "p50_latency_s": 123.4,
                "p95_latency_s": 1234.5,
                "elo": 1234.0,
                "elo_low": 1180.0,
                "elo_high": 1300.0,
            }
        )
        for name in names
    ]
    pairs = list(combinations(names, 2))
    return FULL.model_copy(
        update={
            "standings": (*rows, PRODUCTION),
            "differences": tuple(
                FULL.differences[0].model_copy(
                    update={"first": one, "second": other, "challenges": 1_234_567, "conversations": 123_456}
                )
                for one, other in pairs
            ),
            "meetings": tuple(
                Meeting(first=one, second=other, turns=1_234_567, share=0.5, direct=False) for one, other in pairs
            ),
            "tiers": tuple(
                in_tier(tier, name, turns=1_234_567, conversations=123_456)
                for tier in ("fresh", "golden", "regression", "adversarial")
                for name in names
            ),
            "slices": tuple(
                FULL.slices[0].model_copy(
                    update={"dimension": "tag", "value": "x" * 79 + str(at), "challenger": name, "turns": 1_234_567}
                )
                for name in names
                for at in range(2)
            ),
            "judges": tuple(
                JURY[0].model_copy(
                    update={
                        "name": f"judge {at} {long_name(at)}",
                        "duels": 1_234_567,
                        "by_challenger": dict.fromkeys(names, 0.5 + at / 50),
                        "left_out": dict.fromkeys(names, -0.123),
                        "swapped": ((names[0], names[1]),),
                    }
                )
                for at in range(12)
            ),
        }
    )
