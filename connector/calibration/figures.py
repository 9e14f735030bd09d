"""What has come of asking people: how far they are, and how judges look beside them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from connector.calibration.options import Calibration
from connector.calibration.picking import Candidate
from judges.standings.agreement import Agreement
from judges.standings.apart import apart
from judges.standings.calibration import trusted
from judges.standings.opinions import heard, lone
from judges.standings.outcomes import HumanVerdict, Opinion
from judges.standings.people import beside_people, human_figures, labels
from judges.standings.tables import Columns
from judges.standings.terms import Asked
from judges.types import Scale
from rollouts.types import Record

_LEVEL: Final = 0.95


class Progress(NamedTuple):
    """How far people have come with one challenger's pairs."""

    picked: int
    answered: int
    """Pairs of which anybody has said anything."""
    undecided: int
    """Of these, pairs of which nobody could tell."""


class Survey(NamedTuple):
    """Everything about people that the figures are made of."""

    people: Sequence[HumanVerdict]
    candidates: Sequence[Candidate]
    """The duels that they may be shown."""
    progress: Mapping[str, Progress]
    """By challenger."""


class JudgeBesidePeople(Record):
    """One judge, a jury or one of its jurors."""

    judge: str
    name: str
    agreement: Agreement
    """On all duels that could have been picked: uncertain ones, which were preferred, weigh accordingly less."""
    trusted: bool | None
    """Whether the agreement reaches the floor; `None` with too few verdicts of people to tell."""


class ChallengerBesidePeople(Record):
    """One challenger's pairs, and its win rate as people would have it."""

    challenger: str
    candidates: int
    """Duels that people may be shown: judged, readable, and over answers that are not the same."""
    picked: int
    open: int
    """Pairs of which nobody has said anything."""
    undecided: int
    """Pairs of which nobody could tell."""
    verdicts: int
    """Of all people together; who cannot tell has given none."""
    judge_win_rate: float | None = None
    """Over all turns, on the scale of sevenths; this and what follows is `None` without a verdict of people on it."""
    human_win_rate: float | None = None
    """What people would say of all turns (PPI++)."""
    human_low: float | None = None
    human_high: float | None = None
    human_gap: float | None = None
    """Judge minus people: how much the judge flatters the challenger."""
    human_gap_error: float | None = None
    """Half the width of the gap's interval."""


class Calibrated(Record):
    """Judges and challengers beside people."""

    judge: str
    """The version of today's judge or jury."""
    floor: float
    labels_needed: int
    judges: tuple[JudgeBesidePeople, ...]
    """The judge or jury first. Empty where people have said nothing of what it judged."""
    challengers: tuple[ChallengerBesidePeople, ...]

    @property
    def untrusted(self) -> tuple[str, ...]:
        """The versions of the judges under the floor."""
        return tuple(each.judge for each in self.judges if each.trusted is False)


def calibrated(
    judge: str,
    columns: Columns,
    opinions: Iterable[Opinion],
    survey: Survey,
    *,
    names: Mapping[str, str],
    rules: Calibration,
    seed: int,
    rounds: int = 2000,
    scale: Scale = "sevenths",
) -> Calibrated:
    """Add up what people have said so far, as the leaderboard does; `names` are those of the jurors by version.

    `scale` is the judge's own. On any but that of sevenths win rates are not corrected: people's verdicts are worth
    something else there, and the gap between two scales would be taken for the judge's.
    """
    asked = Asked(scale=scale, seed=seed, level=_LEVEL, rounds=rounds, wanted=0.0)
    said = labels(columns, survey.people)
    whole, members = lone(columns, judge), heard(columns, opinions)
    found = {**beside_people(columns, members, said, asked), **beside_people(columns, whole, said, asked)}
    return Calibrated(
        judge=judge,
        floor=rules.floor,
        labels_needed=rules.labels_needed,
        judges=tuple(
            JudgeBesidePeople(
                judge=each,
                name=names.get(each, each),
                agreement=found[each],
                trusted=trusted(found[each], floor=rules.floor, needed=rules.labels_needed),
            )
            for each in sorted(found, key=lambda each: (each != judge, each))
        ),
        challengers=tuple(_challengers(apart(columns, "fresh"), asked, survey)),
    )


def _challengers(fresh: Columns, asked: Asked, survey: Survey) -> Iterator[ChallengerBesidePeople]:
    """Yield the corrected figures of the leaderboard, which are of the fresh tier."""
    said = labels(fresh, survey.people)
    there = Counter(each.challenger for each in survey.candidates)
    told = Counter(each.challenger for each in survey.people)
    codes = fresh.codes
    for name, done in sorted(survey.progress.items()):
        figures = human_figures(fresh, codes[name], said, asked) if name in codes else {}
        if figures:
            figures["judge_win_rate"] = figures["human_win_rate"] + figures["human_gap"]
            del figures["human_labels"]
        yield ChallengerBesidePeople(
            challenger=name,
            candidates=there[name],
            picked=done.picked,
            open=done.picked - done.answered,
            undecided=done.undecided,
            verdicts=told[name],
            **figures,
        )
