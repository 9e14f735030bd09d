"""What is said of draws wherever figures or queues are shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from connector.sampling.types import Draw


def told(draws: Iterable[Draw]) -> list[str]:
    """Say of each epoch how much of it was drawn and how, and what did not go as it was wished for.

    `draws` come in the order in which they were made.
    """
    by_epoch = groupby(draws, key=lambda each: each.epoch)
    return [line for epoch, own in by_epoch for line in _of(epoch, list(own))]


def _of(epoch: str, own: Sequence[Draw]) -> list[str]:
    held, drawn, missed = (sum(getattr(each, key) for each in own) for key in ("held", "drawn", "uncovered"))
    how = ", then ".join(strategy for strategy, _ in groupby(each.strategy for each in own))
    lines = [f"{epoch}: {drawn:,} of {held:,} turns were drawn, in {len(own)} draw(s), {how}."]
    lines += [f"{epoch}: {missed:,} came too late, and nothing drawn stands for them."] if missed else []
    reasons = dict.fromkeys(each.fell_back for each in own if each.fell_back)
    return lines + [f"{epoch}: {_numbers(own, reason)} stratified instead: {reason}." for reason in reasons]


def _numbers(own: Sequence[Draw], reason: str) -> str:
    numbers = [str(each.number) for each in own if each.fell_back == reason]
    return f"draw {numbers[0]} was" if len(numbers) == 1 else f"draws {', '.join(numbers)} were"
