"""From what several judges say of one duel to what the jury says.

A jury of smaller judges from different families is closer to people than one large judge, and favours no family (Verga
et al. 2024, "Replacing Judges with Juries", arXiv 2404.18796, which pools by mean and by vote).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean, median
from typing import Final, Literal

from judges.types import Judgment, Verdict
from judges.verdicts import outcome
from rollouts.types import Record

Rule = Literal["mean", "median", "majority"]

_EVEN: Final = 0.5


class JuryVerdict(Record):
    """What a jury says of one duel, from the challenger's point of view."""

    rule: Rule
    verdict: Verdict
    """`UNREADABLE` where fewer judges than the quorum could be read: that is not a tie."""
    score: float | None
    """0 to 1, on the scale of the judges' own scores; `None` for `UNREADABLE`."""
    quorum: int
    counted: tuple[str, ...]
    """The judges that could be read, in their order."""
    unreadable: tuple[str, ...]
    """The judges that sat and could not be read."""
    agreement: float | None
    """Share of the judges counted who say by themselves what the jury says; `None` for `UNREADABLE`."""


def jury_verdict(judgments: Sequence[Judgment], *, rule: Rule = "mean", quorum: int = 1) -> JuryVerdict:
    """Return the verdict of all judges that could be read, each with one vote, if there are `quorum` of them.

    `mean` and `median` pool the scores, and half a point is a tie. `majority` counts verdicts: the most frequent one
    wins with the mean score of those who gave it, and where two are equally frequent, the jury is divided: a tie.
    """
    readable = [judgment for judgment in judgments if judgment.score is not None]
    score = _pooled(readable, rule) if len(readable) >= max(1, quorum) else None
    verdict = Verdict.UNREADABLE if score is None else outcome(score)
    agreeing = [judgment for judgment in readable if judgment.verdict is verdict]
    return JuryVerdict(
        rule=rule,
        verdict=verdict,
        score=score,
        quorum=max(1, quorum),
        counted=tuple(judgment.judge for judgment in readable),
        unreadable=tuple(judgment.judge for judgment in judgments if judgment.score is None),
        agreement=None if score is None else len(agreeing) / len(readable),
    )


def _pooled(readable: Sequence[Judgment], rule: Rule) -> float:
    scores = [judgment.score for judgment in readable if judgment.score is not None]
    match rule:
        case "mean":
            return fmean(scores)
        case "median":
            return median(scores)
        case "majority":
            return _voted(readable)


def _voted(readable: Sequence[Judgment]) -> float:
    (leading, votes), *others = Counter(judgment.verdict for judgment in readable).most_common()
    if any(count == votes for _, count in others):
        return _EVEN
    return fmean(one.score for one in readable if one.verdict is leading and one.score is not None)
