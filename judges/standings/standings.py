"""From columns to a leaderboard: every figure from its own module, put together here.

A challenger's own figures depend on nobody else; ranks, Holm's corrections, the ratings of those who met and the Pareto
front do. All of them are of the fresh tier, whose turns stand for the traffic; the other tiers are reckoned apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from judges.standings.apart import apart
from judges.standings.by_tier import InTier, all_together, in_tiers
from judges.standings.juries import Judges, judges
from judges.standings.leaderboard import Conditions, Leaderboard
from judges.standings.meetings import comparisons, meetings
from judges.standings.opinions import heard
from judges.standings.outcomes import BASELINE, HumanVerdict, Opinion
from judges.standings.pairs import Difference, differences, ranks, scores, told_apart
from judges.standings.people import human_figures, labels
from judges.standings.ratings import Rating, ratings
from judges.standings.rows import Row, baseline_row, row
from judges.standings.setting_aside import distrusted, without
from judges.standings.slices import slices
from judges.standings.standing import Standing
from judges.standings.switching import decided, noise_floor
from judges.standings.tables import TIERS, Columns
from judges.standings.terms import Asked, Bargain, Bench
from judges.standings.weighing import weighed


def standings(
    columns: Columns,
    conditions: Conditions,
    asked: Asked,
    bench: Bench,
    bargain: Bargain,
    *,
    controls: Collection[str] = (),
    opinions: Iterable[Opinion] = (),
    people: Sequence[HumanVerdict] = (),
) -> Leaderboard:
    """Return the leaderboard of everything in `columns`, best first.

    A judge whose agreement with `people` is below the bench's floor is not trusted, and on the word of a judge or jury
    that is not trusted no switching is decided. Where the bench says so, such judges are left out of a jury's verdicts,
    and the leaderboard's judge is named without them.
    """
    court = _sat(columns, opinions, people, bench, asked)
    parts = {tier: apart(court.columns, tier) for tier in TIERS}
    fresh = parts["fresh"]
    found = weighed(fresh.duels, fresh.weights, asked.scale)
    table = scores(fresh.challengers, found, fresh.clusters, fresh.weights, baseline=BASELINE)
    pairs = differences(table, seed=asked.seed, rounds=asked.rounds, level=asked.level)
    rated = ratings(
        comparisons(fresh, found), baseline=BASELINE, seed=asked.seed, rounds=asked.rounds, level=asked.level
    )
    alone = list(_rows(fresh, asked, controls, people))
    tiers = in_tiers(parts, {each.standing.challenger: each.standing for each in alone}, bargain.tier_weights, asked)
    together = _together(tiers, asked.level)
    rows = list(_completed(_hardened(alone, tiers), _places(pairs, asked.level), _elos(rated), together))
    trusted = court.judges.trusted
    decisions = decided(rows, told_apart(pairs, alpha=1 - asked.level), bargain, trusted=trusted)
    return Leaderboard(
        **_terms(conditions.model_copy(update={"judge": court.bench.version}), asked, bargain),
        drawn_turns=len(fresh.weights),
        traffic_turns=float(court.columns.weights[court.columns.fresh].sum()),
        noise_floor=noise_floor(rows),
        standings=tuple(sorted(decisions, key=_standing_order)),
        differences=pairs,
        meetings=tuple(meetings(fresh, pairs)),
        slices=slices(fresh, asked.scale, level=asked.level),
        tiers=tuple(each.standing for each in tiers),
        judges=court.judges.seen,
        agreement=court.judges.agreement,
        trusted=trusted,
        set_aside=court.aside,
    )


class _Court(NamedTuple):
    """The verdicts that count, and who gave them."""

    columns: Columns
    bench: Bench
    judges: Judges
    aside: tuple[str, ...]


def _sat(
    columns: Columns, opinions: Iterable[Opinion], people: Sequence[HumanVerdict], bench: Bench, asked: Asked
) -> _Court:
    members, said = heard(columns, opinions), labels(columns, people)
    found = judges(columns, members, said, bench, asked)
    aside = distrusted(found.seen) if bench.set_aside and len(members.judges) > 1 else ()
    if not aside:
        return _Court(columns, bench, found, aside)
    columns, bench = without(columns, members, aside, bench), bench.without(aside)
    return _Court(columns, bench, judges(columns, members, said, bench, asked)._replace(seen=found.seen), aside)


def _terms(conditions: Conditions, asked: Asked, bargain: Bargain) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "judge": conditions.judge,
        "scale": conditions.scale,
        "seed": asked.seed,
        "level": asked.level,
        "epoch": conditions.epoch,
        "comparability": conditions.hash,
        "lasting": conditions.lasting,
        "decided_by": bargain.hash,
        "unit": conditions.unit,
        "precision": asked.wanted,
        "margin": bargain.margin,
        "weights": bargain.weights,
    }


def _rows(fresh: Columns, asked: Asked, controls: Collection[str], people: Sequence[HumanVerdict]) -> Iterator[Row]:
    said = labels(fresh, people)
    for code, name in enumerate(fresh.challengers):
        known = row(fresh, code, asked, control=name in controls)
        human = human_figures(fresh, code, said, asked)
        yield known._replace(standing=known.standing.model_copy(update=human))
    yield baseline_row(fresh, asked)


def _hardened(rows: Iterable[Row], tiers: Iterable[InTier]) -> Iterator[Row]:
    """Yield the rows with their win rates in the adversarial tier, in which production's own is one half too."""
    hard = {each.standing.challenger: each.standing for each in tiers if each.standing.tier == "adversarial"}
    for each in rows:
        found = hard.get(each.standing.challenger)
        par = 0.5 if hard and each.standing.baseline else None
        yield each._replace(hard=found.win_rate if found else par)


def _completed(rows: Iterable[Row], *figures: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    """Yield the rows with the figures of each that depend on the others, or on other tiers."""
    for each in rows:
        update = {key: value for some in figures for key, value in some.get(each.standing.challenger, {}).items()}
        yield each._replace(standing=each.standing.model_copy(update=update))


def _places(pairs: Iterable[Difference], level: float) -> dict[str, dict[str, Any]]:
    return {
        name: {"rank_best": place.best, "rank_worst": place.worst}
        for name, place in ranks(pairs, alpha=1 - level).items()
    }


def _elos(rated: Iterable[Rating]) -> dict[str, dict[str, Any]]:
    return {
        each.name: {"elo": each.elo, "elo_low": each.low, "elo_high": each.high, "no_elo": each.caveat}
        for each in rated
    }


def _together(tiers: tuple[InTier, ...], level: float) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "together": found.win_rate,
            "together_low": found.interval.low if found.interval else None,
            "together_high": found.interval.high if found.interval else None,
        }
        for name, found in all_together(tiers, level).items()
    }


def _standing_order(standing: Standing) -> tuple[bool, float, str]:
    return standing.win_rate is None, -(standing.win_rate or 0.0), standing.challenger
