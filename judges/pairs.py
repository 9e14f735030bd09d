"""Two answers in two seats, seen both ways round."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from judges import prompts, transcript
from judges.findings import Findings, between, calls_otherwise
from judges.types import Judgment, Method, Seat, Verdict
from rollouts.types import Challenge, Rollout

OtherCalls = Literal["judge", "loss"]
"""What comes of a challenger that calls other tools, or not equally often."""

SEATS: Final[tuple[Seat, Seat]] = ("B", "A")
"""Where the challenger sits, round by round."""

_OTHERWISE: Final = "Loss: it calls other tools than are known to be right, or not equally often; nobody was asked."


class Pair(NamedTuple):
    """What all rounds look at, written out once: making text harmless costs more than anything else here."""

    situation: str
    baseline: str
    candidate: str
    findings: Findings

    @classmethod
    def of(cls, challenge: Challenge, rollout: Rollout, most_chars: int) -> Pair:
        """Write out the challenge and both answers, of each at most so many characters."""
        baseline, candidate = challenge.baseline.message, rollout.completion.message
        return cls(
            prompts.situation(challenge),
            transcript.answer(baseline, most_chars),
            transcript.answer(candidate, most_chars),
            between(challenge, rollout),
        )

    def material(self, seat: Seat) -> str:
        """Return what a judge is asked with the challenger in `seat`."""
        a, b = (self.candidate, self.baseline) if seat == "A" else (self.baseline, self.candidate)
        return prompts.question(self.situation, {"A": a, "B": b}, self.findings.text(seat))


def lost_by_calls(
    challenge: Challenge, rollout: Rollout, rule: OtherCalls, *, judge: str, method: Method
) -> Judgment | None:
    """Return a loss without rounds where `rule` says so and the calls are others; `None` if a judge has to look."""
    if rule != "loss" or not calls_otherwise(challenge, rollout):
        return None
    return Judgment(judge=judge, verdict=Verdict.LOSS, score=0.0, consistent=None, reason=_OTHERWISE, method=method)
