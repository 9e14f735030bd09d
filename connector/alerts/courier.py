"""Takes events to webhooks: at least once each under one id, with patience, and never many at a time.

Each attempt is noted before it is made, with the time before which there is no other: a process that dies while
sending, again and again, makes no storm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog

from connector.alerts.events import Event
from connector.alerts.forms import body, headers
from connector.alerts.options import Alerts, Form, Webhook
from connector.alerts.parcels import LONGEST_WAIT, Outbox, Parcel
from connector.clock import Clock
from rollouts.errors import Fatal, Permanent, Retryable, UnderstudyError
from rollouts.secrets import read_secret

log = structlog.get_logger(__name__)

MOST_AT_ONCE: Final = 10
"""Attempts per look, all webhooks together."""
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=1)
_TRY_AGAIN: Final = frozenset({408, 425, 429})
_WRONG: Final = frozenset({401, 403, 404})
"""Address or secret are wrong, until a person puts them right: then what waits must arrive."""
_BAD: Final = 400
_REDIRECTS: Final = 300
_BROKEN: Final = 500


@dataclass(frozen=True)
class Address:
    """One webhook with its secrets, which no text ever holds."""

    name: str
    form: Form
    url: str
    secret: str | None

    def __repr__(self) -> str:
        """Show the name only."""
        return f"Address({self.name})"


def addresses(alerts: Alerts) -> list[Address]:
    """Read the addresses from the environment. Raises `Fatal` for one that is missing or no address, by name."""
    return [_address(webhook) for webhook in alerts.webhooks]


def _address(webhook: Webhook) -> Address:
    url = read_secret(webhook.url_env)
    if url is None:
        raise Fatal(f"{webhook.url_env} is not set", hint="[alerts] names it as the address of a webhook")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fatal(f"{webhook.url_env} holds no address", hint="it begins with https:// or http://")
    secret = read_secret(webhook.secret_env) if webhook.secret_env else None
    if webhook.secret_env and secret is None:
        raise Fatal(f"{webhook.secret_env} is not set", hint="[alerts] names it as the secret of a signature")
    return Address(webhook.url_env, webhook.form, url, secret)


async def send(address: Address, event: Event, raised_at: datetime, now: datetime) -> None:
    """Make one attempt. Raises `Retryable` or `Permanent`; redirects are refusals, for they may lead anywhere."""
    payload = body(event, address.form, raised_at)
    told = headers(event.id, payload, address.secret, now)
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=True) as session,
            session.post(address.url, data=payload, headers=told, allow_redirects=False) as answer,
        ):
            status, wait = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        # The error's own words may hold the address.
        raise Retryable(f"{address.name} cannot be reached: {type(error).__name__}") from None
    if status in _TRY_AGAIN | _WRONG or status >= _BROKEN:
        hint = "check the address and the secret of the webhook" if status in _WRONG else None
        raise Retryable(f"{address.name} answered {status}", retry_after_s=_asked(wait), hint=hint)
    if status >= _REDIRECTS:
        why = "redirects are not followed" if status < _BAD else "it refuses"
        raise Permanent(f"{address.name} answered {status}: {why}", hint="check the address of the webhook")


class Courier:
    """Sends what is due."""

    def __init__(self, outbox: Outbox, known: Sequence[Address], alerts: Alerts, clock: Clock) -> None:
        self._outbox, self._alerts, self._clock = outbox, alerts, clock
        self._known = {address.name: address for address in known}

    async def deliver(self) -> None:
        """Make an attempt for each parcel that is due, a few at most; what fails waits longer each time."""
        for parcel in await self._outbox.parcels(self._clock.now(), MOST_AT_ONCE):
            now, address = self._clock.now(), self._known.get(parcel.webhook)
            if address is None:
                await self._close(parcel, "given up")
                continue
            await self._outbox.attempted(parcel, now + _wait(parcel.attempts))
            await self._attempt(parcel, address, now)

    async def _attempt(self, parcel: Parcel, address: Address, now: datetime) -> None:
        try:
            await send(address, parcel.event, parcel.raised_at, now)
        except Retryable as error:
            log.warning("alert.put_off", event_id=parcel.event.id, caused_by=str(error), hint=error.hint)
            if now - parcel.raised_at > self._alerts.give_up:
                await self._close(parcel, "given up")
            elif error.retry_after_s is not None:
                later = max(timedelta(seconds=error.retry_after_s), _wait(parcel.attempts))
                await self._outbox.attempted(parcel, now + later)
        except UnderstudyError as error:
            log.error("alert.refused", event_id=parcel.event.id, caused_by=str(error))  # noqa: TRY400  no traceback
            await self._close(parcel, "refused")
        else:
            await self._close(parcel, "sent")

    async def _close(self, parcel: Parcel, state: str) -> None:
        await self._outbox.closed_parcel(parcel, state)
        log.info("alert.closed", event_id=parcel.event.id, webhook=parcel.webhook, state=state)


def _asked(wait: str) -> float | None:
    known = wait.isascii() and wait.isdigit()
    return min(float(wait), LONGEST_WAIT.total_seconds()) if known else None


def _wait(attempts: int) -> timedelta:
    return min(_LONGEST_WAIT, _FIRST_WAIT * (1 << min(attempts, 10)))
