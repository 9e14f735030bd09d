"""What is seen of money while the daemon spends it: its metrics, and the verbs that look on beside it."""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path

import httpx
import pytest

from tests.integration.troubled import World, ended, troubled, until
from tests.integration.world import produce


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def figures(url: str, name: str) -> dict[str, float]:
    """Return one metric, by its labels."""
    async with httpx.AsyncClient() as client:
        text = (await client.get(f"{url}/metrics")).text
    return {labels: float(value) for labels, value in re.findall(rf"(?m)^{name}\{{(.*)\}} (\S+)$", text)}


async def posted(world: World) -> bool:
    """Whether all twelve duels have come to their end."""
    found = json.loads((await world.run("status", "--json")).out)
    return bool(sum(each["duels"] for each in found["queues"] if each["state"] == "posted") == 12)


async def test_money_is_seen_beside_the_daemon(tmp_path: Path) -> None:
    """Metrics say what was spent, by model and role, and what each window has left; `doctor` asks no model then."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 6, 1)
        url = f"127.0.0.1:{free_port()}"
        world.configure(listen=f'"{url}"')
        world.config.write_text(world.config.read_text() + "\n[budget]\nper_day_usd = 5\n")
        daemon = await world.start("run")
        await until(lambda: posted(world), within_s=45)
        spent = await figures(f"http://{url}", "understudy_spent_usd")
        assert {re.sub(r".*role=", "", labels) for labels in spent} == {'"challenger"', '"judge"'}
        assert sum(spent.values()) == pytest.approx(world.spent_usd, abs=1e-9)
        assert await figures(f"http://{url}", "understudy_budget_remaining_usd") == {
            'window="day"': pytest.approx(5 - world.spent_usd, abs=1e-9)
        }
        calls = world.models.calls.copy()
        looked = await world.run("doctor", "--json")
        found = {each["what"]: each for each in json.loads(looked.out)}
        assert "no model is asked now" in found["state"]["said"]
        assert found["state"]["ok"]
        assert world.models.calls == calls
        daemon.terminate()
        assert (await ended(daemon)).code == 0
