"""What is remembered of draws."""

from __future__ import annotations

from datetime import datetime

from connector.sampling.draw import Stratum
from connector.sampling.options import Strategy
from rollouts.types import Record


class Draw(Record):
    """One draw of one epoch: from which turns, how, and how many."""

    epoch: str
    number: int
    """Counts the epoch's draws from 1."""
    at: datetime
    strategy: Strategy
    """As it was wished for."""
    fell_back: str = ""
    """Why it was stratified in place of clusters; empty where it was what was wished for."""
    quota: int
    """The most turns that could be drawn."""
    held: int
    """Turns that waited."""
    drawn: int
    uncovered: int = 0
    """Turns that came when the window was over and its quota spent: nothing that was drawn stands for them."""
    strata: tuple[Stratum, ...] = ()
