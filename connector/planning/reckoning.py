"""What the queued duels will cost: calls, tokens, expected and most money. Pure; unknown prices stay unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, get_args

from connector.planning.plan import Line, Plan
from judges.judge import Judge
from judges.jury import Jury
from rollouts.cost import BYTES_PER_TOKEN, Price, cost, estimate_tokens
from rollouts.ledger import dollars
from rollouts.model import SAFETY, Model
from rollouts.replay import Challenger
from rollouts.types import Challenge, Tier, Usage

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
    conversation: str = ""
    heard: frozenset[str] = frozenset()
    """The versions of the judges who have spoken on it: they are not asked again."""
    tier: Tier = "fresh"


def measure(challenge: Challenge) -> tuple[int, int, int | None]:
    """Return what a challenge asks for: tokens to read, tokens of a usual answer, and the most if it is limited."""
    usage = challenge.baseline.usage
    read = max(usage.input_tokens or 0, estimate_tokens(challenge.messages, challenge.tools))
    answer = usage.output_tokens or estimate_tokens([challenge.baseline.message])
    return read, answer, challenge.parameters.max_tokens


def plan(
    loads: Iterable[Load], challengers: Sequence[Challenger], jury: Jury, default_output: int, attempts: int = 1
) -> Plan:
    """Add up what is queued; a step is tried up to `attempts` times.

    The most assumes the longest answers, every re-ask and `SAFETY` times the tokens, and that every stand-in has to
    sit, which is not expected; a judge that may not sit is reckoned with all the same. What a judge has said before is
    not bought again, but where all answers are judged together one that is new to it may bring back the others.
    """
    tallies = {c.name: _Tally(c.parameters.max_tokens or 0, default_output, _length(c.system)) for c in challengers}
    bench = [(juror, _Tally(0, default_output)) for juror in jury.jurors]
    tiers = Counter[str]()
    for load in loads:
        tiers[load.tier] += 1
        answering = tallies[load.challenger]
        if not load.rolled:
            answering.add(load.read, load.answer, load.most)
        per_call = load.read + 2 * load.answer + JUDGE_PROMPT_TOKENS
        longest = load.read + load.answer + answering.longest(load.most) + JUDGE_PROMPT_TOKENS
        for juror, seat in bench:
            if jury.together or juror.version not in load.heard:
                seat.add_judge(juror.judge, per_call, longest, expected=not juror.stand_in)
    lines = [(c.model.role, c.name, c.model, tallies[c.name]) for c in challengers]
    judges = [(juror.model.role, juror.version, juror.model, seat) for juror, seat in bench]
    found = tuple(_line(*each, attempts) for each in (*lines, *judges))
    return Plan(duels=tiers.total(), lines=found, tiers={tier: tiers[tier] for tier in get_args(Tier) if tiers[tier]})


def embedding(model: Model, tokens: Iterable[int], default_output: int) -> Line:
    """Return what turning texts into vectors takes, of which each call reads so many `tokens`.

    What was bought before, and is bought no more, is reckoned with all the same.
    """
    calls = _Tally(0, default_output)
    for read in tokens:
        calls.add(read, 0, None)
    return _line(model.role, model.name, model, calls, 1)


class _Tally:
    def __init__(self, own_limit: int, default_output: int, own_words: int = 0) -> None:
        self._own_words = own_words
        self.calls = self.most_calls = self.read = self.written = self.most_read = self.most_written = 0
        self._own_limit, self._default = own_limit, default_output

    def add(self, read: int, answer: int, most: int | None) -> None:
        self.calls += 1
        self.most_calls += 1
        self.read += read + self._own_words
        self.written += answer
        self.most_read += SAFETY * (read + self._own_words)
        self.most_written += self.longest(most)

    def longest(self, most: int | None) -> int:
        """Return the most tokens of an answer that production limited to `most`."""
        return self._own_limit or most or self._default

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


def _length(system: str | None) -> int:
    return len((system or "").encode()) // BYTES_PER_TOKEN


def _line(role: str, name: str, model: Model, tally: _Tally, attempts: int) -> Line:
    longest = None if model.price is None else model.price.worst(tally.most_read, tally.most_written)
    return Line(
        role=role,
        name=name,
        model=model.name,
        calls=tally.calls,
        most_calls=tally.most_calls,
        input_tokens=tally.read,
        output_tokens=tally.written,
        price=None if model.price is None else _words(model.price),
        price_source=None if model.price is None else model.price.words,
        expected_usd=_usual_usd(model.price, tally),
        longest_usd=None if longest is None else dollars(longest),
        maximum_usd=None if longest is None else dollars(longest * attempts * (1 + model.retries)),
    )


def _words(price: Price) -> str:
    return "free" if price.free else f"{price.input:g} / {price.output:g}"


def _usual_usd(price: Price | None, tally: _Tally) -> float | None:
    """By the first tier: the sum of many calls says nothing of how long each of them is."""
    if price is None:
        return None
    first = price.model_copy(update={"beyond": None})
    return cost(first, Usage(input_tokens=tally.read, output_tokens=tally.written))
