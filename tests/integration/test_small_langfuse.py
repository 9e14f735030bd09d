"""What the small Langfuse promises beyond the recordings: paging, identity, lag, failures on request, four modes."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from langfuse.api.client import AsyncLangfuseAPI
from langfuse.api.scores import CreateScoreRequest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connector.demo.langfuse import Mode, SmallLangfuse

START = datetime(2026, 11, 20, tzinfo=UTC)
Json = dict[str, Any]


class Api:
    """A client with the server's keys, which expects to be answered as it says."""

    def __init__(self, server: SmallLangfuse, client: httpx.AsyncClient) -> None:
        self.server = server
        self.client = client

    async def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        """Read what is expected to answer `status`."""
        answer = await self.client.get(f"/api/public/{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        """Write what is expected to answer `status`."""
        answer = await self.client.post(f"/api/public/{path}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def export(self, *spans: Json) -> None:
        """Send spans in the scope of an SDK."""
        scope = {"scope": {"name": "langfuse-sdk-test", "version": "1"}, "spans": list(spans)}
        await self.post("otel/v1/traces", {"resourceSpans": [{"scopeSpans": [scope]}]})

    async def pages(self, path: str, **query: Any) -> AsyncIterator[list[Json]]:
        """Follow the cursor to its end."""
        cursor: Json = {}
        for _ in range(1000):
            page = await self.get(path, **query, **cursor)
            yield page["data"]
            if "cursor" not in page["meta"]:
                return
            cursor = {"cursor": page["meta"]["cursor"]}


def span(number: int, trace: int = 1, second: float = 0.0, /, **attributes: Any) -> Json:
    """A span of one second that begins so many seconds after START."""
    start_ns = int((START.timestamp() + second) * 1_000_000) * 1000
    kinds = {bool: "boolValue", str: "stringValue"}
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{number:016x}",
        "name": f"span-{number}",
        "startTimeUnixNano": str(start_ns),
        "endTimeUnixNano": str(start_ns + 1_000_000_000),
        "attributes": [{"key": key, "value": {kinds[type(value)]: value}} for key, value in attributes.items()],
    }


def score(name: str = "win", value: float | str = 1, **fields: Any) -> Json:
    """A score on the first trace."""
    return {"id": "s1", "name": name, "value": value, "traceId": f"{1:032x}", **fields}


@pytest.fixture
def mode() -> Mode:
    """The mode of `api`, for tests to choose another."""
    return "events_only"


@pytest.fixture
async def api(mode: Mode) -> AsyncIterator[Api]:
    """A running server and a client with its keys."""
    async with SmallLangfuse(mode) as server:
        auth = (server.public_key, server.secret_key)
        async with httpx.AsyncClient(base_url=server.base_url, auth=auth, timeout=30) as client:
            yield Api(server, client)


in_mode = pytest.mark.parametrize
all_modes = in_mode("mode", ["events_only", "dual", "list_scores", "v3"])


async def test_pages_join_without_loss_or_repetition(api: Api) -> None:
    """Rows that share their start, their trace or their id still come exactly once, newest first."""
    await api.export(*(span(n, n % 7, n // 10) for n in range(505)))
    rows = [row async for page in api.pages("v2/observations", limit=17) for row in page]
    keys = [(row["startTime"], row["traceId"], row["id"]) for row in rows]
    assert len(keys) == len(set(keys)) == 505
    assert keys == sorted(keys, reverse=True)


async def test_the_window_is_closed_below_and_open_above(api: Api) -> None:
    """A span at `fromStartTime` is in, one at `toStartTime` is out, whatever index finds it."""
    await api.export(*(span(n, 1, n) for n in range(5)))
    window = {
        name: (START + timedelta(seconds=n)).isoformat() for name, n in (("fromStartTime", 1), ("toStartTime", 3))
    }
    for query in ({}, {"traceId": f"{1:032x}"}):
        page = await api.get("v2/observations", **window, **query)
        assert [row["name"] for row in page["data"]] == ["span-2", "span-1"]


async def test_a_span_is_known_by_trace_id_and_start(api: Api) -> None:
    """Posted again it is replaced; with another start it is a second row; both are what a real 4.16 does."""
    await api.export(span(1, **{"langfuse.observation.output": "old"}))
    await api.export(span(1, **{"langfuse.observation.output": "new"}))
    assert [row.output for row in api.server.observations()] == ["new"]
    await api.export(span(1, 1, 1))
    assert len(api.server.observations()) == 2


@in_mode(
    ("condition", "found"),
    [
        ({"type": "stringOptions", "column": "environment", "operator": "none of", "value": ["production"]}, "2 3"),
        ({"type": "arrayOptions", "column": "tags", "operator": "all of", "value": ["a", "b"]}, "1"),
        ({"type": "arrayOptions", "column": "traceTags", "operator": "any of", "value": ["b"]}, "1 2"),
        ({"type": "null", "column": "userId", "operator": "is not null", "value": ""}, "1"),
        ({"type": "string", "column": "traceName", "operator": "starts with", "value": "chat"}, "1 2"),
        ({"type": "stringOptions", "column": "providedModelName", "operator": "any of", "value": ["m"]}, "2"),
        ({"type": "boolean", "column": "isRootObservation", "operator": "=", "value": True}, "1 2"),
        ({"type": "null", "column": "experimentId", "operator": "is null", "value": ""}, "1 3"),
        ({"type": "datetime", "column": "startTime", "operator": ">", "value": "2026-11-20T00:00:01Z"}, "2 3"),
    ],
)
async def test_filters_choose_rows(api: Api, condition: Json, found: str) -> None:
    """Each kind of condition keeps the rows that it describes."""
    tags = [{"stringValue": tag} for tag in "ab"]
    first = span(1, 1, 1, **{"user.id": "u", "langfuse.trace.name": "chat", "langfuse.environment": "production"})
    first["attributes"].append({"key": "langfuse.trace.tags", "value": {"arrayValue": {"values": tags}}})
    second = span(2, 1, 2, **{"langfuse.trace.name": "chatter", "langfuse.trace.tags": '["b"]'})
    marks = {"langfuse.experiment.id": "x", "langfuse.observation.model.name": "m"}
    second["attributes"] += span(0, **marks)["attributes"]
    await api.export(first, second, {**span(3, 1, 3), "parentSpanId": f"{1:016x}"})
    page = await api.get("v2/observations", filter=json.dumps([condition]))
    assert sorted(row["name"].removeprefix("span-") for row in page["data"]) == found.split()


async def test_a_filter_overrides_the_plain_parameter_of_its_column(api: Api) -> None:
    """Other plain parameters stay in force beside it."""
    await api.export(span(1, 1), span(2, 2), span(3, 2))
    condition = {"type": "string", "column": "traceId", "operator": "=", "value": f"{2:032x}"}
    query = {"filter": json.dumps([condition]), "traceId": f"{1:032x}", "name": "span-3"}
    page = await api.get("v2/observations", **query)
    assert [row["name"] for row in page["data"]] == ["span-3"]


async def test_a_cursor_can_be_made_to_repeat(api: Api) -> None:
    """With `repeat_cursor` a page answers the cursor that asked for it."""
    await api.export(*(span(n) for n in range(4)))
    api.server.repeat_cursor = True
    first = (await api.get("v2/observations", limit=1))["meta"]["cursor"]
    for _ in range(3):
        assert (await api.get("v2/observations", limit=1, cursor=first))["meta"]["cursor"] == first


async def test_both_encodings_of_otlp_say_the_same(api: Api) -> None:
    """Protobuf from the OpenTelemetry SDK, gzipped, becomes the same row as JSON."""
    memory = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    with provider.get_tracer("langfuse-sdk", "5").start_as_current_span("chat") as active:
        usage = '{"input": 3, "output": 4}'
        active.set_attributes({"langfuse.internal.is_app_root": True, "langfuse.observation.usage_details": usage})
        active.set_attribute("langfuse.trace.tags", ["a", "b"])
    body = gzip.compress(encode_spans(memory.get_finished_spans()).SerializeToString())
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    answer = await api.client.post("/api/public/otel/v1/traces", content=body, headers=headers)
    assert answer.status_code == 200
    (row,) = api.server.observations()
    assert (row.name, row.tags, row.is_root) == ("chat", ("a", "b"), True)
    assert row.usage == {"input": 3, "output": 4, "total": 7}
    assert row.trace_id == f"{active.get_span_context().trace_id:032x}"
    provider.shutdown()


async def test_one_broken_span_refuses_the_export(api: Api) -> None:
    """Nothing of an export with a malformed span is kept."""
    scope = {"spans": [span(1), {"name": "broken"}]}
    await api.post("otel/v1/traces", {"resourceSpans": [{"scopeSpans": [scope]}]}, 400)
    assert api.server.observations() == []


@in_mode(
    ("sent", "kept"),
    [
        ("Production", "production"),
        ("langfuse-llm-as-a-judge", "llm-as-a-judge"),
        ("langfuse_langfuse-x", "x"),
        ("no spaces", "default"),
        ("", "default"),
        ("e" * 50, "e" * 40),
    ],
)
async def test_environments_are_made_public(api: Api, sent: str, kept: str) -> None:
    """Nobody can write into an environment of Langfuse itself."""
    await api.export(span(1, **{"langfuse.environment": sent}))
    assert api.server.observations()[0].environment == kept


async def test_other_scopes_get_their_attributes_copied_into_metadata(api: Api) -> None:
    """A scope that does not begin with `langfuse-sdk` fills `metadata` with every attribute it has."""
    scopes = [
        {"scope": {"name": name}, "spans": [span(n, **{"langfuse.trace.name": "chat"})]}
        for n, name in enumerate(("langfuse-sdk", "my-tracer"), 1)
    ]
    await api.post("otel/v1/traces", {"resourceSpans": [{"scopeSpans": scopes}]})
    noisy, quiet = api.server.observations()
    assert noisy.metadata["attributes"] == {"langfuse.trace.name": "chat"}
    assert "attributes" not in quiet.metadata


async def test_long_metadata_is_cut_unless_asked_for(api: Api) -> None:
    """Values are cut at 200 characters where `expandMetadata` does not name their key."""
    await api.export(span(1, **{"langfuse.observation.metadata.long": "x" * 300}))
    query = {"fields": "core,metadata"}
    cut = await api.get("v2/observations", **query)
    whole = await api.get("v2/observations", **query, expandMetadata="long")
    assert [len(page["data"][0]["metadata"]["long"]) for page in (cut, whole)] == [200, 300]


async def test_writes_are_seen_after_the_lag(api: Api) -> None:
    """Spans and scores are accepted at once and readable later, in the order of writing."""
    api.server.visible_after_s = 0.2
    await api.export(span(1))
    await api.post("scores", score())
    assert (await api.get("v2/observations"))["data"] == []
    assert (await api.get("v3/scores"))["data"] == []
    await asyncio.sleep(0.25)
    assert len((await api.get("v2/observations"))["data"]) == 1
    assert len((await api.get("v3/scores"))["data"]) == 1


@in_mode("mode", ["events_only", "list_scores"])
async def test_a_score_is_known_by_id_name_and_day(api: Api, mode: Mode) -> None:
    """The next day it is a second row; only a new server believes the time that was sent to POST /scores."""
    for day in (1, 1, 2):
        await api.post("scores", score(timestamp=f"2026-11-0{day}T12:00:00Z"))
    rows = (await api.get("v3/scores"))["data"]
    days = {row["timestamp"][:10] for row in rows}
    assert days == ({"2026-11-01", "2026-11-02"} if mode == "list_scores" else {datetime.now(UTC).date().isoformat()})


async def test_ingestion_dates_a_score_by_its_envelope(api: Api) -> None:
    """The same score in two envelopes of one day overwrites itself."""
    for number, value in enumerate((0.25, 0.75)):
        event = {
            "id": str(number),
            "type": "score-create",
            "timestamp": "2026-11-03T01:00:00Z",
            "body": score(value=value),
        }
        answer = await api.post("ingestion", {"batch": [event]}, 207)
        assert answer == {"successes": [{"id": str(number), "status": 201}], "errors": []}
    (row,) = (await api.get("v3/scores", id="s1,other"))["data"]
    assert (row["value"], row["timestamp"]) == (0.75, "2026-11-03T01:00:00.000Z")


@in_mode("mode", ["list_scores"])
async def test_a_new_server_takes_a_list_of_scores(api: Api) -> None:
    """202 if all are good, 207 with the counts if some are not; the good ones are kept either way."""
    good = [score(name="a", value=1), score(name="b", value="tie", id="s2")]
    assert await api.post("scores", good, 202) == {"message": "Accepted"}
    mixed = await api.post("scores", [score(name="c", id="s3"), {"name": "d", "value": 1}], 207)
    assert (mixed["accepted"], mixed["rejected"], len(mixed["errors"])) == (1, 1, 1)
    assert sorted(row.name for row in api.server.scores()) == ["a", "b", "c"]
    assert await api.post("scores", score(id="s4")) == {"id": "s4"}


async def test_scores_are_paged_filtered_and_deleted(api: Api) -> None:
    """Pages join without loss, values can be asked for, and a deleted score is gone."""
    for number in range(7):
        await api.post("scores", score(id=f"s{number}", value=number / 10, dataType="NUMERIC"))
    rows = [row async for page in api.pages("v3/scores", limit=3) for row in page]
    assert sorted(row["id"] for row in rows) == [f"s{number}" for number in range(7)]
    chosen = await api.get("v3/scores", dataType="NUMERIC", valueMin=0.5)
    assert {row["value"] for row in chosen["data"]} == {0.5, 0.6}
    assert (await api.client.delete("/api/public/scores/s6")).status_code == 202
    assert (await api.client.delete("/api/public/scores/s6")).status_code == 404
    assert len(api.server.scores()) == 6


async def test_a_queue_item_is_completed_and_removed(api: Api) -> None:
    """A queue takes the same object twice; items are found by status, completed and deleted one by one."""
    queue = await api.post("annotation-queues", {"name": "q", "scoreConfigIds": ["c"]})
    path = f"annotation-queues/{queue['id']}/items"
    items = [await api.post(path, {"objectId": "o", "objectType": "OBSERVATION"}) for _ in range(2)]
    done = await api.client.patch(f"/api/public/{path}/{items[0]['id']}", json={"status": "COMPLETED"})
    assert done.json()["completedAt"] is not None
    assert [item["id"] for item in (await api.get(path, status="PENDING"))["data"]] == [items[1]["id"]]
    await api.client.delete(f"/api/public/{path}/{items[1]['id']}")
    assert (await api.get(path))["meta"]["totalItems"] == 1


async def test_what_a_config_refuses_is_accepted_and_lost(api: Api) -> None:
    """A category or a number outside its config answers 200, and is never read back."""
    categories = [{"label": "win", "value": 1}, {"label": "loss", "value": 0}]
    verdict = await api.post("score-configs", {"name": "v", "dataType": "CATEGORICAL", "categories": categories})
    share = await api.post("score-configs", {"name": "n", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1})
    await api.post("scores", score("v", "draw", configId=verdict["id"]))
    await api.post("scores", score("n", 2, configId=share["id"]))
    assert api.server.scores() == []
    await api.post("scores", score("v", "win", configId=verdict["id"]))
    assert [row.string_value for row in api.server.scores()] == ["win"]


async def test_swallowed_writes_are_accepted_and_lost(api: Api) -> None:
    """`swallow` loses the next write of its kind and no other."""
    api.server.swallow("score")
    api.server.swallow("span", times=2)
    await api.export(span(1), span(2), span(3))
    assert await api.post("scores", score(id="lost")) == {"id": "lost"}
    await api.post("scores", score(id="kept"))
    assert [row.name for row in api.server.observations()] == ["span-3"]
    assert [row.id for row in api.server.scores()] == ["kept"]


async def test_failures_come_in_the_order_asked_for(api: Api) -> None:
    """Each is used up by one request below its path, and every answer is on record."""
    api.server.fail("/api/public/v2/datasets", 500)
    api.server.fail("/api/public/v2", 429, headers={"Retry-After": "7"}, body={"message": "slow down"}, method="GET")
    await api.get("v2/datasets", 500)
    limited = await api.client.get("/api/public/v2/datasets")
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    await api.get("v2/datasets")
    assert [served.status for served in api.server.requests] == [500, 429, 200]


async def test_an_answer_can_be_lost_after_the_work_was_done(api: Api) -> None:
    """With `after`, the request is carried out although its sender is told that it failed."""
    api.server.fail("/api/public/scores", 503, after=True)
    await api.post("scores", score(), 503)
    assert [row.id for row in api.server.scores()] == ["s1"]


async def test_the_clock_can_be_wrong(api: Api) -> None:
    """`clock_offset_s` moves every time that the server makes up."""
    api.server.clock_offset_s = 3600
    await api.post("scores", score())
    ahead_s = api.server.scores()[0].timestamp_ms / 1000 - time.time()
    assert 3590 < ahead_s < 3610


@all_modes
async def test_no_key_opens_nothing_but_health(api: Api) -> None:
    """Without the right pair of keys every endpoint but the health check answers 401."""
    async with httpx.AsyncClient(base_url=api.server.base_url) as stranger:
        assert (await stranger.get("/api/public/health")).status_code == 200
        for path in ("projects", "v2/observations", "traces", "nowhere"):
            assert (await stranger.get(f"/api/public/{path}")).json() == {"message": "No authorization header"}
            wrong = await stranger.get(f"/api/public/{path}", auth=("pk", "sk"))
            assert wrong.status_code == 401


@all_modes
async def test_each_mode_has_its_reading_endpoints(api: Api, mode: Mode) -> None:
    """The two probes of a start tell the modes apart, by status and by text."""
    statuses = {"events_only": (200, 404), "list_scores": (200, 404), "dual": (200, 200), "v3": (404, 200)}
    new, old = statuses[mode]
    probes = await api.get("v2/observations", new, limit=1), await api.get("traces", old, limit=1)
    texts = [probe.get("message", "") for probe in probes]
    assert ("Langfuse v4 write mode" in texts[0]) is (new == 404)
    assert ("v4 events_only mode" in texts[1]) is (old == 404)
    for path in ("v3/scores", "experiments", "unstable/dashboards"):
        answer = await api.client.get(
            f"/api/public/{path}", params={"fromStartTime": START.isoformat()} if path[0] == "e" else {}
        )
        assert answer.status_code == new


@in_mode("mode", ["v3", "dual"])
async def test_old_events_make_traces_and_observations(api: Api) -> None:
    """A trace, a generation and its update are read back as one trace, parsed, with the scores that name it."""
    trace = {"id": "t", "name": "chat", "userId": "u", "sessionId": "s", "tags": ["b", "a"], "input": {"q": 1}}
    call = {"id": "g", "traceId": "t", "name": "llm", "startTime": "2026-11-20T00:00:00Z", "model": "m"}
    done = {
        "id": "g",
        "endTime": "2026-11-20T00:00:02Z",
        "output": {"a": 2},
        "usage": {"promptTokens": 3, "completionTokens": 4},
    }
    bodies = {
        "trace-create": trace,
        "generation-create": call,
        "generation-update": done,
        "score-create": score(traceId="t"),
    }
    batch = [
        {"id": kind, "type": kind, "timestamp": "2026-11-20T00:00:00Z", "body": body} for kind, body in bodies.items()
    ]
    assert len((await api.post("ingestion", {"batch": batch}, 207))["successes"]) == 4
    read = await api.get("traces/t")
    assert (read["input"], read["tags"], read["sessionId"], read["latency"]) == ({"q": 1}, ["a", "b"], "s", 2)
    (observation,) = read["observations"]
    assert (observation["type"], observation["output"], observation["model"]) == ("GENERATION", {"a": 2}, "m")
    assert observation["usage"] == {"unit": "TOKENS", "input": 3, "output": 4, "total": 7}
    assert [row["id"] for row in read["scores"]] == ["s1"]
    assert [row["id"] for row in (await api.get("sessions/s"))["traces"]] == ["t"]
    assert (await api.get("observations/g"))["endTime"] == "2026-11-20T00:00:02.000Z"
    assert (await api.get("v2/scores", scoreIds="s1,x"))["meta"]["totalItems"] == 1


@in_mode("mode", ["dual"])
async def test_traces_come_in_numbered_pages(api: Api) -> None:
    """Ascending pages cover every trace of the window once."""
    await api.export(*(span(n, n, n) for n in range(1, 26)))
    query = {"limit": 10, "orderBy": "timestamp.asc", "fromTimestamp": (START + timedelta(seconds=2)).isoformat()}
    pages = [await api.get("traces", page=page, **query) for page in (1, 2, 3)]
    ids = [int(row["id"], 16) for page in pages for row in page["data"]]
    assert ids == list(range(2, 26))


@in_mode(("mode", "kept"), [("events_only", 0), ("dual", 1), ("v3", 1)])
async def test_dataset_runs_are_kept_where_v3_is(api: Api, kept: int) -> None:
    """Linking answers the same run id each time, and stores something only in the tables of v3."""
    await api.post("v2/datasets", {"name": "a/b"})
    item = await api.post("dataset-items", {"datasetName": "a/b", "id": "i", "input": 1})
    link = {"runName": "r", "datasetItemId": item["id"], "traceId": "t"}
    ids = {(await api.post("dataset-run-items", link))["datasetRunId"] for _ in range(2)}
    assert len(ids) == 1
    assert len(api.server.state.dataset_runs) == kept
    runs = await api.get("datasets/a%2Fb/runs", 200 if kept else 404)
    assert len(runs.get("data", [])) == kept


async def test_every_write_of_an_item_is_a_version(api: Api) -> None:
    """An item keeps one row and counts its writes; what a later write leaves out stays."""
    await api.post("v2/datasets", {"name": "d"})
    for body in ({"input": 1, "metadata": {"a": 1}}, {"input": 2}):
        await api.post("dataset-items", {"datasetName": "d", "id": "i", **body})
    assert api.server.versions["i"] == 2
    item = await api.get("dataset-items/i")
    assert (item["input"], item["metadata"]) == (2, {"a": 1})
    assert (await api.client.delete("/api/public/dataset-items/i")).status_code == 200
    await api.get("dataset-items/i", 404)


async def test_experiments_are_what_spans_say(api: Api) -> None:
    """Items are counted once, their scores and the run's are joined, and paging loses nothing."""
    for number in range(5):
        root = {"langfuse.experiment.item.root_observation_id": f"{number:016x}"}
        marks = {"langfuse.experiment.id": f"x{number % 2}", "langfuse.experiment.item.id": f"i{number}"}
        await api.export(span(number, number, number, **marks, **root))
    await api.post("scores", {"id": "run", "name": "win_rate", "value": 0.5, "datasetRunId": "x0"})
    await api.post("scores", score(traceId=f"{2:032x}", observationId=f"{2:016x}"))
    since = {"fromStartTime": START.isoformat()}
    shown = (await api.get("experiments", **since, fields="scores"))["data"]
    assert {row["id"]: row["itemCount"] for row in shown} == {"x0": 3, "x1": 2}
    assert {row["id"]: [entry["id"] for entry in row["scores"]] for row in shown} == {"x0": ["run"], "x1": []}
    pages = api.pages("experiment-items", **since, experimentId="x0", fields="scores", limit=2)
    items = [row async for page in pages for row in page]
    assert [(row["experimentItemId"], len(row["scores"])) for row in items] == [("i4", 0), ("i2", 1), ("i0", 0)]
    assert {row["id"] for row in api.server.experiments()} == {"x0", "x1"}


async def test_deleting_a_trace_takes_its_scores_along(api: Api) -> None:
    """Several traces go in one request; others stay."""
    await api.export(span(1, 1), span(2, 2), span(3, 3))
    await api.post("scores", score())
    body = {"traceIds": [f"{1:032x}", f"{2:032x}"]}
    answer = await api.client.request("DELETE", "/api/public/traces", json=body)
    assert answer.status_code == 200
    assert [row.name for row in api.server.observations()] == ["span-3"]
    assert api.server.scores() == []


async def test_a_placed_widget_cannot_be_deleted(api: Api) -> None:
    """A widget goes only after its placement; over scores it cannot be split by experiment."""
    widget = {"name": "w", "view": "scores-numeric", "dimensions": [{"field": "experimentName"}], "metrics": []}
    refused = await api.post("unstable/dashboard-widgets", widget, 400)
    assert "observationModelName" in refused["details"]["allowedValues"]
    kept = await api.post("unstable/dashboard-widgets", {**widget, "dimensions": [{"field": "name"}]})
    board = await api.post("unstable/dashboards", {"name": "b"})
    place = await api.post(f"unstable/dashboards/{board['id']}/placements", {"type": "widget", "widgetId": kept["id"]})
    deletion = f"/api/public/unstable/dashboard-widgets/{kept['id']}"
    assert (await api.client.delete(deletion)).status_code == 409
    await api.client.delete(f"/api/public/unstable/dashboards/{board['id']}/placements/{place['id']}")
    assert (await api.client.delete(deletion)).status_code == 200


@in_mode(
    ("method", "path", "body"),
    [
        ("POST", "scores", []),
        ("POST", "annotation-queues", {}),
        ("POST", "comments", {"objectType": "TRACE"}),
        ("POST", "v2/datasets", {"name": ""}),
        ("POST", "dataset-items", []),
        ("POST", "dataset-run-items", {"runName": "r"}),
        ("POST", "unstable/dashboards", {}),
        ("POST", "ingestion", {}),
        ("GET", "v2/metrics", None),
        ("GET", "v2/observations?filter=[1]", None),
        ("GET", "v2/observations?cursor=%C3%A9", None),
        ("GET", "v2/observations?limit=-1", None),
        ("GET", "v3/scores?cursor=MQ==", None),
        ("GET", "experiments?fromStartTime=2026-01-01&cursor=Ingi", None),
        ("GET", "experiments?fromStartTime=yesterday", None),
    ],
)
async def test_nonsense_is_refused(api: Api, method: str, path: str, body: Any) -> None:
    """What no client should send is a 400, never an accident."""
    answer = await api.client.request(method, f"/api/public/{path}", json=body)
    assert (answer.status_code, bool(answer.json()["message"])) == (400, True)


async def test_a_malformed_event_does_not_spoil_its_batch(api: Api) -> None:
    """Of a batch, good events are taken and bad ones named."""
    good = {"id": "1", "type": "score-create", "timestamp": "2026-11-03T01:00:00Z", "body": score()}
    bad = [{"id": "2", "type": "score-create"}, {**good, "id": "3", "body": {"name": "n"}}]
    answer = await api.post("ingestion", {"batch": [good, *bad]}, 207)
    assert [entry["id"] for entry in answer["successes"]] == ["1"]
    assert [entry["id"] for entry in answer["errors"]] == ["2", "3"]


async def test_the_official_client_understands_every_answer(api: Api) -> None:
    """The generated client of SDK 5 reads what it needs of a 4.16, and its list of scores is refused there."""
    server = api.server
    sdk = AsyncLangfuseAPI(
        base_url=server.base_url, username=server.public_key, password=server.secret_key, httpx_client=api.client
    )
    await api.export(span(1, **{"langfuse.observation.model.name": "m"}))
    assert (await sdk.health.health()).version == "4.16.0"
    assert (await sdk.projects.get()).data[0].id == server.state.project_id
    dataset = await sdk.datasets.create(name="a/b", metadata={"by": "test"})
    assert (await sdk.datasets.get(quote("a/b", safe=""))).id == dataset.id
    await sdk.dataset_items.create(dataset_name="a/b", id="i", input={"q": 1}, source_trace_id=f"{1:032x}")
    assert [item.id for item in (await sdk.dataset_items.list(dataset_name="a/b")).data] == ["i"]
    config = await sdk.score_configs.create(name="c", data_type="BOOLEAN")
    assert (await sdk.score_configs.get()).data[0].id == config.id
    rows = await sdk.observations.get_many(fields="core,basic,time,io,metadata,model,usage,metrics,trace_context")
    assert (rows.data[0].model, rows.data[0].latency) == ("m", 1)
    assert (await sdk.experiments.list(from_start_time=START)).data == []
    board = await sdk.unstable.dashboards.create(name="b", description="d")
    assert [row.id for row in (await sdk.unstable.dashboards.list()).data] == [board.id]
    assert (await sdk.unstable.dashboard_widgets.list()).data == []
    with pytest.raises(Exception, match="expected object, received array"):
        await sdk.scores.create(request=[CreateScoreRequest(name="n", value=1, trace_id="t")])


async def test_twenty_thousand_spans_are_written_and_read_in_seconds(api: Api) -> None:
    """What the larger tests push through takes some seconds, not minutes."""
    began = time.monotonic()
    for batch in range(40):
        numbers = range(batch * 500, batch * 500 + 500)
        await api.export(*(span(n, n // 10, n % 5000, **{"session.id": f"s{n // 100}"}) for n in numbers))
    rows = [
        row async for page in api.pages("v2/observations", limit=1000, fields="core,basic,io,model") for row in page
    ]
    for session in range(200):
        await api.get("v2/observations", sessionId=f"s{session}", limit=1000)
    assert len({row["id"] for row in rows}) == 20_000
    assert time.monotonic() - began < 30
