"""What was logged in any format is accepted by every provider, or refused before it is paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.formats.detect import read_call
from connector.formats.format import Unusable
from connector.langfuse.rows import observation
from tests.replaying import World, on_both
from tests.writers import WRITERS
from tests.writers.drawn import CONFIGURED, conversations

FORMATS = Path(__file__).resolve().parents[3] / "shared" / "data" / "formats"


@on_both
@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_was_written_in_any_format_is_asked_again(
    world: World, target: str, name: str, data: st.DataObject
) -> None:
    """The strict double accepts its roles, calls and results in its own form, and hears the last words."""
    call = read_call(WRITERS[name].write(data.draw(conversations(WRITERS[name]))), CONFIGURED)
    _, body = world.replayed(target, call.messages, call.tools, call.parameters)
    last = [line.strip() for line in call.messages[-1].text.splitlines()]
    assert all(json.dumps(line)[1:-1] in json.dumps(body["messages"][-1]) for line in last)


def _samples() -> list[Any]:
    if not FORMATS.is_dir():
        return []
    lines = (FORMATS / "manifest.jsonl").read_text(encoding="utf-8").split("\n")
    return [pytest.param(sample, id=sample["id"]) for sample in map(json.loads, filter(None, lines))]


@on_both
@pytest.mark.skipif(not FORMATS.is_dir(), reason="the samples in ../shared/data/formats are not here")
@pytest.mark.parametrize("sample", _samples())
def test_every_sample_that_can_be_read_can_be_replayed(world: World, target: str, sample: dict[str, Any]) -> None:
    """Each logged call is accepted by both providers, or refused by us with a reason; unread are the unusable alone."""
    stored = json.loads((FORMATS / sample["file"]).read_text(encoding="utf-8"))
    tried = 0
    for row in stored.get("observations") or [stored["observation"]]:
        try:
            call = read_call(observation(row))
        except Unusable:
            continue
        tried += 1
        world.tried(target, call.messages, call.tools, call.parameters)
    assert tried or sample["expected"]["usable"] != "yes"
