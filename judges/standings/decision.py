"""Whether to switch: quality, tool calls, cost and speed side by side, and one plain sentence per challenger.

Quality is gated by its interval, never by a point: a challenger is as good when the whole interval lies above one half
less a margin, worse when the whole interval lies below that, and otherwise the question is open (non-inferiority, as in
Piaggio et al. 2012, "Reporting of Noninferiority and Equivalence Randomized Trials", JAMA 308). Tool calls likewise.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from pydantic import Field

from judges.standings.bootstrap import Interval
from judges.standings.spread import FEW
from rollouts.types import Options, Record

FEWEST: Final = 10
"""With fewer conversations nothing is said at all."""
_PAR: Final = 0.5
_NEAR: Final = 0.01


class Switching(StrEnum):
    """What the figures say about replacing production by a challenger."""

    SUPPORTED = "supported"
    NOT_SUPPORTED = "not supported"
    UNDECIDED = "undecided"


class Candidate(Record):
    """The figures of one challenger, or of production. `None` is unknown, for tool calls also: none were made."""

    challenger: str
    win_rate: float | None
    """Against production, 0 to 1; production's own is one half."""
    interval: Interval | None = None
    tool_validity: float | None = None
    """Share of tool calls that are whole and fit their schema, 0 to 1."""
    tool_interval: Interval | None = None
    adversarial: float | None = None
    """Win rate in the adversarial tier; production's own is one half."""
    cost_per_1000_turns_usd: float | None = None
    p95_latency_s: float | None = None


class Weights(Options):
    """How much each figure counts in the weighted score; only their proportions matter. None is below 0."""

    quality: float = Field(default=5.0, ge=0, allow_inf_nan=False)
    """The win rate against production."""
    tool_validity: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    """The share of valid tool calls."""
    adversarial: float = Field(default=3.0, ge=0, allow_inf_nan=False)
    """The win rate in the adversarial tier, where there is one."""
    cost: float = Field(default=2.0, ge=0, allow_inf_nan=False)
    """The cost of a thousand turns."""
    latency: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """The p95 latency."""


class Advice(Record):
    """What to tell a person who has to decide."""

    challenger: str
    switching: Switching
    indistinguishable: bool
    """Whether the win rate lies inside the control arm's interval."""
    sentence: str


def pareto(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """Name those that no other beats: at least as good in all five figures and better in one.

    An unknown figure is neither better nor worse than a known one, so it shields from being beaten.
    """
    all_axes = {candidate.challenger: _axes(candidate) for candidate in candidates}
    return tuple(name for name, axes in all_axes.items() if not any(_beats(other, axes) for other in all_axes.values()))


def weighted(candidate: Candidate, production: Candidate, weights: Weights) -> float | None:
    """Return the weighted mean of the five figures, each on the win rate's scale where one half is production.

    A share b/(a+b) of two costs or latencies is one half when they are equal and one when the challenger is free. It
    depends on no other challenger. `None` when a figure that counts is unknown; one unknown to both is left out.
    """
    here, there = candidate, production
    figures = [
        (weights.quality, candidate.win_rate),
        (weights.tool_validity, _share(here.tool_validity, there.tool_validity)),
        (weights.adversarial, candidate.adversarial),
        (weights.cost, _share(there.cost_per_1000_turns_usd, here.cost_per_1000_turns_usd)),
        (weights.latency, _share(there.p95_latency_s, here.p95_latency_s)),
    ]
    both = zip(_axes(here), _axes(there), strict=True)
    counted = [row for row, pair in zip(figures, both, strict=True) if row[0] > 0 and pair != (None, None)]
    total = sum(weight for weight, _ in counted)
    known = [weight * figure for weight, figure in counted if figure is not None]
    return sum(known) / total if counted and len(known) == len(counted) else None


def advice(
    candidate: Candidate,
    production: Candidate,
    *,
    control: Interval | None = None,
    margin: float = 0.02,
    distinct: bool = True,
    trusted: bool | None = None,
) -> Advice:
    """Say in one sentence whether to switch; `margin` is what may be lost, in win rate and in valid tool calls.

    `control` is the interval of production's own model replayed, the noise floor: inside it nobody is called worse.
    Nor is anybody called better or worse who is not `distinct` from production once it is counted how many were
    compared: of 20 replays of production two in five leaderboards have one whose own interval lies above one half
    (measured). Switching also takes a gain: a better win rate, or a lower cost or p95 latency. Nothing is decided on
    the word of a judge who is known not to be `trusted`.
    """
    inside = (
        control is not None and candidate.win_rate is not None and control.low <= candidate.win_rate <= control.high
    )
    quality = _gate(candidate.win_rate, candidate.interval, _PAR - margin)
    if quality is Switching.NOT_SUPPORTED and (inside or not distinct):
        quality = Switching.UNDECIDED
    tools = _tools(candidate, production, margin)
    better = distinct and candidate.interval is not None and candidate.interval.low > _PAR
    switching = _worst(quality, tools, _gain(candidate, production, better=better))
    if trusted is False:
        switching = Switching.UNDECIDED
    phrases = [_quality_words(candidate, quality, margin, better=better) + _price_words(candidate, production)]
    if inside:
        phrases.append("not distinguishable from replaying production")
    if tools is not Switching.SUPPORTED:
        phrases.append(f"{_percent(candidate.tool_validity)} of its tool calls are valid")
    if trusted is False:
        phrases.append("the judge is not trusted, for it agrees too little with people")
    phrases.append(f"switching is {switching}")
    return Advice(
        challenger=candidate.challenger, switching=switching, indistinguishable=inside, sentence="; ".join(phrases)
    )


def _axes(candidate: Candidate) -> tuple[float | None, ...]:
    """Return the five figures, the more the better."""
    costs = (candidate.cost_per_1000_turns_usd, candidate.p95_latency_s)
    return (
        candidate.win_rate,
        candidate.tool_validity,
        candidate.adversarial,
        *(None if cost is None else -cost for cost in costs),
    )


def _beats(one: tuple[float | None, ...], other: tuple[float | None, ...]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return one != other and all(a == b if a is None or b is None else a >= b for a, b in pairs)


def _share(ours: float | None, theirs: float | None) -> float | None:
    if ours is None or theirs is None:
        return None
    return ours / (ours + theirs) if ours + theirs else _PAR


def _gate(figure: float | None, interval: Interval | None, bar: float) -> Switching:
    """Return whether a figure clears `bar`. An interval without width decides nothing.

    Few conversations never support switching; from `FEWEST` on they may show that a challenger is worse, for there
    intervals cover as they should (0.968 at 10 conversations of 1 to 6 turns, measured).
    """
    if figure is None or interval is None or interval.degenerate:
        return Switching.UNDECIDED
    if interval.low > bar and interval.clusters >= FEW:
        return Switching.SUPPORTED
    return Switching.NOT_SUPPORTED if interval.high < bar and interval.clusters >= FEWEST else Switching.UNDECIDED


def _tools(candidate: Candidate, production: Candidate, margin: float) -> Switching:
    """Gate tool calls against production's. With both at or above it there is nothing an interval could warn of."""
    ours, theirs = candidate.tool_validity, production.tool_validity
    if ours is None or ours >= (1.0 if theirs is None else theirs):
        return Switching.SUPPORTED
    return _gate(ours, candidate.tool_interval, (1.0 if theirs is None else theirs) - margin)


def _gain(candidate: Candidate, production: Candidate, *, better: bool) -> Switching:
    if better:
        return Switching.SUPPORTED
    costs = (candidate.cost_per_1000_turns_usd, production.cost_per_1000_turns_usd)
    times = (candidate.p95_latency_s, production.p95_latency_s)
    if any(a is not None and b is not None and a < b for a, b in (costs, times)):
        return Switching.SUPPORTED
    return Switching.UNDECIDED if None in costs + times else Switching.NOT_SUPPORTED


def _worst(*gates: Switching) -> Switching:
    order = (Switching.NOT_SUPPORTED, Switching.UNDECIDED, Switching.SUPPORTED)
    return min(gates, key=order.index)


def _quality_words(candidate: Candidate, quality: Switching, margin: float, *, better: bool) -> str:
    interval = candidate.interval
    if interval is None or candidate.win_rate is None:
        return "of unknown quality"
    low, high = 100 * (interval.low - _PAR), 100 * (interval.high - _PAR)
    if quality is Switching.SUPPORTED:
        return "better" if better else f"as good within {100 * margin:.2g} points"
    if quality is Switching.NOT_SUPPORTED:
        return f"worse by {-high:.1f} to {-low:.1f} points"
    if interval.degenerate or interval.clusters < FEW:
        return f"too little to tell from {interval.clusters} conversations"
    return f"between {low:+.1f} and {high:+.1f} points of production"


def _price_words(candidate: Candidate, production: Candidate) -> str:
    ratios = {
        "cost": (candidate.cost_per_1000_turns_usd, production.cost_per_1000_turns_usd),
        "p95 latency": (candidate.p95_latency_s, production.p95_latency_s),
    }
    parts = [f"{_percent(a / b)} of the {name}" for name, (a, b) in ratios.items() if a is not None and b]
    return f" at {' and '.join(parts)}" if parts else ""


def _percent(share: float | None) -> str:
    """Write a share; one that is not quite nothing or everything is not rounded to that."""
    if share is None:
        return "an unknown share"
    near = 0 < share < _NEAR or 1 - _NEAR < share < 1
    return f"{100 * share:.4g} %" if near else f"{100 * share:.0f} %"
