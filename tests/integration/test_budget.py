"""Money is spent only where somebody has agreed to it, and never more than that."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.troubled import troubled
from tests.integration.world import CONFIG, config, produce, understudy


async def test_nothing_is_spent_off_a_terminal_without_consent(tmp_path: Path) -> None:
    """Exit 3, a hint of how to agree, and no model was asked."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 3, 1)
        ran = await world.run("once")
        assert ran.code == 3
        assert "--yes" in ran.err
        assert "MAXIMUM SPEND" in ran.err
        assert world.models.calls.total() == 0


async def test_a_budget_holds_and_more_money_resumes(tmp_path: Path) -> None:
    """Exit 4 before a call that could overrun it, whatever runs side by side; a second run pays nothing again."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 6, 1)
        stopped = await world.run("once", "--yes", "--max-cost", "0.045")
        assert stopped.code == 4, stopped.err
        assert "hint: raise the budget" in stopped.err
        assert 0 < world.spent_usd <= 0.045
        assert 0 < sum(s.name == "understudy_verdict" for s in world.langfuse.scores()) < 12
        resumed = await world.run("once", "--yes", "--max-cost", "100")
        assert resumed.code == 0, resumed.err
        assert set(world.models.bodies.values()) == {1}
        assert sum(s.name == "understudy_verdict" for s in world.langfuse.scores()) == 12


async def test_a_budget_too_small_for_one_call_buys_none(tmp_path: Path) -> None:
    """Exit 4, and no model was asked."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, 1)
        ran = await world.run("once", "--yes", "--max-cost", "0.000001")
        assert ran.code == 4, ran.err
        assert world.models.calls.total() == 0


@pytest.mark.parametrize("usd", ["nan", "inf", "1e308", "-1"])
async def test_what_is_no_amount_is_refused(tmp_path: Path, usd: str) -> None:
    """Exit 2 in a sentence, on the command line and in the file, for limits and for prices."""
    path = config(tmp_path)
    said = await understudy("once", "--yes", f"--max-cost={usd}", "-c", str(path))
    assert (said.code, "Invalid value for '--max-cost'" in said.err) == (2, True), said.err
    config(tmp_path, f"{CONFIG}price = {{ input = {usd}, output = 1 }}\n[budget]\nper_day_usd = {usd}\n")
    said = await understudy("plan", "-c", str(path))
    assert said.code == 2, said.err
    assert "budget.per_day_usd = " in said.err
    assert "challengers.copy.price.input = " in said.err


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('unsupported = ["max_tokens"]', "challengers.good.unsupported"),
        ("extra_body = { max_completion_tokens = 60000 }", "challengers.good.extra_body.max_completion_tokens"),
        ("extra_body = { n = 3 }", "challengers.good.extra_body.n"),
        ("parameters = { max_tokens = -1 }", "max_tokens must be greater than 0"),
    ],
)
async def test_a_length_that_nobody_limits_is_refused_before_it_overruns_a_budget(
    tmp_path: Path, table: str, said: str
) -> None:
    """Exit 2 with the key that keeps the limit from the server, and no model was asked; free models may."""
    async with troubled(tmp_path) as world:
        await produce(world.langfuse, 2, 1)
        text = world.config.read_text(encoding="utf-8").replace("[challengers.good]", f"[challengers.good]\n{table}")
        world.config.write_text(text, encoding="utf-8")
        ran = await world.run("once", "--yes", "--max-cost", "0.1")
        assert (ran.code, world.models.calls.total()) == (2, 0), ran.err
        assert said in ran.err
        if "parameters" not in table:
            free = re.sub(r"(good-1(?:.|\n)*?)price = .*", r"\1free = true", text)
            world.config.write_text(free, encoding="utf-8")
            assert (await world.run("once", "--yes", "--max-cost", "1")).code == 0
