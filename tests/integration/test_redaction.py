"""What a person sees of redaction: in `doctor`, `status`, `scan` and `show`, and a state from before it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.demo.langfuse import SmallLangfuse
from connector.demo.models import ModelServer
from connector.store.sqlite import SqliteStore
from tests.integration.world import config, generation, send, span, understudy

MAIL, PHONE = "alice.smith@example.com", "+49 171 2345678"
CONFIG = """
state = "state.db"
[poll]
confirm = "5s"
settle = "0s"
[server]
listen = ""
[judge.model]
kind = "openai_compatible"
base_url = "{url}"
model = "judge"
free = true
[challengers.own]
kind = "openai_compatible"
base_url = "{url}"
model = "own"
free = true
{local}
"""
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


async def _production(server: SmallLangfuse, content: Any) -> str:
    begun, trace = datetime.now(UTC) - timedelta(minutes=30), "ab" * 16
    asked = {"messages": [{"role": "user", "content": content}]}
    logged = generation(asked, {"role": "assistant", "content": f"I wrote to {MAIL}."})
    about = {"langfuse.trace.name": "chat", "langfuse.environment": "production"}
    root = span(trace, "1" * 16, begun, 3.0, {**about, "langfuse.internal.is_app_root": True})
    await send(server, [root, span(trace, "2" * 16, begun, 1.0, about | logged, parent="1" * 16)])
    return trace


def _said(words: str) -> Any:
    return lambda _: words


async def test_the_judge_sees_who_is_meant_by_the_same_placeholder(tmp_path: Path) -> None:
    """In the history, production's answer and the challenger's, also where that is local and saw the value."""
    asked: list[str] = []

    def judging(body: dict[str, Any]) -> str:
        asked.append(body["messages"][-1]["content"])
        return "My final verdict is [[A=B]]"

    async with (
        SmallLangfuse("events_only") as langfuse,
        ModelServer({"own": _said(f"Dear {MAIL.upper()}, call bob@example.org."), "judge": judging}) as models,
    ):
        await _production(langfuse, f"I am {MAIL}, {PHONE}.")
        path = str(config(tmp_path, CONFIG.format(url=models.url, local="local = true")))
        ran = await understudy("once", "--yes", "-c", path, server=langfuse)
        status = await understudy("status", "-c", path)
        doctor = await understudy("doctor", "-c", path, server=langfuse)
    assert ran.code == 0, ran.err
    judged = [material for material in asked if "<conversation>" in material]
    assert len(judged) == 2
    for material in judged:
        assert "I am <EMAIL_1>, <PHONE_1>." in material
        assert "I wrote to <EMAIL_1>." in material
        assert "Dear <EMAIL_1>, call <EMAIL_2>." in material
    assert "Masked: 2 email in 1 turn(s), 1 phone in 1 turn(s)." in status.out
    assert "2 masked values are kept for local models." in status.out
    assert "challengers.own may see unmasked text" in " ".join(doctor.out.split())


async def test_doctor_names_who_sees_unmasked_text_without_redaction(tmp_path: Path) -> None:
    """A model that nobody called local is a finding; with redaction on nothing is."""
    async with (
        SmallLangfuse("events_only") as langfuse,
        ModelServer({"own": _said("yes"), "judge": _said("yes")}) as models,
    ):
        text = CONFIG.format(url=models.url, local="")
        off = await understudy(
            "doctor", "-c", str(config(tmp_path, text + "[redaction]\nenabled = false")), server=langfuse
        )
        on = await understudy("doctor", "-c", str(config(tmp_path, text)), server=langfuse)
    assert "unmasked text leaves for challengers.own" in " ".join(off.out.split())
    assert "unmasked" not in on.out


async def test_scan_says_how_to_let_pictures_pass(tmp_path: Path) -> None:
    """A turn with a picture is blocked by default, and the hint names the key."""
    async with SmallLangfuse("events_only") as langfuse:
        await _production(langfuse, [{"type": "text", "text": "What is it?"}, IMAGE])
        scanned = await understudy(
            "scan", "-c", str(config(tmp_path, CONFIG.format(url="http://127.0.0.1:9", local=""))), server=langfuse
        )
    assert "blocked: an image cannot be masked" in scanned.out
    assert "`fail_closed = false`" in scanned.out


async def test_show_draws_what_would_be_stored(tmp_path: Path) -> None:
    """Masked, and saying so; `--raw` draws what production logged."""
    async with SmallLangfuse("events_only") as langfuse:
        trace = await _production(langfuse, f"I am {MAIL}.")
        path = str(config(tmp_path, CONFIG.format(url="http://127.0.0.1:9", local="")))
        masked = await understudy("show", trace, "-c", path, server=langfuse)
        raw = await understudy("show", trace, "--raw", "-c", path, server=langfuse)
    assert "I am <EMAIL_1>." in masked.out
    assert "personal data and secrets are masked" in masked.out
    assert MAIL not in masked.out
    assert f"I am {MAIL}." in raw.out


async def test_a_state_from_before_gets_key_and_tables(tmp_path: Path) -> None:
    """An older state is migrated where it lies; its key is made once, and what was in it stays."""
    path = tmp_path / "state.db"
    await SqliteStore(str(path)).aclose()
    with closing(sqlite3.connect(path)) as db:
        for statement in (
            "drop trigger challenge_without_originals",
            *(f"drop table {name}" for name in ("original", "masked", "masking_key")),
            "insert into mark values ('langfuse/x', '2026-11-01T00:00:00+00:00')",
            "delete from _sqlite_migrations where name in ('m009_masks', 'm014_originals')",
        ):
            db.execute(statement)
        db.commit()
    store = SqliteStore(str(path))
    key = await store.masking_key()
    assert len(key) == 32
    assert (await store.masked(), await store.count_originals(), await store.sources()) == ({}, 0, ["langfuse/x"])
    await store.aclose()
    again = SqliteStore(str(path))
    assert await again.masking_key() == key
    await again.aclose()


async def test_forgetting_takes_what_was_masked_with_it(tmp_path: Path) -> None:
    """What is kept for a local model goes with the texts that it belongs to."""
    async with (
        SmallLangfuse("events_only") as langfuse,
        ModelServer({"own": _said("fine"), "judge": _said("[[A=B]]")}) as models,
    ):
        trace = await _production(langfuse, f"I am {MAIL}.")
        path = str(config(tmp_path, CONFIG.format(url=models.url, local="local = true")))
        await understudy("once", "--yes", "-c", path, server=langfuse)
        before = json.loads((await understudy("status", "--json", "-c", path)).out)["originals"]
        gone = await understudy("forget", "--trace", trace, "--yes", "-c", path, server=langfuse)
        after = json.loads((await understudy("status", "--json", "-c", path)).out)["originals"]
    assert gone.code == 0, gone.err
    assert (before, after) == (1, 0)
