"""Everything the demo plays on: both servers, sample traffic, and a configuration that points at them.

Keys and addresses of the run come from the environment, as they always do; it is put back as it was afterwards.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from connector.demo import scripted_judge
from connector.demo.instrumentation import send
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.demo.models import Behaviour, ModelServer
from connector.demo.players import PLAYERS, PRODUCTION, Player, behaviour
from connector.demo.traffic import traffic
from rollouts.errors import Fatal

KEY_ENV = "UNDERSTUDY_DEMO_KEY"

_CONFIG = """\
# Written by `understudy demo`. Its servers live as long as the demo does.
[filters]
environments = ["production"]

[sampling]
seed = {seed}

[budget]
per_run_usd = 20.0

[log]
level = "warning"

[judge]
max_tokens = 2000

[judge.model]
kind = "openai_compatible"
model = "{judge}"
base_url = "{models}/v1"
price = {{ input = 1.0, output = 4.0 }}
"""
_CHALLENGER = """
[challengers."{player.model}"]
kind = "{player.kind}"
model = "{player.model}"
base_url = "{base_url}"
api_key_env = "{key_env}"
price = {{ input = {player.input_usd}, output = {player.output_usd} }}
control = {control}
"""


@dataclass(frozen=True)
class Stage:
    """What is running, and the file that names it."""

    langfuse: SmallLangfuse
    models: ModelServer
    config: Path

    @property
    def environment(self) -> dict[str, str]:
        """What must be set for `understudy` to reach both servers."""
        return {
            "LANGFUSE_BASE_URL": self.langfuse.base_url,
            "LANGFUSE_PUBLIC_KEY": self.langfuse.public_key,
            "LANGFUSE_SECRET_KEY": self.langfuse.secret_key,
            KEY_ENV: "no-secret",
            # The demo must not ask a proxy for its own servers; the lower-case name wins where both are set.
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }


@asynccontextmanager
async def stage(mode: Mode, *, seed: int, keep: Path | None = None) -> AsyncIterator[Stage]:
    """Start both servers, let the airline talk to its customers, and set the environment while inside.

    Configuration and state stay in `keep`, or are gone afterwards. Raises `Fatal` for a `keep` that is not empty.
    """
    with _folder(keep) as folder:
        async with SmallLangfuse(mode) as langfuse, ModelServer(_behaviours(seed)) as models:
            keys, spans = (langfuse.public_key, langfuse.secret_key), traffic(datetime.now(UTC), seed)
            await send(langfuse.base_url, keys, "marlinspike-help-desk", spans)
            config = folder / "config.toml"
            config.write_text(_configuration(models.url, seed), encoding="utf-8")
            ready = Stage(langfuse, models, config)
            with _environment(ready.environment):
                yield ready


def _behaviours(seed: int) -> dict[str, Behaviour]:
    return {scripted_judge.MODEL: scripted_judge.ScriptedJudge(seed)} | {
        player.model: behaviour(player, seed) for player in PLAYERS
    }


def _configuration(models: str, seed: int) -> str:
    judged = _CONFIG.format(seed=seed, judge=scripted_judge.MODEL, models=models)
    return judged + "".join(_challenger(player, models) for player in PLAYERS)


def _challenger(player: Player, models: str) -> str:
    return _CHALLENGER.format(
        player=player,
        base_url=models if player.kind == "anthropic" else f"{models}/v1",
        key_env=KEY_ENV,
        control=str(player is PRODUCTION).lower(),
    )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="understudy-demo-") as folder:
            yield Path(folder)
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        # What an earlier demo has posted went into a Langfuse that is gone: its state would hide the gap.
        raise Fatal(f"{keep} is not empty", hint="name a new directory for --keep")
    yield keep


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
