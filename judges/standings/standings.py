"""From columns to a leaderboard: every figure from its own module, put together here.

A challenger's own figures depend on nobody else; ranks, Holm's corrections, the ratings of those who met and the Pareto
front do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from judges.jury_verdict import Rule
from judges.standings.decision import Weights
from judges.standings.juries import judges
from judges.standings.leaderboard import Conditions, Leaderboard
from judges.standings.meetings import comparisons, meetings
from judges.standings.opinions import heard
from judges.standings.outcomes import BASELINE, HumanVerdict, Opinion
from judges.standings.pairs import Difference, differences, ranks, scores, told_apart
from judges.standings.people import Labels, human_figures, labels
from judges.standings.ratings import Rating, ratings
from judges.standings.rows import Row, baseline_row, row
from judges.standings.setting_aside import distrusted, without
from judges.standings.slices import slices
from judges.standings.standing import Standing
from judges.standings.switching import decided, noise_floor
from judges.standings.tables import Columns
from judges.standings.terms import Asked, Bargain, Bench
from judges.standings.weighing import weighed


def standings(
    columns: Columns,
    *,
    conditions: Conditions,
    seed: int,
    controls: Collection[str] = (),
    level: float = 0.95,
    rounds: int = 2000,
    epoch: str | None = None,
    wanted: float = 0.02,
    margin: float = 0.02,
    weights: Weights | None = None,
    adversarial: str | None = None,
    opinions: Iterable[Opinion] = (),
    names: Mapping[str, str] | None = None,
    people: Sequence[HumanVerdict] = (),
    floor: float = 0.80,
    labels_needed: int = 1,
    set_aside: bool = False,
    rule: Rule = "mean",
    quorum: int = 1,
) -> Leaderboard:
    """Return the leaderboard of everything in `columns`, best first, on the scale of its `conditions`.

    `wanted` is the half-width that intervals should have, `margin` what a challenger may lose and still be as good,
    `adversarial` is the tag of the adversarial tier, `rule` and `quorum` are the jury's. `names` says what to call a
    judge, by version. A judge whose agreement with `people` is below `floor`, by `labels_needed` of their verdicts or
    more, is not trusted, and on the word of a judge or jury that is not trusted no switching is decided. With
    `set_aside` such judges are left out of a jury's verdicts, and the leaderboard's judge is named without them.
    """
    asked = Asked(conditions.scale, seed, level, rounds, wanted, adversarial)
    bench = Bench(conditions.judge, rule, quorum, floor, labels_needed, names or {})
    members, said = heard(columns, opinions), labels(columns, people)
    bar = judges(columns, members, said, bench, asked)
    if aside := distrusted(bar.seen) if set_aside and len(members.judges) > 1 else ():
        columns, bench = without(columns, members, aside, bench), bench.without(aside)
        conditions = conditions.model_copy(update={"judge": bench.version})
        bar = judges(columns, members, said, bench, asked)._replace(seen=bar.seen)
    found = weighed(columns.duels, asked.scale)
    table = scores(columns.challengers, found, columns.clusters, baseline=BASELINE)
    apart = differences(table, seed=seed, rounds=rounds, level=level)
    rated = ratings(comparisons(columns, found), baseline=BASELINE, seed=seed, rounds=rounds, level=level)
    rows = _together(_rows(columns, asked, controls, said), _places(apart, level), _elos(rated))
    bargain = Bargain(weights or Weights(), margin)
    decisions = decided(rows, told_apart(apart, alpha=1 - level), bargain, trusted=bar.trusted)
    return Leaderboard(
        judge=conditions.judge,
        scale=conditions.scale,
        seed=seed,
        level=level,
        epoch=epoch,
        comparability=conditions.hash,
        noise_floor=noise_floor(rows),
        standings=tuple(sorted(decisions, key=_standing_order)),
        differences=apart,
        meetings=tuple(meetings(columns, apart)),
        slices=slices(columns, asked.scale, level=level),
        judges=bar.seen,
        agreement=bar.agreement,
        trusted=bar.trusted,
        set_aside=aside,
        unit=conditions.unit,
        precision=wanted,
        margin=margin,
        weights=weights or Weights(),
    )


def _rows(columns: Columns, asked: Asked, controls: Collection[str], said: Labels) -> Iterator[Row]:
    for code, name in enumerate(columns.challengers):
        known = row(columns, code, asked, control=name in controls)
        human = human_figures(columns, code, said, asked)
        yield known._replace(standing=known.standing.model_copy(update=human))
    yield baseline_row(columns, asked)


def _together(rows: Iterable[Row], *figures: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return the rows with the figures of each that depend on the others."""
    found = []
    for each in rows:
        update = {key: value for some in figures for key, value in some.get(each.standing.challenger, {}).items()}
        found.append(each._replace(standing=each.standing.model_copy(update=update)))
    return found


def _places(apart: Iterable[Difference], level: float) -> dict[str, dict[str, Any]]:
    return {
        name: {"rank_best": place.best, "rank_worst": place.worst}
        for name, place in ranks(apart, alpha=1 - level).items()
    }


def _elos(rated: Iterable[Rating]) -> dict[str, dict[str, Any]]:
    return {
        each.name: {"elo": each.elo, "elo_low": each.low, "elo_high": each.high, "no_elo": each.caveat}
        for each in rated
    }


def _standing_order(standing: Standing) -> tuple[bool, float, str]:
    return standing.win_rate is None, -(standing.win_rate or 0.0), standing.challenger
