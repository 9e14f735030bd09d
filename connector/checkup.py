"""What `doctor` looks at, each as a finding of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import timedelta

from connector.app import App
from connector.langfuse import datasets
from connector.langfuse.flags import LangfuseCuration
from connector.langfuse.summary import DATASET
from connector.masking import exposed, trusted
from connector.traces import Window
from judges.families import families, related
from judges.jury import Juror
from rollouts.errors import UnderstudyError
from rollouts.model import Model
from rollouts.types import Message, Parameters, Record, Request, Text

_KEY = "doctor/"
_ENOUGH_TOKENS = 512  # reasoning models think before they say one word


class Finding(Record):
    """One thing that was looked at."""

    what: str
    ok: bool
    said: str
    hint: str | None = None


async def examine(app: App, *, ask: bool) -> list[Finding]:
    """Look at everything; one trouble hides no other."""
    return [finding async for finding in _findings(app, ask=ask)]


async def _findings(app: App, *, ask: bool) -> AsyncIterator[Finding]:
    if app.server and app.client:
        server = app.server
        yield Finding(what="langfuse", ok=True, said=f"{server.version}, {server.mode}, project {server.project_name}")
        yield Finding(what="scores", ok=True, said=f"written by {server.scores}")
        yield await _clock(app)
        yield await _writes(app)
    yield await _reads(app)
    async for finding in _tiers(app):
        yield finding
    for juror in _jurors(app):
        yield _impartial(app, juror)
    yield _masks(app)
    await app.store.forget_calls(_KEY)
    for who, model in _models(app):
        yield _price(who, model)
        if ask:
            yield await _answers(who, model)


def _masks(app: App) -> Finding:
    if seeing := exposed(app.config):
        hint = "take `enabled = false` out of [redaction], or say `local = true` where a model is your own"
        said = f"off, and unmasked text leaves for {', '.join(seeing)}"
        return Finding(what="redaction", ok=False, said=said, hint=hint)
    rules = app.config.redaction
    said = ", ".join(rules.kinds) if rules.enabled else "off; all models are local"
    if seeing := trusted(app.config):
        said += f"; {', '.join(seeing)} may see unmasked text, which is therefore kept in the state"
    return Finding(what="redaction", ok=True, said=said)


def _models(app: App) -> list[tuple[str, Model]]:
    arena = app.engine.arena
    challengers = [(f"challenger {name}", c.model) for name, c in arena.challengers.items()]
    return [(_who(juror), juror.model) for juror in _jurors(app)] + challengers


def _jurors(app: App) -> tuple[Juror, ...]:
    arena = app.engine.arena
    return arena.jury.jurors + (arena.cheaper.jurors if arena.cheaper else ())


def _who(juror: Juror) -> str:
    return juror.name.replace("_", " ") if juror.name in {"judge", "cheaper_judge"} else f"judge {juror.name}"


def _impartial(app: App, juror: Juror) -> Finding:
    """Say whether a judge is of a challenger's family. What production runs is known only turn by turn."""
    arena, rules = app.engine.arena, app.engine.arena.jury.rules
    known = rules.families if rules else {}
    kin = [n for n, c in arena.challengers.items() if related(juror.model.name, c.model.name, known)]
    if not kin:
        strange = families(juror.model.name, known) is None
        said = "its family is unknown" if strange else "of no challenger's family"
        return Finding(what=f"{_who(juror)}: family", ok=True, said=said)
    said = f"of one family with {', '.join(kin)}"
    if rules is not None and rules.recuse:
        return Finding(what=f"{_who(juror)}: family", ok=True, said=f"{said}, where it will not sit")
    hint = "judges favour their own family: take another judge, or a [jury]"
    return Finding(what=f"{_who(juror)}: family", ok=False, said=said, hint=hint)


async def _clock(app: App) -> Finding:
    ahead = app.client.server_ahead_s if app.client else 0.0
    fine = ahead < 60.0  # noqa: PLR2004  the Date header counts seconds, and a minute is what the settle time forgives
    return Finding(
        what="clock", ok=fine, said=f"the server is {ahead:.0f} s ahead", hint=None if fine else "set the clock"
    )


async def _writes(app: App) -> Finding:
    try:
        if app.client:
            await datasets.ensure(app.client, DATASET, "Who could take over, epoch by epoch.")
    except UnderstudyError as error:
        return Finding(what="write permission", ok=False, said=str(error), hint=error.hint)
    return Finding(what="write permission", ok=True, said=f"dataset {DATASET} is there")


async def _reads(app: App) -> Finding:
    now = app.engine.clock.now()
    try:
        found = await app.engine.arena.source.look(Window(start=now - timedelta(hours=24), end=now))
    except UnderstudyError as error:
        return Finding(what="read", ok=False, said=str(error), hint=error.hint)
    foreign = sum(sighting.ours is None for sighting in found)
    return Finding(what="read", ok=True, said=f"{foreign} trace(s) in the last 24 hours")


async def _tiers(app: App) -> AsyncIterator[Finding]:
    """Say of each dataset and queue of the tiers whether it is there; of one that is not, which name comes near."""
    if app.client is None or app.server is None:
        return
    rules, curation = app.config.tiers, LangfuseCuration(app.client, app.server)
    for tier, names in rules.datasets:
        for name in names:
            yield await _found(f"tier {tier}: dataset {name}", curation.items(name))
    for rule in rules.adversarial.queues:
        yield await _found(f"tier adversarial: queue {rule.name}", curation.queued(rule))


async def _found(what: str, looking: Awaitable[Sequence[object]]) -> Finding:
    try:
        return Finding(what=what, ok=True, said=f"{len(await looking)} item(s)")
    except UnderstudyError as error:
        return Finding(what=what, ok=False, said=str(error), hint=error.hint)


def _price(who: str, model: Model) -> Finding:
    if model.price is None:
        hint = "set `price`, or `free = true` for a model of your own; until then its cost is unknown"
        return Finding(what=f"{who}: price", ok=False, said=f"nobody knows the price of {model.name}", hint=hint)
    said = "free" if model.price.free else f"${model.price.input:g} in, ${model.price.output:g} out per million tokens"
    return Finding(what=f"{who}: price", ok=True, said=f"{said} ({model.price.words})")


async def _answers(who: str, model: Model) -> Finding:
    question = Message(role="user", parts=(Text(content="Answer with the one word: ready"),))
    request = Request(key=_KEY + who, messages=(question,), parameters=Parameters(max_tokens=_ENOUGH_TOKENS))
    try:
        reply = await model.ask(request, fit=lambda _: False)  # not from the cache next time
    except UnderstudyError as error:
        return Finding(what=f"{who}: answers", ok=False, said=str(error), hint=error.hint)
    return Finding(what=f"{who}: answers", ok=True, said=f"{reply.model or model.name} in {reply.latency_s or 0:.2f} s")
