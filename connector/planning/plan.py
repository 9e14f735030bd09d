"""What a cycle will cost, and what that money will tell: the records."""

from __future__ import annotations

from collections.abc import Iterable

from rollouts.types import Record


class Width(Record):
    """How precisely a challenger's win rate will be known."""

    challenger: str
    judged: int
    """Conversations that its win rate rests on today."""
    fresh: int
    """Conversations that come to it by this plan."""
    half_width: float | None
    """Of its interval then; `None` below two conversations."""
    assumed: bool
    """Whether nothing was judged yet, so that the widest spread was assumed: it can only become narrower."""


class Reach(Record):
    """One limit on money, and what is left of it."""

    window: str
    left_usd: float
    limit_usd: float
    pays_for: int | None
    """Duels of this plan at their expected price; `None` where that is unknown or nothing."""

    @property
    def of_one_model(self) -> bool:
        """Whether it limits one model, and not all together."""
        return "/" in self.window


class Line(Record):
    """One model's part of the plan."""

    role: str
    """`challenger`, `control`, `judge`, `stand-in` or `embedding`."""
    name: str
    model: str
    calls: int
    most_calls: int
    input_tokens: int
    output_tokens: int
    price: str | None
    """USD per million tokens, in and out."""
    price_source: str | None
    """Who says so, and when."""
    expected_usd: float | None
    longest_usd: float | None
    """With the longest answers and every question asked again, each call answered at its first try."""
    maximum_usd: float | None
    """With every try but the last lost, and paid all the same."""


class Plan(Record):
    """All lines, and what they add up to; `None` where any price is unknown."""

    duels: int
    lines: tuple[Line, ...]
    tiers: dict[str, int] = {}
    """How many of the duels are of each tier."""
    held: int = 0
    """Turns that wait for the draw; they are in none of these figures."""
    widths: tuple[Width, ...] = ()
    budgets: tuple[Reach, ...] = ()

    @property
    def expected_usd(self) -> float | None:
        """What it will probably cost."""
        return _sum(line.expected_usd for line in self.lines)

    @property
    def longest_usd(self) -> float | None:
        """What it cannot exceed where every call is answered at its first try."""
        return _sum(line.longest_usd for line in self.lines)

    @property
    def lost_usd(self) -> float | None:
        """What it cannot exceed, with every try but the last lost, and paid all the same."""
        return _sum(line.maximum_usd for line in self.lines)

    @property
    def maximum_usd(self) -> float | None:
        """What it cannot exceed, for no more than that is left of a limit."""
        left = [each.left_usd for each in self.budgets if not each.of_one_model]
        return None if self.lost_usd is None else min([self.lost_usd, *left])


def _sum(figures: Iterable[float | None]) -> float | None:
    known = list(figures)
    return None if any(figure is None for figure in known) else sum(figure or 0.0 for figure in known)
