"""Canaries planted in production's conversations reach nobody: no model, no log, no file, no object of ours.

Where a model is local it is shown them, and one table of the store keeps them for it; everything else stays without.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from connector.demo.langfuse import SmallLangfuse
from connector.demo.models import ModelServer
from tests.canaries import REDACTION, Wire, files_of, kinds_in, objects_of, plant
from tests.integration.world import Ran, config, understudy

ALL = {
    "email", "base64", "password", "credential", "token", "key", "name", "pattern", "phone", "card", "iban", "ip",
    "ipv6", "id",
}  # fmt: skip

CONFIG = """
{redaction}
[turns]
without_producer = "never"
[poll]
confirm = "5s"
settle = "0s"
[server]
listen = ""
[log]
level = "debug"
format = "json"
[retry]
attempts = 2
first_wait_s = 0.01
[judge.model]
kind = "openai_compatible"
base_url = "{models}"
model = "judge"
free = true
[challengers.echo]
kind = "openai_compatible"
base_url = "{models}"
model = "echo"
free = true
"""

LOCAL = """
[challengers.own]
kind = "openai_compatible"
base_url = "{own}"
model = "own"
free = true
local = true
"""


class Left(NamedTuple):
    """Everything that a whole run let out of its hands."""

    asked: list[bytes]
    langfuse: list[bytes]
    objects: bytes
    files: list[bytes]
    said: bytes
    ran: Ran
    scanned: Ran
    shown: list[bytes]
    """What a local model was asked."""

    def kinds(self) -> dict[str, set[str]]:
        """Return where canaries were seen, and of which kinds."""
        places: dict[str, Iterable[bytes]] = {
            "models": self.asked,
            "langfuse": self.langfuse,
            "objects": [self.objects],
            "files": self.files,
            "log": [self.said],
        }
        found = {place: set[str]().union(*map(kinds_in, contents)) for place, contents in places.items()}
        return {place: kinds for place, kinds in found.items() if kinds}


def _echo(body: dict[str, Any]) -> str:
    """Return everything that was asked, and what nobody asked for: what a model knows or makes up."""
    return f"zqmail31337@example.net, +49 1590 5531337: {json.dumps([body['messages'], body.get('tools')])}"


def _judge(body: dict[str, Any]) -> str:
    asked = body["messages"][-1]["content"].replace("[[", "[ [")
    return f"zqmail31338@example.net says of {asked[:6000]}: my final verdict is [[A=B]]"


async def _whole_run(
    folder: Path, conversations: int, redaction: str, *, refuses_every: int = 0, local: str = "", but: str = ""
) -> Left:
    async with (
        SmallLangfuse("events_only") as langfuse,
        ModelServer({"echo": _echo, "own": _echo, "judge": _judge}) as server,
        Wire(langfuse.base_url) as to_langfuse,
        Wire(server.url, refuses_every=refuses_every) as to_models,
        Wire(server.url, refuses_every=refuses_every) as to_own,
    ):
        production = await plant(langfuse, conversations)
        told = (CONFIG + local).format(redaction=redaction, models=to_models.url, own=to_own.url)
        path = config(folder, told)
        keys = {
            "LANGFUSE_PUBLIC_KEY": langfuse.public_key,
            "LANGFUSE_SECRET_KEY": langfuse.secret_key,
            "LANGFUSE_BASE_URL": to_langfuse.url,
        }
        scanned = await understudy("scan", "-c", str(path), server=None, **keys)
        ran = await understudy("once", "--yes", "-c", str(path), server=None, **keys)
        board = await understudy("leaderboard", "--markdown", "-c", str(path), server=None, **keys)
        said = repr((scanned, ran, board)).encode()
        objects, files = objects_of(langfuse, production), list(files_of(folder, but={but}))
        return Left(to_models.sent, to_langfuse.sent, objects, files, said, ran, scanned, to_own.sent)


async def test_canaries_in_a_thousand_conversations_reach_nobody(tmp_path: Path) -> None:
    """No outgoing request, log line, store page, cache file or object in Langfuse holds a planted string."""
    left = await _whole_run(tmp_path, 1000, REDACTION, refuses_every=97)
    assert left.ran.code in (0, 3), left.ran.err[-3000:]
    assert len(left.asked) > 2900
    assert left.kinds() == {}


async def test_the_same_search_finds_all_of_them_without_redaction(tmp_path: Path) -> None:
    """The control: where redaction is off, every kind is found at models, in Langfuse and in the files."""
    left = await _whole_run(tmp_path, 12, "[redaction]\nenabled = false\n", refuses_every=11)
    found = left.kinds()
    assert found["models"] >= ALL
    assert found["langfuse"] >= ALL
    assert found["objects"] >= ALL
    assert found["files"] >= ALL
    assert found["log"]


async def test_scan_counts_what_would_be_masked(tmp_path: Path) -> None:
    """Counts by kind, and never what it is."""
    left = await _whole_run(tmp_path, 3, REDACTION)
    assert "masked" in left.scanned.out
    assert {"email", "card", "name", "ticket"} <= set(left.scanned.out.split())


async def test_a_local_model_sees_them_and_nothing_else_does(tmp_path: Path) -> None:
    """All kinds reach the local challenger; its answers and errors, the other models and the judge show none."""
    left = await _whole_run(tmp_path, 24, REDACTION, refuses_every=11, local=LOCAL, but="original")
    assert left.ran.code in (0, 3), left.ran.err[-3000:]
    assert set[str]().union(*map(kinds_in, left.shown)) >= ALL
    assert len(left.asked) > 60
    assert left.kinds() == {}


async def test_what_a_local_model_saw_is_gone_when_none_is_local(tmp_path: Path) -> None:
    """The table that holds it is emptied at the next start, down to the bytes of the file."""
    await _whole_run(tmp_path, 3, REDACTION, local=LOCAL, but="original")
    assert set[str]().union(*map(kinds_in, files_of(tmp_path))) >= ALL
    left = await _whole_run(tmp_path, 3, REDACTION)
    assert left.kinds() == {}
