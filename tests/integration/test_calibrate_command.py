"""`understudy calibrate`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.calibration.blinding import LABELS
from connector.demo.langfuse import Mode, SmallLangfuse
from connector.langfuse.annotation import PREFERENCE
from connector.langfuse.own import PAIRS
from tests.integration.world import Ran, config, produce, understudy

MODES: tuple[Mode, ...] = ("events_only", "dual", "v3")


async def cycle(server: SmallLangfuse, folder: Path) -> Path:
    """Let production answer and a challenger be judged: four duels over differing answers."""
    path = config(folder)
    await produce(server)
    ran = await understudy("once", "--yes", "-c", str(path), server=server)
    assert ran.code == 0, ran.err
    return path


async def calibrate(path: Path, *arguments: str, server: SmallLangfuse | None = None) -> tuple[Ran, Any]:
    """Run the verb; return what it did and said."""
    ran = await understudy("calibrate", "--json", "-c", str(path), *arguments, server=server)
    return ran, json.loads(ran.out) if ran.code == 0 else None


@pytest.mark.parametrize("mode", MODES)
async def test_from_picking_to_agreement(mode: Mode, tmp_path: Path) -> None:
    """Picked, shown, labelled by two people, read back; and never taken for production."""
    async with SmallLangfuse(mode) as server:
        path = await cycle(server, tmp_path)
        ran, found = await calibrate(path, "--pick", "60", server=server)
        assert ran.code == 0, ran.err
        assert "60 were asked for" in ran.err
        assert "/annotation-queues/" in ran.err
        shown = [row for row in server.observations() if row.environment == PAIRS]
        [open_pairs] = {sum(row["open"] for row in found["challengers"])}
        assert open_pairs == len(shown) > 0
        for row in shown:
            for person in ("ada", "bob"):
                server.annotate(row.id, "equal", name=PREFERENCE, person=person)
        ran, found = await calibrate(path, server=server)
        assert ran.code == 0, ran.err
        [judge] = found["judges"]
        assert judge["agreement"]["agreement"] == 1.0, "the scripted judge always ties"
        assert judge["agreement"]["pairs"] == 2 * len(shown)
        assert judge["trusted"] is None
        assert sum(row["open"] for row in found["challengers"]) == 0
        before = len(server.observations())
        ran = await understudy("once", "--yes", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        assert len(server.observations()) == before, "nothing new was replayed"


async def test_a_pick_that_was_interrupted_comes_first(tmp_path: Path) -> None:
    """Picked and not shown: the next run shows just these, whatever it was asked for."""
    async with SmallLangfuse() as server:
        path = await cycle(server, tmp_path)
        server.fail("/api/public/otel", 400, times=1)
        ran, _ = await calibrate(path, "--pick", "60", server=server)
        assert ran.code == 1
        assert not [row for row in server.observations() if row.environment == PAIRS]
        ran, found = await calibrate(path, "--pick", "60", server=server)
        assert ran.code == 0, ran.err
        assert "were not shown yet" in ran.err
        picked = sum(row["picked"] for row in found["challengers"])
        assert len([row for row in server.observations() if row.environment == PAIRS]) == picked
        assert len(server.state.queue_items) == picked


async def test_without_langfuse(tmp_path: Path) -> None:
    """Pairs go into a file and labels come out of one; no server is asked."""
    async with SmallLangfuse() as server:
        path = await cycle(server, tmp_path)
    pairs = tmp_path / "pairs.jsonl"
    ran, found = await calibrate(path, "--pick", "60", "--write", str(pairs))
    assert ran.code == 0, ran.err
    rows = [json.loads(line) for line in pairs.read_text().splitlines()]
    assert len(rows) == sum(row["picked"] for row in found["challengers"]) > 0
    pairs.write_text("\n".join(json.dumps(row | {"label": label}) for row, label in zip(rows, LABELS, strict=False)))
    ran, found = await calibrate(path, "--read", str(pairs))
    assert ran.code == 0, ran.err
    assert sum(row["verdicts"] for row in found["challengers"]) == min(5, len(rows))
    ran, _ = await calibrate(path, "--pick", "3", "--read", str(pairs))
    assert ran.code == 2, "picked pairs need a place to go"
    ran, _ = await calibrate(path, "--read", str(tmp_path / "nothing"))
    assert ran.code == 2
    assert "cannot be read" in ran.err


async def test_the_tables_fit_a_terminal(tmp_path: Path) -> None:
    """A hundred columns, without wrapping; the judge under the floor is named."""
    async with SmallLangfuse() as server:
        path = await cycle(server, tmp_path)
        path.write_text(path.read_text() + "\n[calibration]\nlabels_needed = 1\n")
        await calibrate(path, "--pick", "60", server=server)
        for row in server.observations():
            if row.environment == PAIRS:
                server.annotate(row.id, "A much better", name=PREFERENCE)
        ran = await understudy("calibrate", "-c", str(path), server=server)
        assert ran.code == 0, ran.err
        assert "NO" in ran.out
        assert "UNTRUSTED, under the floor of 80 %" in ran.out
        assert max(map(len, ran.out.splitlines())) <= 100
        heads = [line for line in ran.out.splitlines() if line.endswith(("gap", "verdicts"))]
        assert len(heads) == 2, "no heading is wrapped"
