"""Files that Langfuse took out of a trace: models see them, nobody keeps them, and nothing is paid without them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.demo.langfuse import SmallLangfuse
from connector.demo.models import ModelServer
from connector.langfuse.client import Client
from connector.langfuse.media import Files
from connector.media import with_media
from connector.sources.jsonl import JsonlSource
from rollouts.errors import Fatal, Permanent, Retryable
from rollouts.types import Media, Message
from tests.duelling import challenge
from tests.integration.world import config, fetch, generation, send, span, understudy
from tests.strict import strict_anthropic, strict_openai

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + bytes(range(256))
PAPER = b"%PDF-1.7\n" + bytes(range(256))
IN_BASE64 = {content: b64encode(content).decode() for content in (PICTURE, SOUND, PAPER)}

CONFIG = """
state = "state.db"
[redaction]
fail_closed = false
[poll]
confirm = "5s"
[retry]
attempts = 2
first_wait_s = 0.0
[server]
listen = ""
[judge.model]
kind = "scripted"
model = "judge-1"
answers = ["Better. [[B>A]]"]
"""
OPENAI = """
[challengers.{name}]
kind = "openai_compatible"
model = "strict-openai"
base_url = "{url}/v1"
free = true
system = "Speak as {name}."
"""
ANTHROPIC = """
[challengers.claude]
kind = "anthropic"
model = "strict-anthropic"
base_url = "{url}"
anthropic_version = "2023-06-01"
free = true
"""


@asynccontextmanager
async def models() -> AsyncIterator[ModelServer]:
    """Serve both dialects as strictly as their providers."""
    async with ModelServer({"strict-openai": strict_openai(), "strict-anthropic": strict_anthropic()}) as server:
        yield server


async def ask(server: SmallLangfuse, messages: list[Any], trace: str = "a" * 32) -> None:
    """Let production have answered these messages."""
    begun = datetime.now(UTC) - timedelta(minutes=30)
    about = {"langfuse.environment": "production", "langfuse.trace.name": "chat"}
    logged = about | generation({"messages": messages}, {"role": "assistant", "content": "a cat"})
    await send(server, [span(trace, f"{trace[:15]}1", begun, 1.0, logged | {"langfuse.internal.is_app_root": True})])


def image(token: str) -> dict[str, Any]:
    """Show a picture as OpenAI's chat does."""
    return {"type": "image_url", "image_url": {"url": token}}


async def once(folder: Path, server: SmallLangfuse, text: str) -> list[dict[str, Any]]:
    """Run one cycle; return the bodies of everything that Langfuse holds afterwards."""
    path = str(config(folder, CONFIG + text))
    said = await understudy("once", "--yes", "-c", path, server=server, ANTHROPIC_API_KEY="sk-ant-none")
    assert said.code == 0, said.err
    assert "X-Amz" not in said.out + said.err, "the link is a permission"
    return [row.model_dump(mode="json") for row in server.observations()]


def written(folder: Path) -> str:
    """Return everything that the state file holds; challenges lie in it compressed."""
    with closing(sqlite3.connect(folder / "state.db")) as state:
        challenges = [zlib.decompress(body).decode() for (body,) in state.execute("select body from challenge")]
        return "\n".join([*state.iterdump(), *challenges])


async def test_a_picture_reaches_every_model_and_nobody_keeps_it(tmp_path: Path) -> None:
    """Each provider gets the bytes in its own form, by one download; state, dataset and traces hold the token."""
    async with SmallLangfuse() as server, models() as asked:
        token = server.keep_file(PICTURE, "image/png")
        await ask(server, [{"role": "user", "content": [{"type": "text", "text": "what is it?"}, image(token)]}])
        text = "".join(OPENAI.format(name=name, url=asked.url) for name in ("first", "second"))
        rows = await once(tmp_path, server, text + ANTHROPIC.format(url=asked.url))
        paths = Counter(each.path for each in server.requests if "media" in each.path or "file-store" in each.path)
        items = await fetch(server, "/api/public/dataset-items")
    seen = [each.body["messages"][-1]["content"][-1] for each in asked.seen]
    data = {"type": "base64", "media_type": "image/png", "data": IN_BASE64[PICTURE]}
    assert seen.count({"type": "image", "source": data}) == 1
    assert seen.count({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IN_BASE64[PICTURE]}"}}) == 2
    assert sorted(paths.values()) == [1, 1], "one link and one download, and nothing uploaded"
    for stored in (written(tmp_path), json.dumps(items)):
        assert token in stored
        assert IN_BASE64[PICTURE][:60] not in stored + json.dumps(rows)
    assert sum(token in json.dumps(item) for item in items["data"]) == 1


async def test_the_judge_is_told_that_there_was_a_picture(tmp_path: Path) -> None:
    """It sees neither the bytes nor the token."""
    async with SmallLangfuse() as server, models() as asked:
        token = server.keep_file(PICTURE, "image/png")
        await ask(server, [{"role": "user", "content": [image(token)]}])
        judge = (
            f'[judge.model]\nkind = "openai_compatible"\nmodel = "judge"\nbase_url = "{asked.url}/v1"\nfree = true\n'
        )
        asked.models["judge"] = lambda _: "Better. [[B>A]]"
        base = CONFIG.split("[judge.model]", maxsplit=1)[0] + judge
        path = str(config(tmp_path, base + OPENAI.format(name="first", url=asked.url)))
        said = await understudy("once", "--yes", "-c", path, server=server)
    assert said.code == 0, said.err
    judged = [json.dumps(each.body) for each in asked.seen if each.body["model"] == "judge"]
    assert len(judged) == 2
    for text in judged:
        assert "[image]" in text
        assert token not in text
        assert IN_BASE64[PICTURE][:60] not in text


async def test_sounds_and_papers_too(tmp_path: Path) -> None:
    """`audio/…` and `application/pdf` in the places where OpenAI's chat logs them."""
    async with SmallLangfuse() as server, models() as asked:
        sound, paper = server.keep_file(SOUND, "audio/wav"), server.keep_file(PAPER, "application/pdf")
        heard = {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}}
        read = {"type": "file", "file": {"file_data": paper, "filename": "x.pdf"}}
        await ask(server, [{"role": "user", "content": [{"type": "text", "text": "and this?"}, heard, read]}])
        text = OPENAI.format(name="first", url=asked.url) + ANTHROPIC.format(url=asked.url)
        await once(tmp_path, server, text)
        [only] = asked.seen
        assert only.body["messages"][-1]["content"][1:] == [
            {"type": "input_audio", "input_audio": {"data": IN_BASE64[SOUND], "format": "wav"}},
            {
                "type": "file",
                "file": {"filename": "document", "file_data": f"data:application/pdf;base64,{IN_BASE64[PAPER]}"},
            },
        ]
    assert "unreplayable: Anthropic takes no audio by value (audio/wav) from a user" in written(tmp_path)


async def test_what_a_tool_showed_is_shown(tmp_path: Path) -> None:
    """A token in a tool's result, as Anthropic logs it, arrives in Anthropic's form again."""
    async with SmallLangfuse() as server, models() as asked:
        shown = {"type": "base64", "media_type": "image/png", "data": server.keep_file(PICTURE, "image/png")}
        call = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "image", "source": shown}]}
        messages = [
            {"role": "user", "content": "look"},
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
        await ask(server, messages)
        await once(tmp_path, server, ANTHROPIC.format(url=asked.url))
        [only] = asked.seen
        [sent] = only.body["messages"][-1]["content"][0]["content"]
    assert sent == {"type": "image", "source": shown | {"data": IN_BASE64[PICTURE]}}


async def test_what_cannot_be_had_is_buried_before_anything_is_paid(tmp_path: Path) -> None:
    """The cycle goes on; the duel says why, and no model was asked."""
    async with SmallLangfuse() as server, models() as asked:
        await ask(server, [{"role": "user", "content": [image("@@@langfuseMedia:type=image/png|id=gone|source=x@@@")]}])
        await once(tmp_path, server, OPENAI.format(name="first", url=asked.url))
        assert not asked.seen
        assert "unreplayable: media that Langfuse no longer has" in written(tmp_path)


@asynccontextmanager
async def opened(server: SmallLangfuse, **limits: int) -> AsyncIterator[Files]:
    """Open the files of a server."""
    client = Client(server.base_url, server.public_key, server.secret_key)
    try:
        yield Files(client, **limits)
    finally:
        await client.aclose()


def kept(token: str, modality: str = "image") -> Media:
    """Return media as a format reads a token."""
    return Media.model_validate({"type": "uri", "modality": modality, "content": token})


async def refused(files: Files, token: str, why: str, error: type[Exception] = Permanent) -> None:
    """Expect a refusal that names its reason, and shows no link."""
    with pytest.raises(error, match=why) as caught:
        await files.by_value(kept(token))
    assert "X-Amz" not in str(caught.value)
    assert error is not Permanent or str(caught.value).startswith("unreplayable: ")


PAGE = {"body": "<html>log in</html>", "headers": {"content-type": "text/html"}}


@pytest.mark.parametrize(
    ("path", "status", "fault", "why"),
    [
        pytest.param("/api/public/media/", 404, {}, "no longer has", id="gone"),
        pytest.param("/file-store/", 403, {}, "link was refused with 403", id="expired"),
        pytest.param("/file-store/", 200, PAGE, "of type text/html where image/png was logged", id="a page"),
        pytest.param("/api/public/media/", 200, {"body": {"mediaId": "x"}}, "does not say where", id="no link"),
        pytest.param("/api/public/media/", 200, {"body": ["x"]}, "does not say where", id="no object"),
    ],
)
async def test_what_will_never_work_has_its_reason(path: str, status: int, fault: dict[str, Any], why: str) -> None:
    """It begins with the word that the ledger knows."""
    async with SmallLangfuse() as server, opened(server) as files:
        token = server.keep_file(PICTURE, "image/png")
        server.fail(path, status, **fault)
        await refused(files, token, why)


async def test_a_file_of_another_type_than_logged_is_refused() -> None:
    """A film in a picture's place is no picture; another kind of picture is one."""
    async with SmallLangfuse() as server, opened(server) as files:
        film, other = server.keep_file(SOUND, "video/mp4"), server.keep_file(PICTURE, "image/jpeg; q=1")
        await refused(files, film.replace("video/mp4", "image/png"), "of type video/mp4 where image/png was logged")
        assert (await files.by_value(kept(other.replace("image/jpeg; q=1", "image/png")))).mime_type == "image/jpeg"
        await refused(files, "@@@langfuseMedia:id=x@@@", "a token that nobody can read")


async def test_a_file_that_is_too_large_is_not_fetched() -> None:
    """By what Langfuse says of it; where that is wrong, the download ends at the limit."""
    async with SmallLangfuse() as server, opened(server, most_bytes=len(PICTURE) - 1) as files:
        token = server.keep_file(PICTURE, "image/png")
        await refused(files, token, "a file of more than")
        assert not any(each.path.startswith("/file-store/") for each in server.requests)
        said = await fetch(server, "/api/public/media/" + token.split("id=")[1].split("|")[0])
        server.fail("/api/public/media/", 200, body=said | {"contentLength": None})
        await refused(files, token, "a file of more than")
        assert any(each.path.startswith("/file-store/") for each in server.requests)


async def test_what_passes_is_tried_again() -> None:
    """A busy file store, and a busy Langfuse."""
    async with SmallLangfuse() as server, opened(server) as files:
        token = server.keep_file(PICTURE, "image/png")
        server.fail("/file-store/", 503)
        server.fail("/api/public/media/", 429)
        assert (await files.by_value(kept(token))).content == IN_BASE64[PICTURE]


async def test_a_store_out_of_reach_is_named_without_its_link() -> None:
    """Its host and a hint are all that is said, in the log as well; refused keys are a person's business."""
    async with SmallLangfuse() as server, opened(server) as files:
        token = server.keep_file(PICTURE, "image/png")
        nowhere = {"url": "http://127.0.0.1:9/x?X-Amz-Signature=1", "contentType": "image/png", "contentLength": 1}
        server.fail("/api/public/media/", 200, body=nowhere)
        with capture_logs() as logs:
            await refused(files, token, "the file store of Langfuse at 127.0.0.1 cannot be reached", Retryable)
        assert "X-Amz" not in str(logs)
        server.fail("/api/public/media/", 401)
        await refused(files, token, "401", Fatal)


async def test_one_download_serves_all_who_ask() -> None:
    """At the same time or later; and what nobody asked for in the longest time is let go."""
    async with SmallLangfuse() as server, opened(server, kept=len(IN_BASE64[PICTURE]) + 10) as files:
        picture, paper = server.keep_file(PICTURE, "image/png"), server.keep_file(PAPER, "application/pdf")
        found = await asyncio.gather(*(files.by_value(kept(picture)) for _ in range(10)))
        assert {each.content for each in found} == {IN_BASE64[PICTURE]}
        await files.by_value(kept(picture))
        assert downloads(server) == 1
        await files.by_value(kept(paper, "document"))
        await files.by_value(kept(picture))
        assert downloads(server) == 3


def downloads(server: SmallLangfuse) -> int:
    """Count what the file store gave out."""
    return sum(each.path.startswith("/file-store/") for each in server.requests)


async def test_a_file_of_traces_holds_no_media() -> None:
    """The turn is a challenge all the same; its replay says what is missing, before anything is paid."""
    asked = challenge().model_copy(
        update={"messages": (Message(role="user", parts=(kept("@@@langfuseMedia:type=image/png|id=1@@@"),)),)}
    )
    with pytest.raises(Permanent, match="unreplayable: media that the exported traces do not hold"):
        await with_media(asked, JsonlSource(Path("nowhere.jsonl")))
    plain = challenge()
    assert await with_media(plain, JsonlSource(Path("nowhere.jsonl"))) is plain
