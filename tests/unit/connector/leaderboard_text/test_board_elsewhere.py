"""The leaderboard as Markdown, as CSV and as documented JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Collection, Iterator
from typing import Any

import pytest

from connector.leaderboard_text.as_csv import as_csv
from connector.leaderboard_text.fields import docstrings, documented
from connector.leaderboard_text.markdown import markdown
from connector.leaderboard_text.tiers import tier_figure_names
from connector.leaderboard_text.whole import further_tables
from judges.standings.agreement import Agreement
from judges.standings.bootstrap import Interval
from judges.standings.leaderboard import Conditions, Leaderboard, Meeting, Seen, Slice
from judges.standings.pairs import Difference
from judges.standings.standing import Standing
from judges.standings.tiers import TierStanding
from tests.boards import FULL, UNKNOWN, crowded

RECORDS = (Leaderboard, Standing, Meeting, Slice, Seen, Difference, Agreement, Interval, Conditions, TierStanding)


@pytest.mark.parametrize("board", [FULL, UNKNOWN, crowded()])
def test_markdown_has_every_table_whole(board: Leaderboard) -> None:
    """Each table has its heading, and each line of it as many cells as it has columns."""
    text = markdown(board)
    for sheet in further_tables(board):
        table = text.split(f"#### {sheet.title}\n\n")[1].split("\n\n")[0].splitlines()
        assert len(table) == 2 + len(sheet.rows)
        assert {line.count(" | ") for line in table} == {len(sheet.columns) - 1}


def test_markdown_begins_with_what_matters() -> None:
    """The main table, alarms, advice, what it rests on: in this order, before all else."""
    text = markdown(FULL)
    order = ["### Understudy leaderboard 2026-W47", "| rival | 51.2 % |", "**BROKEN TOOL CALLS", "**rival**: as good"]
    order += ["comparability hash 0123456789ab", "#### How sure is this?"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)


def test_names_cannot_break_a_table() -> None:
    """A bar, a tag or a line break in a name stays in its cell."""
    odd = UNKNOWN.standings[1].model_copy(update={"challenger": "a|b\n<script>*c*"})
    text = markdown(UNKNOWN.model_copy(update={"standings": (odd,)}))
    assert "| a\\|b &lt;script>\\*c\\* | — |" in text


def test_what_users_wrote_is_no_link_and_no_image() -> None:
    """Tags and tools come from traffic: what they hold is read, and nothing is fetched for whoever looks."""
    part = FULL.slices[0].model_copy(update={"dimension": "tag", "value": "![x](http://127.0.0.1/seen) `y`"})
    text = markdown(FULL.model_copy(update={"slices": (part,)}))
    assert "| !\\[x\\](http://127.0.0.1/seen) \\`y\\` | rival |" in text


def test_csv_has_every_field_of_every_row() -> None:
    """Figures in full precision, unknown ones empty, and what has parts as JSON."""
    rows = list(csv.DictReader(io.StringIO(as_csv(FULL))))
    assert list(rows[0]) == [*Standing.model_fields, *tier_figure_names()]
    assert (rows[0]["adversarial_win_rate"], rows[0]["fresh_held"], rows[1]["golden_held"]) == ("0.25", "0.8", "")
    assert [row["challenger"] for row in rows] == ["rival", "baseline", "replayed"]
    assert json.loads(rows[0]["faults"]) == {"truncated": 58, "missing_argument": 2}
    assert float(rows[0]["win_rate"]) == FULL.standings[0].win_rate
    assert rows[1]["style_win_rate"] == ""
    assert rows[0]["switching"] == "not supported"


@pytest.mark.parametrize("record", RECORDS)
def test_every_field_has_a_docstring(record: type[Leaderboard]) -> None:
    """`--fields` is made of them."""
    assert [name for name in record.model_fields if not docstrings(record).get(name)] == []


def test_the_json_holds_exactly_the_documented_fields() -> None:
    """No field of a leaderboard with everything in it is undocumented, and none is documented that is not there."""
    types = {field.path: field.type for field in documented()}
    records = {path for path in types if any(other.startswith((f"{path}[].", f"{path}.")) for other in types)}
    keyed = {path for path, kind in types.items() if kind.startswith("object")}
    assert set(_paths(FULL.model_dump(mode="json"), keyed)) - records == set(types) - records


def _paths(value: Any, keyed: Collection[str], at: str = "") -> Iterator[str]:
    """Yield where each value of a JSON document is; the keys of what is `keyed` are data."""
    if isinstance(value, dict) and at not in keyed:
        for name, inner in value.items():
            yield from _paths(inner, keyed, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from _paths(inner, keyed, f"{at}[]")
    else:
        yield at


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("comparability", "text"),
        ("noise_floor", "[number, number] or null"),
        ("scale", '"sevenths" | "weight_3" | "points" | "ranks"'),
        ("standings", "list of Standing"),
        ("standings[].faults", "object of whole number"),
        ("standings[].p95_latency_s", "number or null (seconds)"),
        ("standings[].switching", '"supported" | "not supported" | "undecided" or null'),
        ("judges[].swapped", "list of [text, text]"),
        ("judges[].agreement.kappa_interval.high", "number"),
    ],
)
def test_types_and_units_are_named(path: str, kind: str) -> None:
    """A reader need not look into the code."""
    assert {field.path: field.type for field in documented()}[path] == kind
