"""The product itself: traces from Langfuse into the store, duels through both models, results back into Langfuse."""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import structlog

from connector.app import App, build
from connector.commands._common import run as run_as_a_verb
from connector.config import Config
from connector.types import State
from rollouts.types import Message, Request, Text
from tests.benchmarks.measuring import Span, measured, say, serving

CALLS_PER_DUEL = 3
"""One rollout, two rounds of judging."""


class Route(NamedTuple):
    """What the three parts of a cycle took."""

    polling: Span
    working: Span
    reading_back: Span


def main() -> None:
    """Carry all duels to their end, and say what they took."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--url", required=True, help="of the model server")
    for figure in ("challenges", "challengers", "concurrency", "messages"):
        parser.add_argument(f"--{figure}", type=int, required=True)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    route, duels = run_as_a_verb(run(**vars(options))), options.challenges * options.challengers
    say(
        route.working,
        CALLS_PER_DUEL * duels,
        polling_ms=1000 * route.polling.cpu_s / options.challenges,
        reading_back_ms=1000 * route.reading_back.cpu_s / duels,
    )


async def run(url: str, *, challenges: int, challengers: int, concurrency: int, messages: int) -> Route:
    """Let every challenger meet every challenge, `concurrency` duels of each at a time."""
    with (
        serving(
            "tests.benchmarks.langfuse_server", "--traces", str(challenges), "--messages", str(messages)
        ) as address,
        tempfile.TemporaryDirectory() as folder,
    ):
        keys = {"PUBLIC_KEY": "pk-lf-local", "SECRET_KEY": "sk-lf-local", "BASE_URL": address}
        os.environ.update({f"LANGFUSE_{name}": value for name, value in keys.items()})
        async with build(_config(url, challengers, concurrency), Path(folder) / "config.toml", spending=True) as app:
            return await _cycle(app, challenges * challengers)


async def _cycle(app: App, duels: int) -> Route:
    with measured() as polling:
        # The second look finds that nothing has changed since the first, and reads.
        queued = await app.engine.poll() + await app.engine.poll()
    await _warm_up(app)
    with measured() as working:
        await app.engine.work(until_idle=True)
    with measured() as reading_back:
        lost = await app.engine.read_back()
    states = await app.store.states()
    posted = sum(count for (_, state), count in states.items() if state is State.POSTED)
    if (queued, posted, lost) != (duels, duels, 0):
        raise RuntimeError(f"{queued} of {duels} duels were queued, {posted} posted, {lost} lost: {states}")
    return Route(polling, working, reading_back)


async def _warm_up(app: App) -> None:
    """One call per model, as the bare loops have it, so that nobody's imports are measured."""
    asked = Message(role="user", parts=(Text(content="Are you there?"),))
    arena = app.engine.arena
    models = [challenger.model for challenger in arena.challengers.values()]
    for model in (*models, *(juror.model for juror in arena.jury.jurors)):
        await model.ask(Request(key=f"warm up {model.name}", messages=(asked,)))


def _config(url: str, challengers: int, concurrency: int) -> Config:
    def model(name: str, at_once: int) -> dict[str, object]:
        price = {"input": 0.25, "output": 2.0}
        told = {"model": name, "base_url": url, "concurrency": at_once, "connections": 1000}
        return {"kind": "openai_compatible", "price": price, **told}

    names = [f"challenger-{number}" for number in range(1, challengers + 1)]
    # A duel asks for both of its rounds at once.
    judge = model("judge", min(1000, 2 * concurrency * challengers))
    return Config.model_validate(
        {
            "judge": {"model": judge},
            "challengers": {name: model(name, concurrency) for name in names},
            "poll": {"settle": "0s"},
        }
    )


if __name__ == "__main__":
    main()
