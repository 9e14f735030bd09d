"""What people say of the same duels: a challenger's corrected win rate, and how far each judge agrees with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from judges.standings.agreement import Agreement
from judges.standings.calibration import agreements
from judges.standings.corrected import corrected
from judges.standings.opinions import Opinions
from judges.standings.outcomes import HumanVerdict, Opinion
from judges.standings.tables import VERDICTS, Columns
from judges.standings.terms import Asked
from judges.standings.weighing import weighed

Labels = Mapping[tuple[int, int], Sequence[HumanVerdict]]
"""What people say of each duel that they were shown, by challenger and challenge."""

_CERTAIN = 0.5  # what anybody would say of two answers that are the same


def labels(columns: Columns, people: Iterable[HumanVerdict]) -> Labels:
    """Return what people said of duels of this leaderboard; other duels are no matter here."""
    codes = columns.codes
    found = defaultdict[tuple[int, int], list[HumanVerdict]](list)
    for said in people:
        if said.challenger in codes and said.challenge_id in columns.challenges:
            found[codes[said.challenger], columns.challenges[said.challenge_id]].append(said)
    return found


def human_figures(columns: Columns, challenger: int, found: Labels, asked: Asked) -> dict[str, Any]:
    """Return the fields of a `Standing` that are made of human labels; nothing without a label on a duel in the mean.

    On the scale of sevenths only: that is what people's verdicts are worth, and the gap between two scales would be
    taken for the judge's. Where several people judged a duel, their mean counts. Identical answers are never shown, and
    that people would call them equal is certain, so they count as labelled, but not among `human_labels`.

    The corrected win rate estimates the traffic, so both chances count: that of being drawn, and that of being shown.
    """
    if asked.scale != "sevenths" or not found:
        return {}
    duels = columns.of(challenger)
    own = weighed(duels, columns.weights, "sevenths")
    human = np.where(duels.identical[own.places], _CERTAIN, np.nan)
    chances, labelled = np.ones(len(own.worths)), 0
    places = dict(zip(own.challenges.tolist(), range(len(own.challenges)), strict=True))
    for (code, challenge), said in found.items():
        if code == challenger and challenge in places:
            human[places[challenge]] = np.mean([one.score for one in said])
            chances[places[challenge]] = said[0].chance
            labelled += 1
    clusters = columns.clusters[own.challenges]
    known = corrected(own.worths, human, clusters, chances=chances, traffic=own.traffic, level=asked.level)
    if known is None or not labelled:
        return {}
    return {
        "human_win_rate": known.win_rate,
        "human_low": known.interval.low if known.interval else None,
        "human_high": known.interval.high if known.interval else None,
        "human_labels": labelled,
        "human_gap": known.gap,
        "human_gap_error": known.gap_error,
    }


def beside_people(columns: Columns, opinions: Opinions, found: Labels, asked: Asked) -> Mapping[str, Agreement]:
    """Return each judge's agreement with people, where they have a duel in common.

    It is about the judge, not about the traffic, so duels of all tiers count, and each as often as its chance to be
    shown to people says, whatever its turn stands for.
    """
    keys = opinions.challengers.astype(np.int64) * len(columns.challenges) + opinions.challenges
    same, clusters = list[Opinion](), dict[str, str]()
    for (challenger, challenge), said in found.items():
        row = int(np.searchsorted(keys, challenger * len(columns.challenges) + challenge))
        if row < len(keys) and (opinions.challengers[row], opinions.challenges[row]) == (challenger, challenge):
            clusters[said[0].challenge_id] = str(columns.clusters[challenge])
            for judge in np.flatnonzero(opinions.sat[row]).tolist():
                verdict = VERDICTS[opinions.verdicts[row, judge]]
                same.append(Opinion(opinions.judges[judge], said[0].challenger, said[0].challenge_id, None, verdict))
    together = [one for said in found.values() for one in said]
    return agreements(same, together, clusters, seed=asked.seed, rounds=asked.rounds, level=asked.level)
