"""One figure with its interval, and how it stands to a bar."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from judges.standings.bootstrap import student
from judges.standings.precision import more_conversations, p_value
from judges.standings.spread import FEW
from judges.standings.tiers import TierStanding

NO_DATA: Final = "there are no results"
ALIKE: Final = "all conversations are ties, as they are for a judge that cannot tell anything apart"
TOO_SMALL: Final = f"it rests on fewer than {FEW} conversations"
UNEVEN: Final = f"some conversations weigh so much that all of them count as fewer than {FEW}"
_NO_WIDTH: Final = 1e-9
_TIE: Final = 0.5
_HOPELESS: Final = 100
"""Times as many conversations: who needs more than that stands on the bar."""


Shape = Callable[[float, float, float], float]
"""How far a bar lies from an estimate, as a multiple of how far the upper bound does: each interval in its own way."""


def on_a_line(estimate: float, high: float, bar: float) -> float:
    """Of an interval that is as wide on both sides."""
    return (bar - estimate) / (high - estimate)


def on_odds(estimate: float, high: float, bar: float) -> float:
    """Of a mean, on the log odds (see `bootstrap.student_interval`)."""
    if not (0 < estimate < 1 and high < 1):
        return math.nan
    here, there, end = (math.log(share / (1 - share)) for share in (estimate, bar, high))
    return (there - here) / (end - here)


def on_scores(estimate: float, high: float, bar: float) -> float:
    """Of a share with Wilson's interval (see `held`), whose width is that of the bound, not of the estimate."""
    return (bar - estimate) / (high - estimate) * math.sqrt(high * (1 - high) / (bar * (1 - bar)))


class Measure(NamedTuple):
    """A share, or a change of one."""

    estimate: float | None
    low: float | None
    high: float | None
    conversations: int
    unknown: str | None = None
    """Why it decides nothing."""
    freedom: int = 1
    """Degrees of freedom of its interval."""
    shape: Shape = on_a_line
    past_error: float | None = None
    """Of a change: the part of its standard error that more conversations of now do not narrow."""
    uniform: bool = False
    """Whether all conversations say the same, so that the interval is `_doubted`."""

    def chance_above(self, bar: float, level: float) -> float:
        """Return the one-sided chance of so low an estimate if the truth were at `bar`.

        It is at most half of what `level` leaves exactly when the interval lies below the bar.
        """
        if self.estimate is None or self.low is None or self.high is None:
            return 1.0
        if self.uniform:
            return (1 - self._others(bar)) ** self.conversations if self.estimate < bar else 1.0
        if self.high - self.estimate < _NO_WIDTH:
            return 1.0
        away = self.shape(self.estimate, self.high, bar) * student(0.5 + level / 2, self.freedom)
        n = self.freedom + 1
        both = p_value(away, math.sqrt(n), n)
        if both is None or math.isnan(away):
            return 1.0
        return both / 2 if away > 0 else 1 - both / 2

    def more(self, bar: float, level: float) -> tuple[int | None, str | None]:
        """Return how many more conversations bring the whole interval to one side, and what to say beside that."""
        if self.estimate is None or self.low is None or self.high is None or self.high - self.low < _NO_WIDTH:
            return None, None
        nearer = self.low if self.estimate > bar else self.high
        reach, distance = abs(self.estimate - nearer), abs(self.estimate - bar)
        if self.shape is on_scores:
            distance = reach * abs(on_scores(self.estimate, nearer, bar))
        if self.past_error and self._reach_of_past(level) >= distance:
            return None, "the earlier epochs are too uncertain: it takes more of them, not more conversations"
        if reach**2 > _HOPELESS * distance**2:
            return None, "the figure stands on the bar: no number of conversations within reach settles it"
        needed = self._unseen(bar, level) if self.uniform else self._needed(distance, reach, level)
        return max(needed, 1), None

    def _others(self, bar: float) -> float:
        """Return which share of conversations, each as far off as can be, brings a uniform figure to the bar."""
        here = self.estimate or 0.0
        return (bar - here) / (1 - here) if here < bar else (here - bar) / here

    def _unseen(self, bar: float, level: float) -> int:
        """Return how many more conversations that say the same leave too small a chance for so many others."""
        return math.ceil(math.log((1 - level) / 2) / math.log1p(-self._others(bar))) - self.conversations

    def _reach_of_past(self, level: float) -> float:
        return student(0.5 + level / 2, self.freedom) * (self.past_error or 0.0)

    def _needed(self, distance: float, reach: float, level: float) -> int:
        """The same arithmetic as `precision.more_conversations`, but for the part that is past."""
        t, n = student(0.5 + level / 2, self.freedom), self.conversations
        if self.past_error is None:
            found = more_conversations(reach / t * math.sqrt(n), n, distance, level=level)
            return 0 if found is None else found
        room = (distance / t) ** 2 - self.past_error**2
        now = max(0.0, (reach / t) ** 2 - self.past_error**2)
        return math.ceil(n * (now / room - 1))


def measure(row: TierStanding | None, level: float = 0.95) -> Measure:
    """Return what a tier is gated by: of fresh turns the win rate, of others the share of turns held."""
    if row is None or not row.turns:
        return Measure(None, None, None, 0, NO_DATA)
    rate = (row.win_rate, row.low, row.high) if row.tier == "fresh" else (row.held, row.held_low, row.held_high)
    shape = on_odds if row.tier == "fresh" else on_scores
    found = _doubted(Measure(*rate, row.conversations, freedom=max(1, row.conversations - 1), shape=shape), level)
    if row.conversations < FEW:
        return found._replace(unknown=TOO_SMALL)
    if row.small:
        return found._replace(unknown=UNEVEN)
    bounds = (row.low, row.win_rate, row.high)
    if None in bounds or all(abs((each or 0.0) - _TIE) < _NO_WIDTH for each in bounds):
        return found._replace(unknown=ALIKE)
    return found


def _doubted(found: Measure, level: float) -> Measure:
    """Give a figure on which all conversations agree the room that they leave for others that do not.

    So many others that all conversations miss them with the chance that `level` leaves on one side (Clopper and Pearson
    1934, "The Use of Confidence or Fiducial Limits", Biometrika 26), and each of them as far off as can be.
    """
    share = found.estimate
    if share is None or found.low is None or found.high is None or found.high - found.low > _NO_WIDTH:
        return found
    others = 1 - ((1 - level) / 2) ** (1 / found.conversations)
    return found._replace(low=share * (1 - others), high=share + (1 - share) * others, uniform=True)


def change(now: Measure, past: Sequence[Measure], level: float) -> Measure:
    """Return `now` less the mean of `past`, epochs counting alike, with the interval of independent figures.

    Where the same turns come back from epoch to epoch the figures go together, and the interval is too wide, not too
    narrow. Degrees of freedom: Welch 1947, Biometrika 34; Satterthwaite 1946, Biometrics Bulletin 2.
    """
    if now.estimate is None or now.low is None or now.high is None:
        return now._replace(past_error=0.0)
    errors = [_error(each, level) for each in past]
    before = sum(each.estimate or 0.0 for each in past) / len(past)
    parts = [
        (_error(now, level), now.freedom),
        *((error / len(past), each.freedom) for error, each in zip(errors, past, strict=True)),
    ]
    variance = sum(error**2 for error, _ in parts)
    spent = sum(error**4 / freedom for error, freedom in parts)
    freedom = max(1, math.floor(variance**2 / spent)) if spent else now.freedom
    reach, moved = student(0.5 + level / 2, freedom) * math.sqrt(variance), now.estimate - before
    earlier = math.sqrt(sum(error**2 for error in errors)) / len(past)
    return now._replace(
        estimate=moved,
        low=moved - reach,
        high=moved + reach,
        freedom=freedom,
        shape=on_a_line,
        past_error=earlier,
        uniform=False,
    )


def _error(found: Measure, level: float) -> float:
    if found.low is None or found.high is None:
        return 0.0
    return (found.high - found.low) / 2 / student(0.5 + level / 2, found.freedom)
