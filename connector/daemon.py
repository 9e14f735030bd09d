"""The clock. APScheduler says when; the engine knows what."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from connector.app import App
from connector.health import Health
from connector.watch import Watch
from rollouts.errors import BudgetExhausted, Fatal, UnderstudyError

log = structlog.get_logger(__name__)


async def run(app: App) -> BudgetExhausted | None:
    """Poll, work and publish until SIGTERM or SIGINT; then let what runs finish within the grace period, and return.

    Where the configuration says `stop`, it ends so too when money runs out, and returns why.
    """
    engine = app.engine
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, engine.stop)
    health, watch = Health(app), Watch(app)
    await health.start(app.config.server.listen)
    ticks = Ticks(health)
    scheduler = _schedule(app, ticks, watch)
    scheduler.start()
    log.info("daemon.started", challengers=list(engine.arena.challengers), judge=engine.arena.jury.version)
    try:
        await engine.work(until_idle=False)
    finally:
        scheduler.pause()
        await ticks.finish(engine.grace_left_s)
        scheduler.shutdown()
        await health.stop()
    await ticks.calmly("publish", engine.publish)()
    await _look_once_more(watch, engine.grace_left_s)
    broke = app.budget.exhausted if app.config.budget.on_exhausted == "stop" else None
    log.info("daemon.stopped", caused_by=str(broke) if broke else None)
    return broke


async def _look_once_more(watch: Watch, grace_s: float) -> None:
    """Tell of what ended the daemon; what is cut off is told at the next start."""
    try:
        async with asyncio.timeout(grace_s):
            await watch.tick(last=True)
    except (TimeoutError, UnderstudyError) as error:
        log.warning("tick.put_off", tick="alerts", caused_by=str(error))


class Ticks:
    """What the scheduler calls. Nothing that one tick meets ends the daemon: the next one tries again."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._running: set[asyncio.Task[None]] = set()

    def calmly(self, name: str, verb: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
        """Return `verb` as a job that says how it went."""

        async def tick() -> None:
            try:
                await verb()
                self._health.went_well(name)
            except Fatal as error:
                log.critical("tick.parked", tick=name, caused_by=str(error), hint=error.hint)
                self._health.went_wrong(name, str(error))
            except UnderstudyError as error:
                log.warning("tick.put_off", tick=name, caused_by=str(error))
                self._health.went_wrong(name, str(error))

        async def followed() -> None:
            task = asyncio.create_task(tick(), name=name)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            await asyncio.wait({task})  # a job that is cut off is none that broke
            if not task.cancelled():
                task.result()

        return followed

    def broke(self, event: JobExecutionEvent) -> None:
        """Note what nobody expected; the scheduler has logged where it comes from."""
        self._health.went_wrong(event.job_id, repr(event.exception))

    async def finish(self, grace_s: float) -> None:
        """Let what runs come to its end; what is cut off is repeated at the next start."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _schedule(app: App, ticks: Ticks, watch: Watch) -> AsyncIOScheduler:
    """A tick that was missed is made up for once: misfires are dropped after a second by default."""
    engine, now = app.engine, datetime.now(UTC)
    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )
    scheduler.add_listener(ticks.broke, EVENT_JOB_ERROR)
    for name, verb, every in (
        ("poll", engine.follow, engine.pace.every),
        ("refill", engine.refill, engine.pace.every),
        ("publish", engine.publish, engine.pace.publish_every),
        ("confirm", engine.confirm, engine.pace.confirm),
        ("alerts", watch.tick, app.config.alerts.every),
        ("keep", app.keeper.tick, app.config.retention.every),
    ):
        seconds = every.total_seconds()
        scheduler.add_job(ticks.calmly(name, verb), "interval", seconds=seconds, next_run_time=now, id=name)
    return scheduler
