"""A gate is read by people, by pull requests and by CI."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from connector.gate_text.comment import MARKER, comment
from connector.gate_text.junit import write_junit
from connector.gate_text.sayings import reasons
from judges.standings.gated import Gate, Gates
from judges.standings.gates import gate
from judges.standings.tiers import TierStanding
from rollouts.errors import Fatal
from tests.gating import board


def fresh(name: str, low: float, rate: float, high: float, **facts: Any) -> TierStanding:
    """Return fresh turns."""
    told = {"turns": 400, "conversations": 200, "win_rate": rate, "low": low, "high": high}
    return TierStanding(tier="fresh", challenger=name, **told | facts)


@pytest.fixture
def mixed() -> Gate:
    """Return a gate of one that passes, one that fails, and one that is open."""
    rows = (
        fresh("good", 0.5, 0.53, 0.56),
        fresh("b|ad", 0.3, 0.34, 0.38),
        fresh("open", 0.4, 0.49, 0.58),
    )
    return gate(board(*rows), Gates())


def test_the_comment_can_be_found_again(mixed: Gate) -> None:
    """Its first line is a marker that nobody sees; names cannot break the table."""
    lines = comment(mixed).splitlines()
    assert lines[0] == MARKER
    assert lines[2] == "### Understudy gate 2026-W47: FAIL"
    assert r"| b\|ad | fresh | baseline | 34.0 % |" in comment(mixed)


def test_the_failed_are_told_first(mixed: Gate) -> None:
    """Each with figure, interval, bar and reason; what passes needs no word."""
    first, second = reasons(mixed)
    assert first.startswith("b|ad, fresh against baseline: FAIL, win rate 34.0 %, interval 30.0 … 38.0, bar 48.0 %")
    assert second.startswith("open, fresh against baseline: INCONCLUSIVE")
    assert "more conversations would settle it" in second


def test_the_least_number_is_not_said_to_settle_it() -> None:
    """Without results nobody knows how many it takes: that many at least."""
    [said] = reasons(gate(board(fresh("new", 0.0, 0.0, 0.0, turns=0, conversations=0)), Gates()))
    assert said.endswith("there are no results; it takes 30 more conversations at least.")


def test_ci_shows_each_check(mixed: Gate, tmp_path: Path) -> None:
    """A fail is a failure, what is open is skipped with its reason, and what passes is bare."""
    write_junit(mixed, tmp_path / "gate.xml")
    root = ET.parse(tmp_path / "gate.xml").getroot()
    [suite] = root.findall("testsuite")
    assert [suite.get(key) for key in ("name", "tests", "failures", "errors", "skipped")] == [
        "understudy gate",
        "3",
        "1",
        "0",
        "1",
    ]
    cases = {case.get("name"): [child.tag for child in case] for case in suite.findall("testcase")}
    assert cases == {
        "good, fresh against baseline": [],
        "b|ad, fresh against baseline": ["failure"],
        "open, fresh against baseline": ["skipped"],
    }
    with pytest.raises(Fatal, match="cannot be written"):
        write_junit(mixed, tmp_path / "nowhere" / "gate.xml")


def test_what_xml_cannot_hold_stops_no_report(tmp_path: Path) -> None:
    """A strict parser reads names with marks, line ends, control characters and half an emoji."""
    odd = 'a<&"]]>|\n\x00\x01\x1b[31m\x7f\ud83d\ufffe'
    failed = gate(board(fresh(odd, 0.3, 0.34, 0.38), judge=odd), Gates())
    write_junit(failed, tmp_path / "gate.xml")
    root = ET.parse(tmp_path / "gate.xml").getroot()
    [case] = root.iter("testcase")
    assert " ".join((case.get("name") or "").split()).startswith(
        'a<&"]]>| \ufffd\ufffd\ufffd[31m\x7f\ufffd\ufffd, fresh'
    )
    [judge] = [each.get("value") or "" for each in root.iter("property") if each.get("name") == "judge"]
    assert judge.startswith('a<&"]]>|')


def test_a_gate_without_challengers_is_no_pass() -> None:
    """Nothing to hold is inconclusive, and said so."""
    found = gate(board(), Gates())
    assert found.result == "inconclusive"
    assert "There is no challenger to gate" in comment(found)
