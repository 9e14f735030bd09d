"""One trace → one intake: its conversation, its turns, and where each of them ends. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from connector.assemble import assemble
from connector.epochs import Epochs, epoch_of
from connector.formats.format import Format
from connector.select import Selection
from connector.split import split
from connector.traces import Sighting, Trace
from connector.turns.worth import TurnRules
from connector.types import Assembly, Disposition, Fate, Intake
from rollouts.types import Challenge, Record

FROM_HISTORY = "known from a later history"
"""Why a turn is a challenge although nobody logged the call that produced it."""


class Rules(Record):
    """What is read, what counts as a turn, what is wanted."""

    turns: TurnRules = TurnRules()
    selection: Selection = Selection()
    epochs: Epochs = Epochs()
    formats: tuple[Format, ...] = ()
    """Formats that a person configured; all others are known anyway."""


def take_in(trace: Trace, sighting: Sighting, rules: Rules) -> Intake:
    """Walk a trace to its challenges, by itself."""
    return sort_out(assemble(trace, rules.formats), sighting, rules)


def sort_out(assembly: Assembly, sighting: Sighting, rules: Rules) -> Intake:
    """Say of every turn met whether it ends as a challenge or as a disposition."""
    turns, challenges = list(assembly.lost), list[Challenge]()
    for turn in split(assembly.conversation, rules.turns):
        outcome = (rules.selection.excludes(turn) or turn) if isinstance(turn, Challenge) else turn
        if isinstance(outcome, Challenge):
            epoch = epoch_of(outcome.origin.started_at, rules.epochs.length)
            challenges.append(outcome.model_copy(update={"epoch": epoch}))
        turns.append(_challenged(outcome, rules) if isinstance(outcome, Challenge) else outcome)
    fate, reason = sum_of(turns)
    return Intake(
        sighting=sighting, trace=ended(sighting, fate, reason), turns=tuple(turns), challenges=tuple(challenges)
    )


def _challenged(challenge: Challenge, rules: Rules) -> Disposition:
    shown = not challenge.origin.observed
    presumed = shown and rules.turns.without_producer == "transcripts"
    return Disposition.of_turn(challenge, Fate.CHALLENGED, FROM_HISTORY if shown else "", presumed=presumed)


def ended(sighting: Sighting, fate: Fate, reason: str = "") -> Disposition:
    """Say where a whole trace ended."""
    return Disposition(of="trace", id=sighting.trace_id, trace_id=sighting.trace_id, fate=fate, reason=reason)


def untaken(sighting: Sighting, fate: Fate, reason: str) -> Intake:
    """Return the intake of a trace that is not read."""
    return Intake(sighting=sighting, trace=ended(sighting, fate, reason))


def sum_of(turns: Sequence[Disposition]) -> tuple[Fate, str]:
    """A trace with a challenge is challenged; any other ends as most of its turns do."""
    if not turns:
        return Fate.UNREADABLE, "no model call in it"
    if any(turn.fate is Fate.CHALLENGED for turn in turns):
        return Fate.CHALLENGED, ""
    [(most, _)] = Counter((turn.fate, turn.reason) for turn in turns).most_common(1)
    return most
