"""What is found out about a server at start, and what is said when it is none that fits."""

from __future__ import annotations

import pytest

from connector.demo.langfuse import Mode, SmallLangfuse
from connector.langfuse.capabilities import detect
from connector.langfuse.client import Client, NotHere, Overloaded, TooMany, refusal
from rollouts.errors import Fatal, Permanent, Retryable, UnderstudyError


def client(server: SmallLangfuse, base_url: str | None = None) -> Client:
    """Open a client with the keys of `server`."""
    return Client(base_url or server.base_url, server.public_key, server.secret_key)


@pytest.mark.parametrize(
    ("mode", "name", "reads", "legacy", "scores"),
    [
        ("events_only", "v4 events_only", "observations", False, "ingestion"),
        ("dual", "v4 dual", "observations", True, "ingestion"),
        ("list_scores", "v4 events_only", "observations", False, "list"),
        ("v3", "v3", "traces", True, "ingestion"),
    ],
)
async def test_every_mode_is_recognised(mode: Mode, name: str, reads: str, legacy: bool, scores: str) -> None:  # noqa: FBT001
    """By asking it, not by its version alone; four requests, none of which reads more than a row."""
    async with SmallLangfuse(mode) as server:
        gateway = client(server)
        found = await detect(gateway)
        await gateway.aclose()
        assert (found.mode, found.reads, found.legacy, found.scores) == (name, reads, legacy, scores)
        assert (found.project_id, found.project_name) == ("local-project", "local")
        assert len(server.requests) == 4


@pytest.mark.parametrize(
    ("version", "scores"),
    [
        ("4.58.9", "ingestion"),
        ("4.59.0", "list"),
        ("v4.60.1-rc.1", "list"),
        ("5.0", "list"),
        ("3.999.0", "ingestion"),
        ("edge", "ingestion"),
        ("", "ingestion"),
    ],
)
async def test_how_scores_are_written_goes_by_the_version(version: str, scores: str) -> None:
    """A version that cannot be read is taken for an old one, whose way every server understands."""
    async with SmallLangfuse() as server:
        server.fail("/api/public/health", 200, body={"status": "OK", "version": version})
        gateway = client(server)
        assert (await detect(gateway)).scores == scores
        await gateway.aclose()


@pytest.mark.parametrize("status", [404, 410])
async def test_an_endpoint_that_is_gone_for_good_is_not_offered(status: int) -> None:
    """Whether a server says "not found" or "gone" about the old way, the new one is taken."""
    async with SmallLangfuse("dual") as server:
        server.fail("/api/public/traces", status, body="<!DOCTYPE html>")
        gateway = client(server)
        assert (await detect(gateway)).mode == "v4 events_only"
        await gateway.aclose()


async def test_a_server_that_offers_neither_way_is_refused_at_start() -> None:
    """The error names the version and the oldest that would do."""
    async with SmallLangfuse() as server:
        server.fail("/api/public/v2/observations", 404)
        gateway = client(server)
        with pytest.raises(Fatal, match=r"4\.16\.0 offers neither") as caught:
            await detect(gateway)
        await gateway.aclose()
        assert "3.63" in (caught.value.hint or "")


async def test_keys_without_a_project_are_refused_at_start() -> None:
    """A key pair of an organization opens none."""
    async with SmallLangfuse() as server:
        server.fail("/api/public/projects", 200, body={"data": []})
        gateway = client(server)
        with pytest.raises(Fatal, match="no Langfuse project") as caught:
            await detect(gateway)
        await gateway.aclose()
        assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "headers", "says"),
    [
        (404, {}, "no Langfuse answers at"),
        (301, {"Location": "https://langfuse.example.com/"}, "https://langfuse.example.com/"),
        (403, {}, "403"),
    ],
)
async def test_another_server_at_that_address_is_named_with_a_hint(
    status: int, headers: dict[str, str], says: str
) -> None:
    """A wrong path, an address that moved, a wall in front of it: each needs a person, and says what to check."""
    async with SmallLangfuse() as server:
        server.fail("/api/public/health", status, headers=headers)
        gateway = client(server)
        with pytest.raises(Fatal, match=says) as caught:
            await detect(gateway)
        await gateway.aclose()
        assert "LANGFUSE_BASE_URL" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "base_url",
    ["langfuse.example.com", "", "ftp://langfuse.example.com", "http://", "http://host:port", "http://host:99999"],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(base_url: str) -> None:
    """With a hint that shows what one looks like."""
    with pytest.raises(Fatal, match="address") as caught:
        Client(base_url, "pk-lf-a", "sk-lf-b")
    assert "https://cloud.langfuse.com" in (caught.value.hint or "")


@pytest.mark.parametrize("key", ["pk-lf-\u2022\u2022\u2022", "pk-lf-a\nb"])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    """A key that was copied with its dots, or with the line after it."""
    with pytest.raises(Fatal, match="public key") as caught:
        Client("http://127.0.0.1:9", key, "sk-lf-b")
    assert key not in str(caught.value)


async def test_a_password_inside_the_address_is_neither_sent_nor_shown() -> None:
    """The project's keys sign the requests; what stands in front of the host is left out."""
    async with SmallLangfuse() as server:
        gateway = client(server, base_url=server.base_url.replace("http://", "http://user:letmein@"))
        assert (await detect(gateway)).version == "4.16.0"
        await server.stop()
        with pytest.raises(Retryable) as caught:
            await gateway.send("GET", "/api/public/health", repeatable=False)
        await gateway.aclose()
        assert "letmein" not in f"{caught.value} {gateway.base_url}"


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 99 Nov 2026 25:00:00 GMT"])
async def test_a_time_that_makes_no_sense_is_no_time(date: str) -> None:
    """A broken Date header is not worth an error."""
    async with SmallLangfuse() as server:
        gateway = client(server)
        gateway.server_ahead_s = 7.0
        server.fail("/api/public/health", 200, headers={"Date": date}, body={"version": "4.16.0"})
        assert (await detect(gateway)).version == "4.16.0"
        await gateway.aclose()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Permanent),
        (401, Fatal),
        (403, Fatal),
        (404, NotHere),
        (408, Retryable),
        (409, Retryable),
        (413, Permanent),
        (422, Overloaded),
        (429, TooMany),
        (500, Overloaded),
        (503, Overloaded),
        (524, Overloaded),
    ],
)
def test_every_refusal_says_what_to_do_about_it(status: int, kind: type[UnderstudyError]) -> None:
    """The kind of the error is what the engine acts on; its text is the server's own."""
    error = refusal(status, "in the server's words", {}, "GET /x")
    assert type(error) is kind
    assert "in the server's words" in str(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("0", 0.0), ("7", 7.0), ("-3", 0.0), ("nan", None), ("inf", None), ("soon", None), ("", None)],
)
def test_how_long_to_wait_is_a_number_of_seconds_or_unknown(header: str, seconds: float | None) -> None:
    """Anything else is left to our own patience."""
    error = refusal(429, "", {"retry-after": header}, "GET /x")
    assert isinstance(error, Retryable)
    assert error.retry_after_s == seconds
