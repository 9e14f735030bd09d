"""What is seen of money while the daemon spends it: its metrics, and the verbs that look on beside it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.integration.test_daemon import Daemon, posted, running
from tests.integration.troubled import troubled
from tests.integration.world import produce


async def figures(daemon: Daemon, name: str) -> dict[str, float]:
    """Return one metric, by its labels."""
    text = (await daemon.get("/metrics")).text
    return {labels: float(value) for labels, value in re.findall(rf"(?m)^{name}\{{(.*)\}} (\S+)$", text)}


async def test_money_is_seen_beside_the_daemon(tmp_path: Path) -> None:
    """Metrics say what was spent, by model and role, and what each window has left; `doctor` asks no model then."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 6, 1)
        world.config.write_text(world.config.read_text() + "\n[budget]\nper_day_usd = 5\n")
        async with running(world) as daemon:
            for challenger in ("good", "fair"):
                await daemon.counts(posted(challenger), 6)
            spent = await figures(daemon, "understudy_spent_usd")
            assert {re.sub(r".*role=", "", labels) for labels in spent} == {'"challenger"', '"judge"'}
            assert sum(spent.values()) == pytest.approx(world.spent_usd, abs=1e-9)
            left = await figures(daemon, "understudy_budget_remaining_usd")
            assert left == {'window="day"': pytest.approx(5 - world.spent_usd, abs=1e-9)}
            calls = world.models.calls.copy()
            looked = await world.run("doctor", "--json")
            found = {each["what"]: each for each in json.loads(looked.out)}
            assert "no model is asked now" in found["state"]["said"]
            assert found["state"]["ok"]
            assert world.models.calls == calls
