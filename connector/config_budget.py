"""The table [budget]."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from rollouts.windows import Caps


class BudgetTable(Caps):
    """How much may be spent by all models together; a limit that is left out is none."""

    output_tokens: int = Field(default=16384, gt=0)
    """What is set aside for an answer whose length production did not limit, in tokens. Under a limit no more is asked
    for, because nobody could keep to the limit otherwise; an answer that is cut there is a failure, and never judged.
    For a model that refuses so many, set `parameters = { max_tokens = … }` of its challenger."""
    on_exhausted: Literal["pause", "degrade", "stop"] = "pause"
    """What happens when money runs out: wait for the next period; spend less before that, then wait; or end with exit
    code 4. `once` always ends."""
    degrade_at: float = Field(default=0.8, gt=0, lt=1)
    """From which share of any limit on less is spent, with `degrade`: on fewer turns, by [cheaper_judge] if there is
    one."""
    degrade_to: float = Field(default=0.5, gt=0, lt=1)
    """Which share of the turns is still asked then, the same of all challengers; the rest waits for the next period."""
