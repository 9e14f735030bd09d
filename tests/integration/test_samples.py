"""Samples of what integrations really store, each with its expected reading."""

from __future__ import annotations

from typing import Any

import pytest

from connector.assemble import assemble
from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.langfuse.rows import observation
from connector.split import split
from connector.traces import Trace
from connector.turns.worth import TurnRules
from rollouts.types import Challenge
from tests.integration.expectations import differences, turns_of
from tests.integration.samples import MANIFEST, as_strings, needed, rows_of
from tests.integration.trace_expectations import trace_differences

NOT_YET: dict[str, str] = {}


def samples(kind: str) -> list[Any]:
    """Return the samples of one kind, each under its name."""
    return [
        pytest.param(
            sample,
            id=sample["id"],
            marks=pytest.mark.xfail(reason=NOT_YET[sample["id"]], strict=True) if sample["id"] in NOT_YET else (),
        )
        for sample in MANIFEST
        if sample["kind"] == kind
    ]


@needed
@pytest.mark.parametrize("as_text", [False, True], ids=["parsed", "text"])
@pytest.mark.parametrize("sample", samples("observation"))
def test_a_logged_call_reads_as_expected(sample: dict[str, Any], *, as_text: bool) -> None:
    """Roles, calls, results, tools, system prompt, texts, media, reasoning and parameters; both API forms."""
    [row], want = rows_of(sample), sample["expected"]
    try:
        call = read_call(observation(as_strings(row) if as_text else row))
    except Unusable:
        assert "no" in (want["usable"], want.get("usable_alt")) or want["usable"] == "partial", "it is unreadable"
        return
    if "no" in (want["usable"], want.get("usable_alt")):
        assert not any(isinstance(turn, Challenge) for turn in turns_of(call))
        return
    assert differences(call, want) == []


@needed
@pytest.mark.parametrize("as_text", [False, True], ids=["parsed", "text"])
@pytest.mark.parametrize("sample", samples("trace"))
def test_a_logged_trace_gives_its_turns_once(sample: dict[str, Any], *, as_text: bool) -> None:
    """As many turns as are expected, each from its source with its whole history; what repeats them gives none."""
    rows = [observation(as_strings(row) if as_text else row) for row in rows_of(sample)]
    trace = Trace(id=rows[0].trace_id, started_at=min(row.started_at for row in rows), observations=tuple(rows))
    assembly = assemble(trace)
    turns = [*split(assembly.conversation, TurnRules(tools_missing="include"))]
    assert (
        trace_differences(assembly, [turn for turn in turns if isinstance(turn, Challenge)], sample["expected"]) == []
    )
