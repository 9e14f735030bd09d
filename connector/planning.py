"""What the queued duels will cost: calls, tokens, expected and most money. Pure; unknown prices stay unknown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from judges.judge import Judge
from judges.jury import Jury
from rollouts.cost import Price, cost, estimate_tokens
from rollouts.model import SAFETY, Model
from rollouts.replay import Challenger
from rollouts.types import Challenge, Record, Usage

JUDGE_PROMPT_TOKENS = 1200
"""The judge's instructions and the frame around the answers, roughly."""
USUAL_JUDGE_TOKENS = 700
"""What a judge usually writes per round, its own answer included."""


class Load(NamedTuple):
    """What one duel asks for, in tokens."""

    challenger: str
    rolled: bool
    """Whether the challenger has answered already."""
    read: int
    answer: int
    """Tokens of the baseline: what an answer usually takes."""
    most: int | None
    """The most tokens of an answer, where production limited it."""


class Line(Record):
    """One model's part of the plan."""

    role: str
    """`challenger`, `control`, `judge` or `stand-in`."""
    name: str
    model: str
    calls: int
    most_calls: int
    input_tokens: int
    output_tokens: int
    price_source: str | None
    expected_usd: float | None
    maximum_usd: float | None


class Plan(Record):
    """All lines, and what they add up to; `None` where any price is unknown."""

    duels: int
    lines: tuple[Line, ...]

    @property
    def expected_usd(self) -> float | None:
        """What it will probably cost."""
        return _sum(line.expected_usd for line in self.lines)

    @property
    def maximum_usd(self) -> float | None:
        """What it cannot exceed."""
        return _sum(line.maximum_usd for line in self.lines)


def measure(challenge: Challenge) -> tuple[int, int, int | None]:
    """Return what a challenge asks for: tokens to read, tokens of a usual answer, and the most if it is limited."""
    usage = challenge.baseline.usage
    read = usage.input_tokens or estimate_tokens(challenge.messages, challenge.tools)
    answer = usage.output_tokens or estimate_tokens([challenge.baseline.message])
    return read, answer, challenge.parameters.max_tokens


def plan(loads: Iterable[Load], challengers: Sequence[Challenger], jury: Jury, default_output: int) -> Plan:
    """Add up what is queued. The maximum assumes the longest answers, every re-ask and `SAFETY` times the tokens.

    It also assumes that every stand-in has to sit, which is not expected; a judge that may not sit is reckoned with all
    the same.
    """
    tallies = {
        challenger.name: _Tally(challenger.parameters.max_tokens or 0, default_output) for challenger in challengers
    }
    bench = [(juror, _Tally(0, default_output)) for juror in jury.jurors]
    duels = 0
    for load in loads:
        duels += 1
        if not load.rolled:
            tallies[load.challenger].add(load.read, load.answer, load.most)
        per_call = load.read + 2 * load.answer + JUDGE_PROMPT_TOKENS
        longest = load.read + load.answer + (load.most or default_output) + JUDGE_PROMPT_TOKENS
        for juror, seat in bench:
            seat.add_judge(juror.judge, per_call, longest, expected=not juror.stand_in)
    lines = [_line("control" if c.control else "challenger", c.name, c.model, tallies[c.name]) for c in challengers]
    judges = [_line("stand-in" if j.stand_in else "judge", j.version, j.model, seat) for j, seat in bench]
    return Plan(duels=duels, lines=(*lines, *judges))


class _Tally:
    def __init__(self, own_limit: int, default_output: int) -> None:
        self.calls = self.most_calls = self.read = self.written = self.most_read = self.most_written = 0
        self._own_limit, self._default = own_limit, default_output

    def add(self, read: int, answer: int, most: int | None) -> None:
        self.calls += 1
        self.most_calls += 1
        self.read += read
        self.written += answer
        self.most_read += SAFETY * read
        self.most_written += self._own_limit or most or self._default

    def add_judge(self, judge: Judge, read: int, longest: int, *, expected: bool) -> None:
        """A re-ask reads everything again, and what the judge wrote before."""
        rounds, most = judge.rounds, judge.rounds * judge.most_asks
        if expected:
            self.calls += rounds
            self.read += rounds * read
            self.written += rounds * USUAL_JUDGE_TOKENS
        self.most_calls += most
        self.most_read += most * (SAFETY * longest + (judge.most_asks - 1) * judge.most_output_tokens)
        self.most_written += most * judge.most_output_tokens


def _line(role: str, name: str, model: Model, tally: _Tally) -> Line:
    return Line(
        role=role,
        name=name,
        model=model.name,
        calls=tally.calls,
        most_calls=tally.most_calls,
        input_tokens=tally.read,
        output_tokens=tally.written,
        price_source=model.price.source if model.price else None,
        expected_usd=_usd(model.price, tally.read, tally.written),
        maximum_usd=_most_usd(model.price, tally.most_read, tally.most_written),
    )


def _usd(price: Price | None, read: int, written: int) -> float | None:
    return cost(price, Usage(input_tokens=read, output_tokens=written))


def _most_usd(price: Price | None, read: int, written: int) -> float | None:
    """The dearest tier, because a long history may reach it."""
    if price is None:
        return None
    tiers, tier = list[Price](), price
    while tier is not None:
        tiers.append(tier.model_copy(update={"beyond": None}))
        tier = tier.beyond  # type: ignore[assignment]
    return max(tier.worst_usd(read, written) for tier in tiers)


def _sum(figures: Iterable[float | None]) -> float | None:
    known = list(figures)
    return None if any(figure is None for figure in known) else sum(figure or 0.0 for figure in known)
