"""The clock. APScheduler says when; the engine knows what."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from connector.app import App
from connector.health import Health
from rollouts.errors import Fatal, UnderstudyError

log = structlog.get_logger(__name__)


async def run(app: App) -> None:
    """Poll, work and publish until SIGTERM or SIGINT; then let what runs finish, and return."""
    engine = app.engine
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, engine.stop)
    health = Health(app)
    await health.start(app.config.server.listen)
    scheduler = _schedule(app, health)
    scheduler.start()
    log.info("daemon.started", challengers=list(engine.arena.challengers), judge=engine.arena.judge_version)
    try:
        await engine.work(until_idle=False)
    finally:
        scheduler.shutdown(wait=False)  # waiting would cancel running jobs in APScheduler 3; a poll may be repeated
        await health.stop()
    await _calmly("publish", engine.publish, health)()
    log.info("daemon.stopped")


def _schedule(app: App, health: Health) -> AsyncIOScheduler:
    """A tick that was missed is made up for once: misfires are dropped after a second by default."""
    engine, now = app.engine, datetime.now(UTC)
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    ticks: list[tuple[str, Callable[[], Awaitable[object]], float]] = [
        ("poll", engine.poll, engine.pace.every.total_seconds()),
        ("publish", engine.publish, engine.pace.publish_every.total_seconds()),
        ("confirm", engine.confirm, engine.pace.confirm.total_seconds()),
    ]
    for name, verb, seconds in ticks:
        scheduler.add_job(_calmly(name, verb, health), "interval", seconds=seconds, next_run_time=now, id=name)
    return scheduler


def _calmly(name: str, verb: Callable[[], Awaitable[object]], health: Health) -> Callable[[], Awaitable[None]]:
    """After start nothing that one tick meets ends the daemon: the next tick tries again."""

    async def tick() -> None:
        try:
            await verb()
            health.went_well(name)
        except Fatal as error:
            log.critical("tick.parked", tick=name, caused_by=str(error), hint=error.hint)
            health.went_wrong(name, str(error))
        except UnderstudyError as error:
            log.warning("tick.put_off", tick=name, caused_by=str(error))
            health.went_wrong(name, str(error))

    return tick
