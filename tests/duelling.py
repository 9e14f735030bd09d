"""A small arena for tests of what carries duels: scripted models, a judge that ties, a sink that remembers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import PrivateAttr

from connector.intake import Rules, ended
from connector.periods import Run
from connector.pipeline import Arena
from connector.sources.jsonl import JsonlSource
from connector.subjects import Remains
from connector.traces import Sighting
from connector.types import Disposition, Duel, Fate, Intake
from judges.judge import Ask, Judge
from judges.jury import Jury
from judges.standings.leaderboard import Leaderboard
from judges.types import Judgment, Round, Seat, Verdict
from rollouts.budget import Budget
from rollouts.journal import Journal, MemoryJournal
from rollouts.limits import Limits
from rollouts.model import Model
from rollouts.provider import Provider
from rollouts.replay import Challenger
from rollouts.types import Challenge, Completion, Message, Origin, Request, Rollout, Text, Usage

BEGUN = datetime(2026, 11, 16, 12, tzinfo=UTC)
"""A Monday."""


def message(role: str, text: str) -> Message:
    """Say something."""
    return Message.model_validate({"role": role, "parts": (Text(content=text),)})


def completion(text: str) -> Completion:
    """Answer something."""
    return Completion(
        message=message("assistant", text),
        model="m",
        finish_reason="stop",
        usage=Usage(input_tokens=10, output_tokens=5),
        cost_usd=0.001,
        latency_s=0.5,
        started_at=BEGUN,
    )


def challenge(number: int = 0, *, observed: bool = True, place: str = "", days: int = 0) -> Challenge:
    """Return one turn of production."""
    return Challenge(
        id=f"challenge-{number}",
        conversation_id=f"conversation-{number}",
        content_id=f"content-{number}",
        origin=Origin(
            trace_id=f"{number:032x}",
            observation_id=f"{number:016x}",
            observed=observed,
            place=place,
            started_at=BEGUN + timedelta(days=days, seconds=number),
        ),
        messages=(message("user", f"question {number}"),),
        baseline=completion(f"answer {number}"),
    )


def intake(*challenges: Challenge, trace: str = "t1", observations: int = 3, session_id: str | None = None) -> Intake:
    """Return what one trace came to."""
    sighting = Sighting(trace_id=trace, started_at=BEGUN, ended=True, observations=observations, session_id=session_id)
    turns = [Disposition.of_turn(each, Fate.CHALLENGED) for each in challenges]
    fate = Fate.CHALLENGED if challenges else Fate.FILTERED
    return Intake(sighting=sighting, trace=ended(sighting, fate), turns=tuple(turns), challenges=challenges)


def duel(number: int = 0, challenger: str = "good", fingerprint: str = "f1") -> Duel:
    """Queue one challenge for one challenger."""
    return Duel.of(challenge(number), challenger, fingerprint)


def rollout(text: str = "mine", challenger: str = "good") -> Rollout:
    """Answer as a challenger."""
    return Rollout(challenger=challenger, completion=completion(text))


def judgment(*, judge: str = "judge/1", score: float = 0.5) -> Judgment:
    """Return two rounds without a winner."""
    seats: tuple[Seat, Seat] = ("B", "A")
    rounds = [
        Round(
            challenger_seat=seat,
            label=None,
            score=score,
            text="…",
            asks=1,
            model="judge",
            usage=Usage(),
            cost_usd=None,
            latency_s=0.1,
            started_at=BEGUN,
        )
        for seat in seats
    ]
    return Judgment(
        judge=judge, verdict=Verdict.TIE, score=score, consistent=True, reason="equal", rounds=tuple(rounds)
    )


class Told(Provider):
    """Answers, or raises what `fails` returns for a question."""

    model: str = "told"
    _fails: Callable[[str], Exception | None] = PrivateAttr(default_factory=lambda: lambda _: None)
    _asked: list[str] = PrivateAttr(default_factory=list)

    async def complete(self, request: Request) -> Completion:
        """Answer once."""
        question = request.messages[-1].text
        self._asked.append(question)
        if error := self._fails(question):
            raise error
        return completion(f"my answer to {question}")


class Ties(Judge):
    """Asks one question a round, and finds both answers equal."""

    @property
    def most_asks(self) -> int:
        """One."""
        return 1

    @property
    def most_output_tokens(self) -> int:
        """Ten."""
        return 10

    def version(self, model: str) -> str:
        """Name it."""
        return f"ties/{model}"

    async def judge(self, challenge: Challenge, rollout: Rollout, ask: Ask, *, model: str) -> Judgment:
        """Ask, and tie."""
        del rollout
        for seat in "BA":
            await ask(Request(key=f"{challenge.id} {seat}", messages=(message("user", f"judge {challenge.id}"),)))
        return judgment(judge=self.version(model))


class Ranks(Ties):
    """Looks at all answers to one challenge at once, with one question, and finds the later in the alphabet better."""

    scale = "ranks"
    together = True

    async def judge_together(
        self, challenge: Challenge, rollouts: Mapping[str, Rollout], ask: Ask, *, model: str
    ) -> Mapping[str, Judgment]:
        """Ask once for all."""
        await ask(Request(key=challenge.id, messages=(message("user", f"rank {' '.join(rollouts)}"),)))
        return {name: judgment(judge=self.version(model), score=place % 2) for place, name in enumerate(rollouts)}


class Kept:
    """A sink that remembers, and fails as it is told."""

    def __init__(self) -> None:
        self.fails: Callable[[Sequence[Duel]], Exception | None] = lambda _: None
        self.batches: list[list[str]] = []
        """Ids of the duels of every attempt."""
        self.posted: list[str] = []
        self.fresh: list[str] = []
        self.doubtful: list[str] = []
        self.absent: set[str] = set()
        """Ids of what is not there when it is looked for."""
        self.forgotten: list[Remains] = []

    async def post(self, duels: Sequence[Duel], fresh: Sequence[Challenge], *, doubtful: Collection[str]) -> None:
        """Take them, or fail."""
        self.batches.append([duel.id for duel in duels])
        if error := self.fails(duels):
            raise error
        self.posted += [duel.id for duel in duels]
        self.fresh += [challenge.id for challenge in fresh]
        self.doubtful += doubtful

    async def missing(self, duels: Sequence[Duel]) -> set[str]:
        """Return what was told to be absent."""
        return self.absent & {duel.id for duel in duels}

    async def forget(self, remains: Remains) -> None:
        """Remember what is not to be there any more."""
        self.forgotten.append(remains)

    async def publish(self, leaderboard: Leaderboard, runs: Mapping[str, Run]) -> None:
        """Nobody looks."""


def model(provider: Provider, journal: Journal | None = None) -> Model:
    """Ask a provider without limits."""
    return Model(
        provider,
        name=str(provider.model),
        price=None,
        limits=Limits(),
        journal=journal or MemoryJournal(),
        budget=Budget(None),
    )


def arena(
    *challengers: str,
    sink: Kept | None = None,
    providers: Mapping[str, Provider] | None = None,
    judge_provider: Provider | None = None,
    judge: Judge | None = None,
    journal: Journal | None = None,
) -> Arena:
    """Join the parts."""
    known = providers or {}
    return Arena(
        source=JsonlSource(Path("nowhere.jsonl")),
        challengers={
            name: Challenger(name=name, model=model(known.get(name, Told()), journal)) for name in challengers
        },
        jury=Jury.of(judge or Ties(), model(judge_provider or Told(model="judge"), journal)),
        sink=sink or Kept(),
        rules=Rules(),
    )
