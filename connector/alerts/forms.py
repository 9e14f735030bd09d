"""An event → what is sent, and under which headers. Pure.

A receiver verifies `X-Understudy-Signature`: `v1=` and the hex HMAC-SHA256, under the shared secret, of the
`X-Understudy-Timestamp`, a full stop, and the body as it came. It should refuse timestamps that are some minutes old,
and forget a second arrival of one `X-Understudy-Event`: what it may not have got is sent again under the same id.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

import orjson

from connector.alerts.events import Event
from connector.alerts.options import Form

EVENT = "X-Understudy-Event"
"""The id of the event."""
TIMESTAMP = "X-Understudy-Timestamp"
"""Seconds since 1970, when this attempt was made."""
SIGNATURE = "X-Understudy-Signature"


def body(event: Event, form: Form, raised_at: datetime) -> bytes:
    """Write the event: as plain JSON, or as a message for Slack."""
    if form == "slack":
        link = f"\n<{event.link}|Open in Langfuse>" if event.link else ""
        return orjson.dumps({"text": f"*{_plain(event.title)}*\n{_plain(event.text)}{link}"})
    return orjson.dumps({"version": 1, **event.model_dump(mode="json"), "raised_at": raised_at.isoformat()})


def headers(event_id: str, payload: bytes, secret: str | None, now: datetime) -> dict[str, str]:
    """Return the headers of one attempt."""
    stamp = str(int(now.timestamp()))
    found = {"Content-Type": "application/json", EVENT: event_id, TIMESTAMP: stamp}
    return found if secret is None else found | {SIGNATURE: signature(payload, secret, stamp)}


def signature(payload: bytes, secret: str, stamp: str) -> str:
    """Return what proves that the body and its time come from who knows the secret."""
    return f"v1={hmac.new(secret.encode(), f'{stamp}.'.encode() + payload, hashlib.sha256).hexdigest()}"


def _plain(text: str) -> str:
    """Keep names from being taken for links and mentions (Slack: "Formatting text for app surfaces")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
