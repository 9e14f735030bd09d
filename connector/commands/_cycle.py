"""The paid half of a cycle: carry, post, publish, read back, and say what came out."""

from __future__ import annotations

import asyncio
import signal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from connector.app import App
from connector.commands._common import results
from connector.commands._leaderboard_table import print_leaderboard
from connector.commands._looking import show_ledger
from connector.types import State
from connector.watch import Watch
from rollouts.errors import BudgetExhausted, Retryable, UnderstudyError

_DONE = (State.POSTED, State.DEAD)


def say_interrupted(app: App, console: Console) -> None:
    """Say how many calls were in flight when the last process died: only those may be paid twice."""
    if app.interrupted:
        console.print(f"{app.interrupted} model call(s) were in flight when the last run died; only these are repeated")


async def cycle(app: App, console: Console, *, rolled: bool = False) -> int:
    """Carry everything to its end, or with `rolled` what is answered; show what came out; return the exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, app.engine.stop)
    watch = Watch(app)
    await _carry(app, console, rolled=rolled)
    await app.engine.publish(every=rolled)
    await watch.tick(last=True)
    await _read_back(app, console)
    await _keep(app, console)
    if (saved := app.cache.savings).answers:
        console.print(f"{saved.answers} answer(s) from the cache, saved ${saved.usd:.4f}")
    show_ledger(console, await app.store.ledger())
    print_leaderboard(results(), await app.engine.leaderboard())
    return await _verdict(app, console, rolled=rolled)


async def _carry(app: App, console: Console, *, rolled: bool) -> None:
    bar = Progress(
        TextColumn("duels"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)
        watching = asyncio.create_task(_watch(app, bar, task))
        try:
            await app.engine.work(until_idle=True, rolled=rolled)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def _watch(app: App, bar: Progress, task: object) -> None:
    """Ask the store for the counts now and then: asking at every step would cost more than the steps."""
    today = app.engine.fingerprints
    while True:
        states = await app.store.states(today)
        done = sum(count for (_, state), count in states.items() if state in _DONE)
        money = f"${app.budget.spent_usd:.4f}"
        bar.update(task, completed=done, total=sum(states.values()), description=money)  # type: ignore[arg-type]
        await asyncio.sleep(0.5)


async def _read_back(app: App, console: Console) -> None:
    """Wait until what was posted can be read; what stays away is sent once more, and then reported."""
    with console.status("reading back what was posted …"):
        if lost := await app.engine.read_back():
            console.print(f"error: Langfuse acknowledged the results of {lost} duel(s) and does not show them")


async def _keep(app: App, console: Console) -> None:
    """Remove what may not be kept; what cannot be removed now is noted, and comes again."""
    try:
        await app.keeper.tick()
    except UnderstudyError as error:
        console.print(f"warning: not everything that is to be forgotten is gone yet: {error}")


async def _verdict(app: App, console: Console, *, rolled: bool) -> int:
    """Return the exit code, and say why when it is not 0. Want of money is said first: it explains the others."""
    parked = sorted(app.engine.parked, key=lambda error: not isinstance(error, BudgetExhausted))
    problem = next(iter(parked), None) or await _unfinished(app, rolled=rolled)
    if problem is None:
        return 1 if app.engine.delivery.lost else 0
    console.print(f"error: {problem}")
    if problem.hint:
        console.print(f"hint: {problem.hint}")
    return 4 if isinstance(problem, BudgetExhausted) else 1


async def _unfinished(app: App, *, rolled: bool) -> UnderstudyError | None:
    states, done = await app.store.states(app.engine.fingerprints), (*_DONE, State.QUEUED) if rolled else _DONE
    waiting = sum(count for (_, state), count in states.items() if state not in done)
    if waiting and (said := app.engine.thrift.words):
        return BudgetExhausted(f"{said}; {waiting} duel(s) wait", hint="raise the budget, or wait for its next period")
    why = next((f": {error}" for error in app.engine.unavailable.values()), "")
    return Retryable(f"{waiting} duel(s) are not finished{why}", hint="run the same command again") if waiting else None
