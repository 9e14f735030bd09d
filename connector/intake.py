"""One trace → one intake: its conversation, its turns, and where each of them ends. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydantic import InstanceOf

from connector.assemble import assemble
from connector.epochs import Epochs, epoch_of
from connector.formats.format import Format
from connector.redaction.found import Unmaskable
from connector.redaction.redactor import Redactor
from connector.select import Selection
from connector.split import split
from connector.traces import Sighting, Trace
from connector.turns.worth import TurnRules
from connector.types import Assembly, Disposition, Fate, Intake
from judges.standings.tiers import TIER_WEIGHTS
from rollouts.types import Challenge, Record, Tier

FROM_HISTORY = "known from a later history"
"""Why a turn is a challenge although nobody logged the call that produced it."""


class Rules(Record):
    """What is read, what counts as a turn, what is wanted."""

    turns: TurnRules = TurnRules()
    selection: Selection = Selection()
    epochs: Epochs = Epochs()
    formats: tuple[Format, ...] = ()
    """Formats that a person configured; all others are known anyway."""
    redaction: InstanceOf[Redactor] | None = None
    """Who masks what is wanted; `None` leaves it as it was logged."""
    tier_weights: dict[Tier, float] = dict(TIER_WEIGHTS)
    """How much each tier counts where the leaderboard takes all together."""

    def stored(self, identity: str | None) -> str | None:
        """Return what is kept of a user's or a session's id."""
        return self.redaction.stored(identity) if self.redaction else identity

    def said(self, text: str) -> str:
        """Return what is kept of a short text that stands for itself."""
        return self.redaction.words(text) if self.redaction else text

    def hides(self, identity: str | None) -> bool:
        """Whether a user's or a session's id is not even asked for, because it says too much."""
        return self.redaction is not None and self.redaction.hides(identity)


def take_in(trace: Trace, sighting: Sighting, rules: Rules) -> Intake:
    """Walk a trace to its challenges, by itself."""
    return sort_out(assemble(trace, rules.formats), sighting, rules)


def sort_out(assembly: Assembly, sighting: Sighting, rules: Rules) -> Intake:
    """Say of every turn met whether it ends as a challenge or as a disposition.

    From here on nothing holds the words as they were logged: what is wanted is masked, or blocked where it cannot be.
    """
    turns, challenges = list(assembly.lost), list[Challenge]()
    for turn in split(assembly.conversation, rules.turns):
        outcome = (rules.selection.excludes(turn) or _masked(turn, rules)) if isinstance(turn, Challenge) else turn
        if isinstance(outcome, Challenge):
            epoch = epoch_of(outcome.origin.started_at, rules.epochs.length)
            challenges.append(outcome.model_copy(update={"epoch": epoch}))
        turns.append(_wanted(outcome, rules) if isinstance(outcome, Challenge) else outcome)
    fate, reason = sum_of(turns)
    return Intake(
        sighting=sighting,
        trace=ended(sighting, fate, reason),
        turns=tuple(turns),
        challenges=tuple(challenges),
        weight=rules.selection.weight,
    )


def _masked(challenge: Challenge, rules: Rules) -> Challenge | Disposition:
    if rules.redaction is None:
        return challenge
    try:
        return rules.redaction.challenge(challenge)
    except Unmaskable as error:
        return Disposition.of_turn(challenge, Fate.BLOCKED, f"{error} cannot be masked")


def _wanted(challenge: Challenge, rules: Rules) -> Disposition:
    shown = not challenge.origin.observed
    presumed = shown and rules.turns.without_producer == "transcripts"
    fate = Fate.HELD if rules.selection.holds(challenge) else Fate.CHALLENGED
    return Disposition.of_turn(challenge, fate, FROM_HISTORY if shown else "", presumed=presumed)


def ended(sighting: Sighting, fate: Fate, reason: str = "") -> Disposition:
    """Say where a whole trace ended."""
    return Disposition(of="trace", id=sighting.trace_id, trace_id=sighting.trace_id, fate=fate, reason=reason)


def untaken(sighting: Sighting, fate: Fate, reason: str) -> Intake:
    """Return the intake of a trace that is not read."""
    return Intake(sighting=sighting, trace=ended(sighting, fate, reason))


def kept(intake: Intake, rules: Rules) -> Intake:
    """Return what may be kept of an intake; its turns are masked already, but not whose they are."""
    session_id = rules.stored(intake.sighting.session_id)
    if session_id == intake.sighting.session_id:
        return intake
    return intake.model_copy(update={"sighting": intake.sighting.model_copy(update={"session_id": session_id})})


def sum_of(turns: Sequence[Disposition]) -> tuple[Fate, str]:
    """A trace with a challenge is challenged, with one that is held it is held; others end as most turns do."""
    if not turns:
        return Fate.UNREADABLE, "no model call in it"
    for wanted in (Fate.CHALLENGED, Fate.HELD):
        if any(turn.fate is wanted for turn in turns):
            return wanted, ""
    [(most, _)] = Counter((turn.fate, turn.reason) for turn in turns).most_common(1)
    return most
