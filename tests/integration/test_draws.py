"""From held turns to duels: in the store, batch by batch, through crashes and copies."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.epochs import begins, ends
from connector.intake import Rules
from connector.pipeline import duels
from connector.sampling.embedding import PackagedEmbedder
from connector.sampling.options import Sampling
from connector.sampling.sampler import Sampler
from connector.select import Selection
from connector.store.sqlite import SqliteStore
from connector.traces import Trace
from connector.turns.worth import TurnRules
from connector.types import Fate
from rollouts.embedding import Embedder
from rollouts.errors import BudgetExhausted, Retryable
from tests.duelling import arena
from tests.logged import BEGUN, assistant, growing_history, ledger, read, trace_per_turn, user
from tests.sampled import questions

EPOCH = "2026-W37"
FINGERPRINTS = {"good": "f1", "fair": "f2"}
LATE = timedelta(minutes=30)
OVER = ends(EPOCH) + LATE
MIDDLE = begins(EPOCH) + (OVER - begins(EPOCH)) / 2


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """Return an empty store."""
    found = SqliteStore(str(tmp_path / "understudy.db"))
    yield found
    await found.aclose()


def rules(**options: Any) -> Rules:
    """Return rules that hold what is read."""
    sampling = Sampling.model_validate({"strategy": "uniform", "challenges": 20, **options})
    return Rules(selection=Selection(sampling=sampling), turns=TurnRules(tools_missing="include"))


def said(count: int, prefix: str = "t", **more: Any) -> list[Trace]:
    """Return conversations of one turn each."""
    return [one for n in range(count) for one in asked(f"{prefix}{n:03}", f"what of {prefix} {n}?", **more)]


def asked(name: str, text: str, **more: Any) -> list[Trace]:
    """Return a conversation of one turn."""
    [one] = growing_history(name, [user(text), assistant(f"this of {text}")])
    return [one.model_copy(update=more)]


async def take(store: SqliteStore, traces: Sequence[Trace], how: Rules) -> int:
    """Take traces in as the engine does."""
    return sum([await store.take(taken, duels(arena(), taken)) for taken in (read(one, how) for one in traces)])


def sampler(store: SqliteStore, how: Rules, embedder: Embedder | None = None) -> Sampler:
    """Return who draws by these rules."""
    return Sampler(store, how.selection.sampling, late=LATE, embedder=embedder)


async def drawn(store: SqliteStore) -> dict[str, float]:
    """Return the weights of what was drawn."""
    sql = "select id, weight from challenge where not held"
    return dict(await store._writer.run(lambda db: db.execute(sql).fetchall()))


async def test_what_is_held_is_drawn_and_the_ledger_adds_up(store: SqliteStore) -> None:
    """Sixty turns are held without a duel; twenty are drawn, each for three; of the others a count."""
    how = rules()
    assert await take(store, said(60), how) == 0
    assert await ledger(store) == {("trace", Fate.HELD, ""): 60, ("turn", Fate.HELD, ""): 60}
    assert await sampler(store, how).draw(OVER, OVER, FINGERPRINTS) == 40
    assert list((await drawn(store)).values()) == [3.0] * 20
    fates = {Fate.CHALLENGED: 20, Fate.SAMPLED_OUT: 40}
    assert await ledger(store) == {(of, fate, ""): n for of in ("trace", "turn") for fate, n in fates.items()}
    assert await store._writer.run(lambda db: db.execute("select count(*) from challenge").fetchone()) == (20,)
    assert len(await store.due("good", "f1", 100, OVER)) == 20
    [told] = await store.draws()
    assert (told.epoch, told.number, told.held, told.drawn, told.quota) == (EPOCH, 1, 60, 20, 20)
    assert await store.drawn(None) == [f"{EPOCH}: 20 of 60 turns were drawn, in 1 draw(s), uniform."]


async def test_nothing_is_drawn_twice(store: SqliteStore) -> None:
    """Reading everything again, and drawing again, changes nothing: neither what was taken nor what was left."""
    how = rules()
    await take(store, said(60), how)
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    before = (await drawn(store), await ledger(store), await store.states())
    for again in (how, rules(challenges=500)):
        assert await take(store, said(60), again) == 0
        assert await sampler(store, again).draw(OVER, OVER, FINGERPRINTS) == 0
        assert (await drawn(store), await ledger(store), await store.states()) == before


async def test_what_a_draw_left_stays_out_also_where_all_is_taken_now(store: SqliteStore) -> None:
    """Turns that others stand for already would count twice."""
    await take(store, said(60), rules())
    await sampler(store, rules()).draw(OVER, OVER, FINGERPRINTS)
    await take(store, said(60), rules(strategy="all"))
    assert len(await drawn(store)) == 20
    assert (await ledger(store))["turn", Fate.SAMPLED_OUT, ""] == 40


async def test_the_quota_is_spread_over_the_window_and_carried_over(store: SqliteStore) -> None:
    """In the middle of the window half may be drawn; what nobody used goes to the rest; never more in sum."""
    how = rules()
    draws = sampler(store, how)
    await take(store, said(4, "a"), how)
    assert await draws.draw(MIDDLE, begins(EPOCH), FINGERPRINTS) == 0, "nothing may be drawn yet"
    assert (await ledger(store))["turn", Fate.HELD, ""] == 4
    assert await draws.draw(MIDDLE, MIDDLE, FINGERPRINTS) == 2 * 4
    await take(store, said(50, "b"), how)
    assert await draws.draw(MIDDLE, MIDDLE, FINGERPRINTS) == 2 * 6
    await take(store, said(50, "c"), how)
    assert await draws.draw(MIDDLE, MIDDLE, FINGERPRINTS) == 0
    assert await draws.draw(OVER, OVER, FINGERPRINTS) == 2 * 10
    assert [(each.held, each.drawn) for each in await store.draws()] == [(4, 4), (50, 6), (50, 10)]
    assert sum((await drawn(store)).values()) == pytest.approx(104)


async def test_what_nothing_stands_for_is_said(store: SqliteStore) -> None:
    """After the window, with its quota spent, a turn has no chance: it ends with a reason, and with a warning."""
    how = rules()
    await take(store, said(30), how)
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    await take(store, said(3, "late"), how)
    with capture_logs() as logs:
        assert await sampler(store, how).draw(OVER, OVER, FINGERPRINTS) == 0
    assert (logs[0]["event"], logs[0]["log_level"]) == ("draw.too_late", "warning")
    assert (await ledger(store))["turn", Fate.SAMPLED_OUT, "it came when the quota of its window was spent"] == 3
    assert (await store.draws())[-1].uncovered == 3


async def test_the_order_of_arrival_means_nothing(store: SqliteStore) -> None:
    """Two stores that met the same traces in another order draw the same."""
    how, other = rules(per_user=3), SqliteStore(":memory:")
    traces = said(40, user_id="u1") + said(20, "x", user_id="u2")
    await take(store, traces, how)
    await take(other, traces[::-1], how)
    for each in (store, other):
        await sampler(each, how).draw(OVER, OVER, FINGERPRINTS)
    assert await drawn(store) == await drawn(other)
    assert sum((await drawn(store)).values()) == pytest.approx(60)
    await other.aclose()


class Failing(PackagedEmbedder):
    """An embedding that cannot be had for now."""

    def __init__(self, error: Exception) -> None:
        self.error: Exception | None = error

    async def embed(self, texts: Sequence[str]) -> Any:
        """Fail as long as it is told to."""
        if self.error is not None:
            raise self.error
        return await super().embed(texts)


async def test_a_draw_that_breaks_leaves_everything_as_it_was(store: SqliteStore) -> None:
    """Before, during and after the transaction: the same draw is made at the next try."""
    how = rules(strategy="cluster")
    await take(store, said(60), how)
    before = await ledger(store)
    failing = Failing(Retryable("down"))
    with pytest.raises(Retryable):
        await sampler(store, how, failing).draw(OVER, OVER, FINGERPRINTS)
    with pytest.raises(TypeError):
        await sampler(store, how).draw(OVER, OVER, {"good": None})  # type: ignore[dict-item]  # a row that breaks
    assert (await ledger(store), await store.draws(), await drawn(store)) == (before, [], {})
    failing.error = None
    assert await sampler(store, how, failing).draw(OVER, OVER, FINGERPRINTS) == 40
    fresh = SqliteStore(":memory:")
    await take(fresh, said(60), how)
    await sampler(fresh, how).draw(OVER, OVER, FINGERPRINTS)
    assert await drawn(fresh) == await drawn(store)
    await fresh.aclose()


async def test_new_challengers_meet_what_was_drawn_and_not_what_is_held(store: SqliteStore) -> None:
    """A held turn has no duels, whoever comes."""
    how = rules()
    await take(store, said(60), how)
    assert await store.enroll("new", "f9", [EPOCH]) == 0
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    assert await store.enroll("new", "f9", [EPOCH]) == 20


async def test_what_is_held_is_taken_where_all_is_taken_now(store: SqliteStore) -> None:
    """Somebody who gives sampling up loses nothing that waited."""
    await take(store, said(60), rules())
    assert await sampler(store, rules(strategy="all")).draw(MIDDLE, MIDDLE, FINGERPRINTS) == 120
    assert set((await drawn(store)).values()) == {1.0}
    assert await ledger(store) == {("trace", Fate.CHALLENGED, ""): 60, ("turn", Fate.CHALLENGED, ""): 60}


async def test_a_share_that_changes_in_mid_week_leaves_the_totals_those_of_the_traffic(store: SqliteStore) -> None:
    """A turn that was one of five to be taken stands for five beside those that were all taken."""
    await take(store, said(300, "a"), rules(strategy="all", challenges=1, share=0.2))
    few = await drawn(store)
    assert set(few.values()) == {5.0}
    assert sum(few.values()) == pytest.approx(300, rel=0.25)
    await take(store, said(100, "b"), rules(strategy="all"))
    assert Counter((await drawn(store)).values()) == {5.0: len(few), 1.0: 100}


class Shut(SqliteStore):
    """A store whose week is closed."""

    async def closed_epochs(self, *_: Any, **__: Any) -> set[str]:
        """Name the week."""
        return {EPOCH}


async def test_a_closed_epoch_buys_nothing_more() -> None:
    """What still waits when an epoch is closed is left out, with a reason."""
    how, store = rules(challenges=4), Shut(":memory:")
    await take(store, said(10), how)
    assert await sampler(store, how).draw(MIDDLE, begins(EPOCH), FINGERPRINTS) == 0
    assert (await ledger(store))["turn", Fate.SAMPLED_OUT, "it came when the quota of its window was spent"] == 10
    assert await drawn(store) == {}
    await store.aclose()


HISTORY = [user("where is my parcel, please?"), assistant("It is on its way, says the courier today.")]
FURTHER = [*HISTORY, user("when will it come?"), assistant("Tomorrow before noon, as far as we can tell.")]


@pytest.mark.parametrize("quota", [1, 100])
async def test_copies_of_a_turn_are_one_turn_before_and_after_the_draw(store: SqliteStore, quota: int) -> None:
    """A later trace shows the turn again: it is held once, and what the draw said of it is not asked again."""
    how = rules(challenges=quota)
    first, second = trace_per_turn("s", FURTHER)
    await take(store, [second, first, second], how)
    held = {each.id for each in await store.held(EPOCH)}
    assert len(held) == 2
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    before = (await drawn(store), await ledger(store))
    assert len(before[0]) == min(quota, 2)
    await take(store, [first, second], how)
    assert (await drawn(store), await ledger(store)) == before
    assert await store.held(EPOCH) == []


async def test_a_turn_drawn_from_a_history_is_not_drawn_again_from_its_own_trace(store: SqliteStore) -> None:
    """The draw stands by the copy that it met, taken or left."""
    for number in range(8):
        name = f"s{number}"
        _, second = trace_per_turn(name, FURTHER)
        await take(store, [second], rules(challenges=8))
    shown = len(await store.held(EPOCH))
    assert shown == 16, "both turns of each, one of them from the history"
    await sampler(store, rules(challenges=8)).draw(OVER, OVER, FINGERPRINTS)
    before = (await drawn(store), (await ledger(store))["turn", Fate.SAMPLED_OUT, ""])
    for number in range(8):
        first, _ = trace_per_turn(f"s{number}", FURTHER)
        await take(store, [first], rules(challenges=8))
    assert await store.held(EPOCH) == []
    assert (await drawn(store), (await ledger(store))["turn", Fate.SAMPLED_OUT, ""]) == before


def kinds(sizes: dict[str, int], prefix: str = "", seed: int = 0) -> list[Trace]:
    """Return conversations of these kinds."""
    rng = random.Random(seed)
    texts = [text for kind, count in sizes.items() for text in questions(kind, count, rng)]
    return [one for n, text in enumerate(texts) for one in asked(f"{prefix}{n:04}", text)]


async def test_clusters_are_slices_and_keep_their_names_from_draw_to_draw(store: SqliteStore) -> None:
    """Each challenge drawn says its cluster, as a column and as a slice; the next draw has the same names."""
    how = rules(strategy="cluster", challenges=80)
    await take(store, kinds({"chess": 120, "tax": 90, "violin": 60}), how)
    await sampler(store, how).draw(MIDDLE, MIDDLE, FINGERPRINTS)
    first = {each.name for each in (await store.draws())[0].strata}
    await take(store, kinds({"chess": 40, "tax": 70, "violin": 50}, "n", 3), how)
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    second = {each.name for each in (await store.draws())[1].strata}
    assert len(first) >= 3
    assert second <= first | {"unclustered"}
    sql = "select cluster, slices from challenge"
    for cluster, slices in await store._writer.run(lambda db: db.execute(sql).fetchall()):
        assert f'["cluster","{cluster}"]' in slices
        assert cluster in first | second
    assert [each.fell_back for each in await store.draws()] == ["", ""]
    assert sum((await drawn(store)).values()) == pytest.approx(430)


@pytest.mark.parametrize("reason", ["few", "budget"])
async def test_where_there_are_no_clusters_it_is_stratified_and_said(store: SqliteStore, reason: str) -> None:
    """Collapse, and an empty purse, fall back to strata by slices; the draw and the log say why."""
    how = rules(strategy="cluster", by=["tag"])
    await take(store, [*said(30, tags=("a",)), *said(10, "x", tags=("b",))], how)
    embedder = Failing(BudgetExhausted("$1 of $1 are spent")) if reason == "budget" else None
    with capture_logs() as logs:
        await sampler(store, how, embedder).draw(OVER, OVER, FINGERPRINTS)
    [told] = await store.draws()
    assert ("no money is left" if reason == "budget" else "only 40 different texts") in told.fell_back
    assert {each.name: (each.held, each.drawn) for each in told.strata} == {"a": (30, 15), "b": (10, 5)}
    assert f"{EPOCH}: draw 1 was stratified instead: {told.fell_back}." in await store.drawn(EPOCH)
    assert logs[0]["event"] == "draw.fell_back"
    assert logs[0]["log_level"] == "warning"
    assert sum((await drawn(store)).values()) == pytest.approx(40)


async def test_the_daemon_waits_between_draws(store: SqliteStore) -> None:
    """The first draw is made at once, the next after `every`, also after a restart."""
    how = rules(every="6h")
    assert await sampler(store, how).is_due(MIDDLE)
    await take(store, said(5), how)
    await sampler(store, how).draw(MIDDLE, MIDDLE, FINGERPRINTS)
    assert not await sampler(store, how).is_due(MIDDLE + timedelta(hours=5))
    assert await sampler(store, how).is_due(MIDDLE + timedelta(hours=6))


async def test_epochs_have_quotas_of_their_own(store: SqliteStore) -> None:
    """A trace of the week before is drawn from its own week."""
    how = rules()
    before = [one for n in range(30) for one in asked(f"w{n:02}", f"then {n}?")]
    moved = [_moved(one, -timedelta(days=7)) for one in before]
    await take(store, [*said(30), *moved], how)
    await sampler(store, how).draw(OVER, OVER, FINGERPRINTS)
    assert Counter((each.epoch, each.drawn) for each in await store.draws()) == {("2026-W36", 20): 1, (EPOCH, 20): 1}


def _moved(one: Trace, by: timedelta) -> Trace:
    later = [o.model_copy(update={"started_at": o.started_at + by}) for o in one.observations]
    return one.model_copy(update={"started_at": one.started_at + by, "observations": tuple(later)})


def test_the_week_of_these_tests_is_the_one_they_name() -> None:
    """The clock of the builder lies in that epoch."""
    assert begins(EPOCH) < BEGUN < ends(EPOCH) < datetime.now(UTC)
