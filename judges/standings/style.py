"""Win rates at equal style: what would be left if both answers were equally long and marked up alike.

The model is a logistic regression of who won on how differently the two answers look (style control: Li, Angelopoulos
and Chiang 2024, "Does style matter?", LMArena). It is fitted per challenger, so adding a model moves nobody (Dubois
2024, arXiv 2404.04475), with a ridge towards a fixed prior: one challenger's answers are too alike to tell its style
from its worth. It stands beside the plain win rate and never replaces it.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from judges.standings.bootstrap import TOO_FEW, Interval, student
from judges.standings.spread import Drawn, Floats, drawn
from rollouts.types import Record

ONE_SIDED: Final = "all battles went one way, which gives no idea of the error"

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_HEADER = re.compile(r"^#{1,6}\s", re.MULTILINE)
_ITEM = re.compile(r"^[ \t]*+(?:[-*+]|\d++\.)\s", re.MULTILINE)
_BOLD = re.compile(r"\*\*[^*\n]++\*\*|__[^_\n]++__")

_ROUNDS, _EXACT = 100, 1e-10
_SLACK: Final = 1e-12  # how far rounding may lower a height, as a share of it
_LOOSE: Final = 1e-6  # on the intercept: a challenger that won every battle still has finite log odds


class Style(NamedTuple):
    """How an answer looks, its content aside."""

    length: float
    """In tokens, or in characters when tokens are unknown; both answers of a pair in the same unit."""
    headers: int
    items: int
    bold: int


class Prior(NamedTuple):
    """What style is worth to a judge before a challenger's own battles are seen."""

    columns: tuple[int, ...]
    """Which columns of `differences` are controlled for."""
    spreads: tuple[float, ...]
    """What one unit of each column is, about its standard deviation."""
    effects: tuple[float, ...]
    """In log odds of winning per unit."""
    strength: float = 1000.0
    """The ridge: what some 4,000 even battles tell whose looks differ by one unit. Chosen on the set below: at 300 its
    published order is met at 0.997 only, at 1,000 at 0.999."""


STYLE: Final = Prior((0, 1, 2, 3), (0.293, 0.434, 0.509, 0.566), (1.435, 0.123, -0.125, 0.124))
LENGTH: Final = Prior((0,), (0.293,), (1.437,))
"""Both from one joint fit over the 71 challengers of ko-arena-hard-auto (9d13932, Apache-2.0) whose answers are
published: three judges' pooled labels on 500 questions, baseline claude-3.7-sonnet."""


class Controlled(Record):
    """A win rate against the baseline at equal style."""

    win_rate: float
    """0 to 1: the chance to win a battle in which both answers look alike."""
    interval: Interval | None
    no_interval: str | None = None
    turns: int
    """Battles with known style: what the fit rests on."""
    effects: tuple[float, ...]
    """What each feature is worth here, in log odds per unit of the prior."""


def style(text: str, tokens: int | None = None) -> Style:
    """Measure `text`. Headers, list items and bold count outside fenced code, as in arena-hard's add_markdown_info."""
    plain = _FENCED.sub("", text)
    headers, items, bold = (len(pattern.findall(plain)) for pattern in (_HEADER, _ITEM, _BOLD))
    return Style(len(text) if tokens is None else tokens, headers, items, bold)


def differences(challenger: npt.ArrayLike, baseline: npt.ArrayLike) -> Floats:
    """Return how differently each pair looks, -1 to 1 per feature; rows are `Style`s, NaN where one is unknown.

    (a-b)/(a+b) for length and (a-b)/(a+b+1) for raw counts: what reproduces the published order of ko-arena-hard-auto
    (Spearman 0.9995). Arena-Hard v2.0 divides counts by the length first.
    """
    ours = np.asarray(challenger, dtype=np.float64).reshape(-1, 4)
    theirs = np.asarray(baseline, dtype=np.float64).reshape(-1, 4)
    total = ours + theirs + np.array([0.0, 1.0, 1.0, 1.0])
    return (ours - theirs) / np.where(total == 0, 1.0, total)


def controlled(
    scores: npt.ArrayLike,
    weights: npt.ArrayLike,
    looks: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    traffic: npt.ArrayLike | None = None,
    prior: Prior = STYLE,
    level: float = 0.95,
) -> Controlled | None:
    """Fit one challenger's battles, or return `None` when no battle has a known style.

    `scores` are 0 to 1, `weights` say how many battles each counts for, `looks` come from `differences`, `clusters`
    name the conversations. `traffic` is how much of it each battle's turn stands for; it is brought to a mean of one,
    for the prior is worth so many battles. The interval is cluster-robust (Liang and Zeger 1986) on the log odds, with
    Student's t; it takes the prior for true, so it says nothing of a judge with another taste.
    """
    features = np.asarray(looks, dtype=np.float64)[:, prior.columns] / np.array(prior.spreads)
    known = np.isfinite(features).all(axis=1)
    if not known.any():
        return None
    design = np.column_stack([np.ones(int(known.sum())), features[known]])
    stands_for = np.ones(len(design)) if traffic is None else np.asarray(traffic, dtype=np.float64)[known]
    won, weight = (np.asarray(column, dtype=np.float64)[known] for column in (scores, weights))
    weight = weight * (stands_for / stands_for.mean())
    fit = _fit(design, won, weight, prior)
    residuals = design * (weight * (won - _chance(design @ fit)))[:, None]
    pulls = _pulls(residuals, _curvature(design, weight, fit, prior), np.asarray(clusters)[known])
    one_sided = bool((won == 0).all() or (won == 1).all())
    interval = None if one_sided else _interval(fit[0], pulls, drawn(stands_for), level)
    problem = None if interval else ONE_SIDED if one_sided else TOO_FEW
    return Controlled(
        win_rate=float(_chance(fit[0])),
        interval=interval,
        no_interval=problem,
        turns=len(won),
        effects=tuple(float(effect) for effect in fit[1:]),
    )


def _fit(design: Floats, won: Floats, weight: Floats, prior: Prior) -> Floats:
    """Climb the penalised likelihood, which has one summit, by Newton steps (IRLS), halved while they overshoot."""
    centre = np.array([0.0, *prior.effects])
    ridge = _ridge(prior)

    def height(at: Floats) -> float:
        odds = design @ at
        return float(weight @ (won * odds - np.logaddexp(0, odds)) - ridge @ (at - centre) ** 2 / 2)

    fit = centre
    for _ in range(_ROUNDS):
        slope = design.T @ (weight * (won - _chance(design @ fit))) - ridge * (fit - centre)
        step = np.linalg.solve(_curvature(design, weight, fit, prior), slope)
        floor = height(fit) - _SLACK * abs(height(fit))
        while np.abs(step).max() > _EXACT and height(fit + step) < floor:
            step = step / 2
        fit = fit + step
        if np.abs(step).max() <= _EXACT:
            break
    return fit


def _curvature(design: Floats, weight: Floats, fit: Floats, prior: Prior) -> Floats:
    chance = _chance(design @ fit)
    curvature: Floats = (design * (weight * chance * (1 - chance))[:, None]).T @ design + np.diag(_ridge(prior))
    return curvature


def _pulls(residuals: Floats, curvature: Floats, clusters: npt.NDArray[Any]) -> Floats:
    """Return what each conversation does to the log odds."""
    names, codes = np.unique(clusters, return_inverse=True)
    per_cluster = np.zeros((len(names), residuals.shape[1]))
    np.add.at(per_cluster, codes, residuals)
    pulls: Floats = np.linalg.solve(curvature, per_cluster.T)[0]
    return pulls


def _interval(odds: float, pulls: Floats, turns: Drawn, level: float) -> Interval | None:
    count = len(pulls)
    if count == 1:
        return None
    effective = turns.worth(count)
    reach = student(0.5 + level / 2, max(1, effective - 1)) * np.sqrt(count / (count - 1) * (pulls**2).sum())
    low, high = _chance(odds - reach), _chance(odds + reach)
    return Interval(low=float(low), high=float(high), level=level, clusters=effective)


def _ridge(prior: Prior) -> Floats:
    return np.array([_LOOSE] + [prior.strength] * len(prior.effects))


def _chance(odds: Any) -> Any:
    return np.exp(-np.logaddexp(0, -odds))
