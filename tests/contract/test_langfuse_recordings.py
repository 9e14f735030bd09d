"""The small Langfuse against recordings of a real one: same status, same kind of content, same shape.

Every recorded request is sent again, in order, to a server in the same mode whose clock shows the recorded time. Ids
that a server gives itself differ; those of earlier answers are translated in later requests. The recordings were made
on a server that held other data as well, so some of that is put there first, and counts are not compared.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.demo.langfuse import Mode, SmallLangfuse

RECORDINGS = Path(__file__).parents[1] / "recordings" / "langfuse"
MODES: dict[Mode, str] = {"events_only": "v4.16-events_only", "dual": "v4.16-dual"}
OTHER_TRACES = 12

# Values that a server makes up, by their path in an answer: they are translated in later requests.
GIVEN = ("id", "datasetRunId")
# Where an exchange tells the time at which it was recorded.
TIMES = ("timestamp", "createdAt", "updatedAt")
COUNTS = ("totalItems", "totalPages")

# Answers that hold nothing but what the recording itself wrote, so that every value must be the same.
EXACT = (
    "08",
    "09",
    "11",
    "12",
    "18",
    "20",
    "21",
    "22",
    "33",
    "35",
    "44",
    "45",
    "47",
    "48",
    "54",
    "56",
    "57",
    "61",
    "66",
)

Exchange = dict[str, Any]


def exchanges(mode: Mode) -> list[tuple[str, Exchange]]:
    """Every recording of a mode by its name, in the order of sending."""
    files = sorted((RECORDINGS / MODES[mode]).glob("*.json"))
    return [(file.stem, json.loads(file.read_text())) for file in files]


def experiment_id(dataset_id: str) -> str:
    """The id of the one experiment in the recordings, by the formula of SDK 5."""
    words = ["langfuse-experiment-v1", "local-project", dataset_id, "challenger-a@2026-W47"]
    return hashlib.sha256(json.dumps(words, separators=(",", ":")).encode()).hexdigest()[:16]


class Replay:
    """Sends recorded requests to a live server, in the ids of that server."""

    def __init__(self, server: SmallLangfuse, client: httpx.AsyncClient) -> None:
        self.server = server
        self.client = client
        self.live_ids: dict[str, str] = {}
        self.now = ""

    def set_clock(self, exchange: Exchange) -> None:
        """Let the server's clock show when this was recorded, as far as the exchange tells."""
        latest = max([self.now, *moments(exchange)])
        if latest != self.now:
            self.now = latest
            self.server.clock_offset_s = datetime.fromisoformat(latest).timestamp() - time.time()

    def translated(self, value: Any) -> Any:
        """`value` with every recorded id replaced by the live one."""
        text = json.dumps(value)
        for recorded, live in self.live_ids.items():
            text = text.replace(recorded, live)
        return json.loads(text)

    async def send(self, request: Exchange) -> httpx.Response:
        """Send one recorded request, never two within one tick of the server's clock."""
        await asyncio.sleep(0.002)
        keys = {"basic": self.server.secret_key, "invalid": "sk-lf-wrong"}
        auth = httpx.BasicAuth(self.server.public_key, keys[request["auth"]]) if request["auth"] in keys else None
        sent = self.translated(request)
        body = None if sent["body"] is None else json.dumps(sent["body"]).encode()
        headers = {**sent["headers"], **({} if body is None else {"Content-Type": "application/json"})}
        return await self.client.request(
            sent["method"], sent["path"], params=sent["query"] or None, headers=headers, content=body, auth=auth
        )

    def learn(self, recorded: Any, live: Any) -> None:
        """Remember which live id stands for which recorded one."""
        if not isinstance(recorded, dict) or not isinstance(live, dict):
            return
        for name in GIVEN:
            if name in recorded and len(str(recorded[name])) > 8 and recorded[name] != live.get(name):
                self.live_ids[recorded[name]] = live[name]
                self.live_ids[experiment_id(recorded[name])] = experiment_id(live[name])


def moments(value: Any) -> list[str]:
    """Every time that an exchange mentions as the time of some writing."""
    if isinstance(value, list):
        return [moment for entry in value for moment in moments(entry)]
    if not isinstance(value, dict):
        return []
    here = [value[name] for name in TIMES if isinstance(value.get(name), str)]
    return here + [moment for entry in value.values() for moment in moments(entry)]


def without_times(value: Any) -> Any:
    """`value` without the times of writing, and without the counts that other data changes."""
    if isinstance(value, list):
        return [without_times(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    return {key: without_times(entry) for key, entry in value.items() if key not in TIMES + COUNTS}


def kinds(values: list[Any], path: str = "") -> dict[str, set[str]]:
    """By path, the types that occur there in `values`; a list counts by all of its entries together."""
    found: dict[str, set[str]] = {path: {kind_of(value) for value in values}}
    for key in {key for value in values if isinstance(value, dict) for key in value}:
        inner = [value[key] for value in values if isinstance(value, dict) and key in value]
        found |= kinds(inner, f"{path}.{key}")
    entries = [entry for value in values if isinstance(value, list) for entry in value]
    return found | (kinds(entries, f"{path}[]") if entries else {})


def kind_of(value: Any) -> str:
    """The JSON type of a value."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object", list: "array"}
    return names.get(type(value), "null")


def differences(recorded: Any, live: Any) -> list[str]:
    """How the shape of an answer differs from the recorded one; null stands in only where the recording has it too."""
    want, have = kinds([recorded]), kinds([live])
    lost = [f"missing {path}" for path in want.keys() - have.keys()]
    added = [f"unexpected {path}" for path in have.keys() - want.keys()]
    changed = [
        f"{path}: {have[path]}, not {want[path]}" for path in want.keys() & have.keys() if have[path] - want[path]
    ]
    return sorted(lost + added + changed)


def optional_keys(recorded: Any, live: Any) -> list[str]:
    """Keys that every recorded entry of the `data` list has, and some live entry lacks."""
    pages = [page.get("data") if isinstance(page, dict) else None for page in (recorded, live)]
    rows = [[row for row in page or () if isinstance(row, dict)] for page in pages]
    always = set.intersection(*(set(row) for row in rows[0])) if rows[0] else set()
    return sorted({key for row in rows[1] for key in always - set(row)})


def other_traces() -> Exchange:
    """The traces of somebody else, which began right after the recorded ones."""
    first = int(datetime.fromisoformat("2026-11-22T01:59:00Z").timestamp())
    spans = [
        {
            "traceId": f"{number:032x}",
            "spanId": f"{number:016x}",
            "name": "handle-request",
            "startTimeUnixNano": str((first + number) * 1_000_000_000),
            "endTimeUnixNano": str((first + number) * 1_000_000_000 + 2_000_000),
            "attributes": [
                {"key": "session.id", "value": {"stringValue": f"sess-{number % 3}"}},
                {"key": "langfuse.trace.tags", "value": {"arrayValue": {"values": [{"stringValue": "smoke"}]}}},
            ],
        }
        for number in range(1, OTHER_TRACES + 1)
    ]
    scope = {"name": "langfuse-sdk", "version": "5"}
    return {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": scope, "spans": spans}]}]}


@pytest.fixture(params=list(MODES))
async def replay(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Mode, Replay]]:
    """A server in the recorded mode, which holds some other data."""
    async with SmallLangfuse(request.param) as server, httpx.AsyncClient(base_url=server.base_url) as client:
        auth = (server.public_key, server.secret_key)
        answer = await client.post("/api/public/otel/v1/traces", json=other_traces(), auth=auth)
        assert answer.status_code == 200
        yield request.param, Replay(server, client)


async def test_every_recorded_request_gets_the_recorded_answer(replay: tuple[Mode, Replay]) -> None:
    """Status, content type and shape are those of the real server; a refusal is the same to the letter."""
    mode, sender = replay
    wrong: dict[str, Any] = {}
    for name, exchange in exchanges(mode):
        recorded = exchange["response"]
        sender.set_clock(exchange)
        answer = await sender.send(exchange["request"])
        live = answer.json()
        if answer.status_code != recorded["status"] or answer.headers["Content-Type"] != recorded["content_type"]:
            wrong[name] = (answer.status_code, answer.headers["Content-Type"], live)
        elif recorded["status"] >= 400 and live != sender.translated(recorded["body"]):
            wrong[name] = live
        elif found := differences(recorded["body"], live) + optional_keys(recorded["body"], live):
            wrong[name] = found
        sender.learn(recorded["body"], live)
    assert wrong == {}


async def test_what_was_written_is_read_back_as_recorded(replay: tuple[Mode, Replay]) -> None:
    """Spans, scores and items come back with the recorded values, in the recorded order, apart from made-up ones."""
    mode, sender = replay
    for name, exchange in exchanges(mode):
        recorded = exchange["response"]["body"]
        sender.set_clock(exchange)
        live = (await sender.send(exchange["request"])).json()
        sender.learn(recorded, live)
        if name[:2] in EXACT:
            assert without_times(live) == without_times(sender.translated(recorded)), name


@pytest.mark.parametrize("mode", MODES)
def test_all_recordings_of_a_mode_are_there(mode: Mode) -> None:
    """The replay skips nothing: seventy recordings in each mode, numbered without a gap."""
    assert [name[:2] for name, _ in exchanges(mode)] == [f"{number:02}" for number in range(1, 71)]


async def test_recorded_writes_leave_what_was_seen_on_the_real_server(replay: tuple[Mode, Replay]) -> None:
    """A refused category is not kept, an overwritten score is one row, a span with another start is a second one."""
    mode, sender = replay
    for _, exchange in exchanges(mode):
        recorded = exchange["response"]["body"]
        sender.set_clock(exchange)
        sender.learn(recorded, (await sender.send(exchange["request"])).json())
    scores = {score.id: score for score in sender.server.scores()}
    assert "nonsense" not in {score.string_value for score in scores.values()}
    overwritten = next(score for score in scores.values() if score.comment == "second")
    assert (overwritten.value, overwritten.metadata) == (1, {"round_1": "A=B"})
    rollouts = [row for row in sender.server.observations() if row.name == "rollout"]
    assert len(rollouts) == 2
    assert len({row.id for row in rollouts}) == 1
    assert len(sender.server.versions) == 1
    assert set(sender.server.versions.values()) == {2}


def test_a_difference_in_shape_is_found() -> None:
    """The comparison of this module sees what is lost, what is new, what changed its type and what became null."""
    recorded = {"data": [{"a": 1, "b": None}, {"a": 2, "b": "x"}]}
    assert differences(recorded, {"data": [{"a": 3.5, "b": None}]}) == []
    assert differences(recorded, {"data": [{"a": None, "b": "x"}]}) == [".data[].a: {'null'}, not {'number'}"]
    assert differences(recorded, {"data": [{"a": 1, "c": "x"}]}) == ["missing .data[].b", "unexpected .data[].c"]
    assert differences(recorded, {"data": []}) == ["missing .data[]", "missing .data[].a", "missing .data[].b"]
    assert optional_keys(recorded, {"data": [{"a": 1, "b": "x"}, {"a": 1}]}) == ["b"]
