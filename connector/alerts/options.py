"""Who is told of what."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, Self, get_args

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connector.clock import Duration
from rollouts.types import Options

Kind = Literal["regression", "floor", "budget", "judge", "lag", "stopped", "test"]
"""`regression`: the gate fails against production or against earlier epochs; `floor`: a tier is below its floor;
`budget`: a limit is nearly or wholly spent; `judge`: people do not agree with it; `lag`: traces are read too late;
`stopped`: a challenger or the delivery needs a person before it goes on; `test`: `understudy alerts test`."""
KINDS: tuple[Kind, ...] = get_args(Kind)
Form = Literal["json", "slack"]


class Webhook(Options):
    """One address that is told."""

    url_env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the address, which is a secret."""
    form: Form = "json"
    """`json` has fields for programs; `slack` is what Slack and those like it take."""
    secret_env: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """The environment variable that holds the secret of the signature; not signed where it is left out."""


class Alerts(Options):
    """Webhooks are told of each event once. `understudy alerts test` tries them."""

    webhooks: tuple[Webhook, ...] = ()
    """Such as [{ url_env = "SLACK_URL", form = "slack" }, { url_env = "OPS_URL", secret_env = "OPS_SECRET" }]."""
    kinds: tuple[Kind, ...] = KINDS
    """What is told of."""
    every: Duration = timedelta(minutes=1)
    """How often it is looked whether there is anything to tell. Regressions, floors and judges are looked at once a
    day, when there is enough to decide, and once more when an epoch closes: each look is a chance of a false alarm."""
    lag: Duration = timedelta(hours=6)
    """From which age of the newest trace that was read on it is an alert."""
    budget_share: float = Field(default=0.8, gt=0, le=1)
    """From which share of a limit on money it is an alert."""
    give_up: Duration = timedelta(days=3)
    """How long a receiver that is down is tried again; what is older is tried once more, and then no longer."""

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        names = [webhook.url_env for webhook in self.webhooks]
        if len(set(names)) < len(names):
            raise PydanticCustomError("webhooks", "each webhook needs a variable of its own: by it, it is remembered")
        return self
