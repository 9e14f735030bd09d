"""config.toml as types: every key, its default and its explanation. Unknown keys are errors."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from connector.alerts.options import Alerts
from connector.board import BoardRules
from connector.cache.options import CacheTable
from connector.calibration.options import Calibration
from connector.config_budget import BudgetTable
from connector.epochs import Epochs
from connector.forgetting import Retention
from connector.formats.custom_keys import CustomKeys
from connector.pace import Pace
from connector.patience import Patience
from connector.redaction.options import Masking
from connector.sampling.options import Sampling
from connector.select import Filters
from connector.tiers.options import Tiers
from connector.turns.worth import TurnRules
from judges.jury import JuryRules
from judges.standings.gated import Gates
from rollouts.cost import Price
from rollouts.types import Options, Parameters
from rollouts.windows import Caps


class Plugin(BaseModel):
    """`kind` names a file; keys that are not ours belong to the plug-in of that file, which checks them itself."""

    model_config = ConfigDict(frozen=True, extra="allow", use_attribute_docstrings=True)

    kind: str
    """Which plug-in; its file is of that name."""

    @property
    def options(self) -> dict[str, Any]:
        """What belongs to the plug-in."""
        return dict(self.model_extra or {})


class ModelTable(Plugin):
    """One model: who answers, how fast it may be asked, what it costs."""

    account: str | None = None
    """The table of [accounts] whose limits this model shares with others; its own hold inside of them."""
    concurrency: int = Field(default=16, ge=1, le=1000)
    """Calls at once; fewer for a while when the provider says that it is asked too much."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests per minute; no limit where it is left out."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens per minute, in and out; no limit where it is left out."""
    price: Price | None = None
    """USD per million tokens, such as { input = 0.25, output = 2.0 }; wins over the bundled prices."""
    free: bool = False
    """Calls cost nothing: a model of your own."""
    local: bool = False
    """It runs on machines of your own, so that it may see unmasked text; what was masked is then kept in the state."""
    budget: Caps = Caps()
    """Limits for this model alone, such as { per_day_usd = 5 }; those of [budget] hold all the same."""


class AccountTable(Options):
    """Limits that several models share, whether they answer or judge: they take turns.

    Wanted where a provider counts per key, as gateways and servers of one's own do; OpenAI and Anthropic count for each
    model by itself.
    """

    concurrency: int | None = Field(default=None, ge=1, le=10_000)
    """Calls at once; no limit where it is left out, but what the provider refuses."""
    rpm: float | None = Field(default=None, gt=0)
    """Requests per minute of all its models; no limit where it is left out."""
    tpm: float | None = Field(default=None, gt=0)
    """Tokens per minute of all its models, in and out; no limit where it is left out."""


class ChallengerTable(ModelTable):
    """A model that answers in production's place."""

    control: bool = False
    """Production's own model, replayed to see how far it differs from itself: the noise floor."""
    system: str | None = None
    """Takes the place of the system prompt: a prompt variant is a challenger too."""
    parameters: Parameters = Parameters()
    """Override production's parameters, such as { temperature = 0.2 }."""

    @field_validator("parameters")
    @classmethod
    def _answers_have_a_length(cls, given: Parameters) -> Parameters:
        """Elsewhere 0 and -1 are ways to say "no limit": then less than nothing would be set aside."""
        if given.max_tokens is not None and given.max_tokens <= 0:
            raise ValueError("max_tokens must be greater than 0; leave it out for no limit")
        return given


class JudgeTable(Plugin):
    """Who judges, and how."""

    kind: str = "arena_hard"
    """Which way of judging; its file is of that name."""
    model: ModelTable
    """The model that judges; never the family of a challenger, if it can be helped."""


class JurorTable(JudgeTable):
    """One judge of the jury: a way of judging, and the model that judges."""

    stand_in: bool = False
    """Sits only where another judge is missing, may not sit, or cannot be read."""


class JuryTable(JuryRules):
    """Several judges instead of one, of different model families; `[judge]` is left out then."""

    judges: dict[str, JurorTable] = Field(min_length=1)
    """By name."""


class CheaperJudgeTable(JudgeTable):
    """Who judges in place of [judge] or [jury] while money is short, with `on_exhausted = "degrade"` in [budget].

    Its judgments are on a leaderboard of their own; `understudy rejudge` has them made again when there is money.
    """


class LangfuseTable(Options):
    """The Langfuse project. Its keys come from LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY."""

    base_url: str | None = None
    """Address of the server; LANGFUSE_BASE_URL (or LANGFUSE_HOST) wins over it."""
    dataset: str = Field(default="production", pattern=r"^[\w. -]{1,60}$")
    """Challenges go into the dataset understudy/<this name>."""


class SourceTable(Options):
    """Where traces come from."""

    kind: Literal["langfuse", "jsonl"] = "langfuse"
    """A Langfuse project, or a file that `understudy export` wrote."""
    path: str | None = None
    """The file, for jsonl."""


class SinkTable(Options):
    """Where results go."""

    kind: Literal["langfuse", "jsonl"] = "langfuse"
    """A Langfuse project, or a file."""
    path: str | None = None
    """The file, for jsonl."""


class ServerTable(Options):
    """Health, readiness and metrics of the daemon."""

    listen: str = Field(default="127.0.0.1:8788", pattern=r"^$|^[^:]+:\d+$")
    """Address for /healthz, /readyz and /metrics; empty for none."""


class RedactionTable(Masking):
    """Personal data and secrets are masked before anything is stored, sent, logged or posted."""

    ner: Plugin | None = None
    """A package that recognises names in running text, such as { kind = "presidio" }; none ships with Understudy."""


class FormatsTable(Options):
    """How traces are read that no integration wrote. Known formats need no word here."""

    custom_keys: CustomKeys = CustomKeys()


class LogTable(Options):
    """What is said on stderr."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least that is said."""
    format: Literal["auto", "pretty", "json"] = "auto"
    """`auto` is pretty on a terminal and JSON elsewhere."""


class Config(Options):
    """Everything that a person may set."""

    state: str = "understudy.db"
    """The file that holds all progress; relative to this file."""
    langfuse: LangfuseTable = LangfuseTable()
    source: SourceTable = SourceTable()
    sink: SinkTable = SinkTable()
    poll: Pace = Pace()
    filters: Filters = Filters()
    formats: FormatsTable = FormatsTable()
    turns: TurnRules = TurnRules()
    redaction: RedactionTable = RedactionTable()
    sampling: Sampling = Sampling()
    tiers: Tiers = Tiers()
    epochs: Epochs = Epochs()
    retry: Patience = Patience()
    budget: BudgetTable = BudgetTable()
    cache: CacheTable = CacheTable()
    retention: Retention = Retention()
    server: ServerTable = ServerTable()
    log: LogTable = LogTable()
    leaderboard: BoardRules = BoardRules()
    gates: Gates = Gates()
    alerts: Alerts = Alerts()
    calibration: Calibration = Calibration()
    accounts: dict[str, AccountTable] = {}
    """By name."""
    judge: JudgeTable | None = None
    jury: JuryTable | None = None
    cheaper_judge: CheaperJudgeTable | None = None
    challengers: dict[str, ChallengerTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _someone_judges(self) -> Self:
        if (self.judge is None) == (self.jury is None):
            raise PydanticCustomError("judges", "exactly one of the tables [judge] and [jury] says who judges")
        return self

    @model_validator(mode="after")
    def _money_may_be_short(self) -> Self:
        if self.cheaper_judge is not None and self.budget.on_exhausted != "degrade":
            raise PydanticCustomError("judges", '[cheaper_judge] is for `on_exhausted = "degrade"` in [budget] alone')
        return self
