"""Who judges: one judge, or several of different families whose verdicts become one.

Every judge of a jury judges by itself, in its own rounds. None sits where an answer of its own family is judged
(`judges.families`); a stand-in takes the seat of whoever is missing, cannot be read, or refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from pydantic import Field

from judges.asking import raise_worst
from judges.families import related
from judges.judge import Judge
from judges.jury_verdict import Rule, jury_verdict
from judges.prompts import fingerprint
from judges.types import Judgment, Scale, Verdict
from judges.verdicts import headline
from rollouts.errors import Fatal, Permanent, Retryable, Unavailable
from rollouts.model import Model
from rollouts.types import Challenge, Options, Rollout

_PASSED_OVER = (Permanent, Unavailable)
_PASSED_OVER_AT_LAST = (Permanent, Retryable)
_NOBODY = "No judge may sit here, or none could be had: "


class JuryRules(Options):
    """How several judges become one verdict."""

    rule: Rule = "mean"
    """Mean or median of their scores, or the verdict of most of them."""
    quorum: int = Field(default=2, ge=1)
    """How many judges must be readable. Fewer make the verdict unreadable, which is no tie."""
    recuse: bool = True
    """Whether a judge leaves the room where its own model family has answered."""
    families: dict[str, tuple[str, ...]] = {}
    """Families by model name or pattern, where the name does not tell: { "house-*" = ["alibaba"] }; [] for none."""


@dataclass(frozen=True, kw_only=True)
class Juror:
    """One judge with its model."""

    name: str
    judge: Judge
    model: Model
    stand_in: bool = False
    """Whether it only sits where another is missing."""

    @property
    def version(self) -> str:
        """Names everything that its judgments depend on."""
        return self.judge.version(self.model.label)


@dataclass(frozen=True)
class Jury:
    """All judges, in their order, and the rules. A single judge is a jury whose verdict is its own."""

    jurors: tuple[Juror, ...]
    rules: JuryRules | None = None
    """`None` for a single judge, which sits everywhere: there is nobody else to ask."""

    @classmethod
    def of(cls, judge: Judge, model: Model) -> Self:
        """Return the jury of one judge."""
        return cls((Juror(name="judge", judge=judge, model=model),))

    @cached_property
    def version(self) -> str:
        """Judgments of another version are never added to ours."""
        if self.rules is None:
            return self.jurors[0].version
        seats = [(juror.version, juror.stand_in) for juror in self.jurors]
        families = {name: sorted(told) for name, told in sorted(self.rules.families.items())}
        facts = (seats, self.rules.rule, self.quorum, self.rules.recuse, families)
        names = "+".join(juror.name for juror in self.jurors)
        return f"jury/{names}/{self.rules.rule}/{fingerprint(*facts)}"

    @property
    def names(self) -> dict[str, str]:
        """What to call each judge, by its version."""
        return {juror.version: juror.name for juror in self.jurors}

    @property
    def rule(self) -> Rule:
        """How verdicts are pooled; that of a single judge is its own by any rule."""
        return "mean" if self.rules is None else self.rules.rule

    @property
    def quorum(self) -> int:
        """How many must be readable."""
        return 1 if self.rules is None else self.rules.quorum

    @property
    def scale(self) -> Scale:
        """What the verdicts are worth."""
        return self.jurors[0].judge.scale

    @property
    def together(self) -> bool:
        """Whether all challengers of a challenge are judged at once."""
        return self.jurors[0].judge.together

    @property
    def asks_about_identical(self) -> bool:
        """Whether answers that say the same are judged all the same."""
        return any(juror.judge.identical == "judge" for juror in self.jurors)

    def check(self, challengers: int = 1) -> None:
        """Raise `Fatal` for a jury that can never speak, or that would add up what cannot be added."""
        for juror in self.jurors:
            most = juror.judge.most_challengers
            if most is not None and challengers > most:
                raise Fatal(f"judge {juror.name} can rank {most} challengers, and there are {challengers}")
        principals = [juror for juror in self.jurors if not juror.stand_in]
        if len({(juror.judge.scale, juror.judge.together) for juror in self.jurors}) > 1:
            raise Fatal("the judges of a jury must give verdicts of one kind", hint="give them all the same `kind`")
        if len({juror.version for juror in self.jurors}) < len(self.jurors):
            raise Fatal("two judges of the jury are one and the same", hint="repeats = 2 asks one judge twice")
        if len(principals) < self.quorum:
            raise Fatal(f"the jury has {len(principals)} judge(s) and needs {self.quorum}", hint="lower `jury.quorum`")

    async def judge(
        self,
        challenge: Challenge,
        rollouts: Mapping[str, Rollout],
        models: Mapping[str, str],
        heard: Mapping[str, Sequence[Judgment]] | None = None,
        *,
        patient: bool = True,
    ) -> Mapping[str, Judgment]:
        """Return the judgment of each rollout, by challenger; `models` are those that answered.

        A jury goes on without a judge whose provider is known to be down, if it has its quorum; one that is not
        `patient` also without a judge that may only be reached later.

        What was `heard` of this jury before, or of its judges alone or in another jury, is not asked again. Raises what
        their models raise, but for `Permanent` where others can still be heard.
        """
        if self.rules is None:
            return await _heard_or_asked(self.jurors[0], challenge, rollouts, heard or {})
        if known := _known(self.version, rollouts, heard or {}):
            return known
        answering = [*models.values()] + ([challenge.baseline.model] if challenge.baseline.model else [])
        absent = self._recused(answering)
        said = await self._heard(challenge, rollouts, heard or {}, absent, patient=patient)
        return {name: self._verdict([judgments[name] for judgments in said], absent) for name in rollouts}

    def _recused(self, answering: Sequence[str]) -> dict[str, str]:
        """Return who may not sit, and why. A family that nobody knows keeps nobody out."""
        if self.rules is None or not self.rules.recuse:
            return {}
        known = self.rules.families
        kin = {
            juror: next((m for m in answering if related(juror.model.name, m, known)), None) for juror in self.jurors
        }
        return {juror.version: f"of one family with {model}" for juror, model in kin.items() if model is not None}

    async def _heard(
        self,
        challenge: Challenge,
        rollouts: Mapping[str, Rollout],
        heard: Mapping[str, Sequence[Judgment]],
        absent: dict[str, str],
        *,
        patient: bool,
    ) -> list[Mapping[str, Judgment]]:
        """Fill every principal's seat as far as there are stand-ins; whoever refuses is added to `absent`."""
        said, late = list[Mapping[str, Judgment]](), list[Retryable]()
        seats = sum(not juror.stand_in for juror in self.jurors)
        free = [juror for juror in sorted(self.jurors, key=lambda one: one.stand_in) if juror.version not in absent]
        while free and (missing := seats - sum(map(_readable, said))) > 0:
            sitting, free = free[:missing], free[missing:]
            asked = (_heard_or_asked(juror, challenge, rollouts, heard) for juror in sitting)
            results = await asyncio.gather(*asked, return_exceptions=True)
            passed_over = _PASSED_OVER if patient else _PASSED_OVER_AT_LAST
            raise_worst(found for found in results if not isinstance(found, passed_over))
            late += [found for found in results if isinstance(found, Retryable)]
            for juror, found in zip(sitting, results, strict=True):
                if isinstance(found, passed_over):
                    absent[juror.version] = f"without an answer: {found}"
                elif not isinstance(found, BaseException):
                    said.append(found)
        if sum(map(_readable, said)) < self.quorum:
            raise_worst(late)
        return said

    def _verdict(self, said: Sequence[Judgment], absent: Mapping[str, str]) -> Judgment:
        found = jury_verdict(said, rule=self.rule, quorum=self.quorum)
        return Judgment(
            judge=self.version,
            verdict=found.verdict,
            score=found.score,
            consistent=_of_one_mind(said) if found.verdict is not Verdict.UNREADABLE else None,
            reason=_reason(found.verdict, found.score, said, absent),
            members=tuple(said),
            absent=dict(absent),
            meetings=_mean_meetings(said),
        )


async def _heard_or_asked(
    juror: Juror, challenge: Challenge, rollouts: Mapping[str, Rollout], heard: Mapping[str, Sequence[Judgment]]
) -> Mapping[str, Judgment]:
    if known := _known(juror.version, rollouts, heard):
        return known
    return await juror.judge.judge_together(challenge, rollouts, juror.model.ask, model=juror.model.label)


def _known(
    judge: str, rollouts: Iterable[str], heard: Mapping[str, Sequence[Judgment]]
) -> Mapping[str, Judgment] | None:
    """Return what `judge` has said before of all rollouts, by itself or in a jury; `None` if it has to be asked."""
    said = {name: [one for each in heard.get(name, ()) for one in (each, *each.members)] for name in rollouts}
    known = {name: one for name, judgments in said.items() for one in judgments if one.judge == judge}
    return known if known.keys() == said.keys() else None


def _readable(judgments: Mapping[str, Judgment]) -> bool:
    return any(judgment.score is not None for judgment in judgments.values())


def _of_one_mind(said: Iterable[Judgment]) -> bool | None:
    """Whether the rounds of all judges who could be read name the same winners; `None` if none can be compared."""
    minds = [judgment.consistent for judgment in said if judgment.consistent is not None]
    return all(minds) if minds else None


def _reason(verdict: Verdict, score: float | None, said: Sequence[Judgment], absent: Mapping[str, str]) -> str:
    if not said:
        return _NOBODY + "; ".join(f"{judge} is {why}" for judge, why in absent.items())
    return " ".join([headline(verdict, score), *(f"{each.judge}: {each.verdict}." for each in said), said[0].reason])[
        :1000
    ]


def _mean_meetings(said: Sequence[Judgment]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for judgment in said:
        for name, share in judgment.meetings.items():
            found.setdefault(name, []).append(share)
    return {name: sum(shares) / len(shares) for name, shares in found.items()}
