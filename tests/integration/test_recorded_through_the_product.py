"""Other people's judgments, given again by a model server: the whole product comes to the figures published with them.

Needs the data folder beside the repository.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from connector.demo.models import ModelServer
from connector.jsonl import line_of
from connector.traces import Observation, Trace
from judges import transcript
from rollouts.types import Message, Text
from tests.integration.world import understudy

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "arena_pairs" / "judgments.jsonl.gz"
pytestmark = pytest.mark.skipif(not DATA.is_file(), reason=f"no recorded judgments in {DATA}")

BEGUN = datetime(2026, 11, 16, 12, tzinfo=UTC)
SEATS = re.compile(r"<answer_(a|b)>\n(.*?)\n</answer_\1>", re.DOTALL)
ASKED = re.compile(r"<conversation>\n(.*?)\n</conversation>", re.DOTALL)

CONFIG = """
[source]
kind = "jsonl"
path = "traces.jsonl"
[sink]
kind = "jsonl"
path = "results.jsonl"
[server]
listen = ""
[poll]
settle = "0s"
[redaction]
enabled = false
[cache]
mode = "off"
[leaderboard]
scale = "{scale}"
rounds = 200
[judge]
identical = "judge"
[judge.model]
kind = "openai_compatible"
model = "judge"
base_url = "{url}/v1"
free = true
concurrency = 1
[challengers.recorded]
kind = "openai_compatible"
model = "recorded"
base_url = "{url}/v1"
free = true
"""
"""One of the recorded sets has a model meet itself; only with `identical = "judge"` is anybody asked about it, and
one call at a time keeps its two games apart. Who plays the judge knows games by their words, so none is masked, and
gives each game its own verdict, so none is answered from the cache."""


class Published(NamedTuple):
    """One row of the table published with the data."""

    name: str
    complete: int
    every: int
    percent: dict[str, float]
    """The mean by scale."""
    other_sign: float


def rows(name: str) -> list[dict[str, Any]]:
    """Return one set of recorded pairs, each question with a number of its own so that no two are alike."""
    with gzip.open(DATA, "rt", encoding="utf-8", newline="\n") as lines:
        found = [row for row in map(json.loads, lines) if row["set"] == name]
    return [row | {"question": f"{number}. {row['question']}"} for number, row in enumerate(found)]


def shown(text: str) -> str:
    """Return how a judge is shown an answer."""
    return transcript.answer(Message(role="assistant", parts=(Text(content=text),)))


class Recorded:
    """Answers as the recorded models did: the challenger by question, the judge by question and game."""

    def __init__(self, found: list[dict[str, Any]]) -> None:
        self.asked = 0
        self._answers = {row["question"]: row["answer_model"] for row in found}
        self._rows = {
            transcript.conversation([Message(role="user", parts=(Text(content=row["question"]),))]): row
            for row in found
        }
        self._seen = Counter[str]()

    def challenger(self, body: dict[str, Any]) -> str:
        """Return the recorded answer."""
        return str(self._answers[body["messages"][-1]["content"]])

    def judge(self, body: dict[str, Any]) -> str:
        """Return the recorded text of the game in which the baseline sits as it does here; 1 has it in seat A."""
        self.asked += 1
        material = body["messages"][1]["content"]
        [conversation] = ASKED.findall(material)
        row, seats = self._rows[conversation], dict(SEATS.findall(material))
        baseline, model = shown(row["answer_baseline"]), shown(row["answer_model"])
        games = [{"a": baseline, "b": model}, {"a": model, "b": baseline}]
        fitting = [game for game, seated in enumerate(games) if seated == seats]
        # Where both answers are the same text, only the order tells the games apart.
        game = fitting[self._seen[conversation] % len(fitting)]
        self._seen[conversation] += 1
        return str(row["games"][game]["judgment"])


def trace(number: int, row: dict[str, Any]) -> Trace:
    """Return the trace in which production, the recorded baseline, answered."""
    begun, trace_id = BEGUN + timedelta(seconds=number), f"{number + 1:032x}"
    call = Observation(
        id=f"{number + 1:016x}",
        trace_id=trace_id,
        type="GENERATION",
        started_at=begun,
        ended_at=begun + timedelta(seconds=1),
        input=[{"role": "user", "content": row["question"]}],
        output={"role": "assistant", "content": row["answer_baseline"]},
        model=row["baseline"],
    )
    return Trace(id=trace_id, started_at=begun, observations=(call,))


async def judged(tmp_path: Path, name: str) -> dict[str, dict[str, Any]]:
    """Run the product over one set, as its users would, and return the challenger's row on both scales."""
    found = rows(name)
    recorded, path = Recorded(found), tmp_path / "config.toml"
    with (tmp_path / "traces.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(line_of(trace(number, row)) for number, row in enumerate(found))
    async with ModelServer({"recorded": recorded.challenger, "judge": recorded.judge}) as server:
        text = CONFIG.replace("{url}", server.url)
        path.write_text(text.replace("{scale}", "sevenths"), encoding="utf-8")
        ran = await understudy("once", "--yes", "-c", str(path), OPENAI_API_KEY="none")
        assert ran.code == 0, ran.err
        assert recorded.asked >= 2 * len(found)
    shown = {}
    for scale in ("sevenths", "weight_3"):  # another scale reads the same labels, and asks nobody
        path.write_text(text.replace("{scale}", scale), encoding="utf-8")
        board = json.loads((await understudy("leaderboard", "--json", "-c", str(path))).out)
        assert board["scale"] == scale
        [shown[scale]] = [row for row in board["standings"] if row["challenger"] == "recorded"]
    return shown


@pytest.mark.parametrize(
    "published",
    [
        Published("r1d-bagel", 175, 181, {"weight_3": 6.33, "sevenths": 16.67}, 0.154),
        Published("gpt4o-gpt4o", 129, 129, {"weight_3": 91.91, "sevenths": 82.83}, 0.171),
        Published("gpt4o-mtb-self", 160, 160, {"weight_3": 49.84, "sevenths": 49.89}, 0.006),
    ],
    ids=lambda published: published.name,
)
async def test_the_published_table_comes_out_of_the_whole_product(tmp_path: Path, published: Published) -> None:
    """Traces in, models over HTTP, two rounds read and added up, and the leaderboard shows the published figures."""
    for scale, row in (await judged(tmp_path, published.name)).items():
        counts = (row["turns"], row["turns"] + row["unreadable"], row["failed"])
        assert counts == (published.complete, published.every, 0)
        assert 100 * row["win_rate"] == pytest.approx(published.percent[scale], abs=0.0051)
        assert row["round_agreement"] == pytest.approx(1 - published.other_sign, abs=0.00051)


async def test_answers_that_are_errors_win_nothing(tmp_path: Path) -> None:
    """A model whose every answer is an error message loses every battle."""
    assert (await judged(tmp_path, "gpt4_32k-errors"))["weight_3"]["win_rate"] == 0
