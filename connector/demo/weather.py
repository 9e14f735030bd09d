"""Failures by chance, and a bill of what a server would charge: what a ledger is held against."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Final, Literal, NamedTuple

from connector.demo.model_dialects import Reply
from rollouts.cost import Price, cost
from rollouts.ledger import picodollars
from rollouts.types import Usage

Storm = Literal["throttled", "broken", "dropped", "garbled", "slow", "fair"]
REFUSED: Final = {"throttled": 429, "broken": 500}
"""What is refused is not billed."""


class Charged(NamedTuple):
    """One call that was billed."""

    input_tokens: int
    """Its number: no two billed calls have the same, so that an entry of a ledger can be told from all others."""
    output_tokens: int
    picodollars: int
    storm: Storm


@dataclass
class Weather:
    """Draws what becomes of each call, and bills what was worked on, answered or not."""

    price: Price
    seed: int = 0
    chances: dict[Storm, float] = field(
        default_factory=lambda: {"throttled": 0.02, "broken": 0.05, "dropped": 0.03, "garbled": 0.02, "slow": 0.1}
    )
    slow_s: float = 0.3
    most_output_tokens: int = 50
    bill: list[Charged] = field(default_factory=list)
    met: Counter[Storm] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Begin with the seed."""
        self._random = Random(self.seed)

    def draw(self) -> Storm:
        """Return what becomes of the next call."""
        fair = 1 - sum(self.chances.values())
        [storm] = self._random.choices([*self.chances, "fair"], [*self.chances.values(), fair])
        self.met[storm] += 1
        return storm

    def charge(self, storm: Storm) -> Reply:
        """Bill one call; return its answer."""
        usage = Usage(
            input_tokens=len(self.bill) + 1,
            output_tokens=self._random.randint(1, self.most_output_tokens),
        )
        owed = picodollars(cost(self.price, usage) or 0.0)
        self.bill.append(Charged(usage.input_tokens or 0, usage.output_tokens or 0, owed, storm))
        return Reply(text=f"answer {len(self.bill)}", usage=usage)

    @property
    def charged(self) -> int:
        """All that is owed, in picodollars."""
        return sum(each.picodollars for each in self.bill)
