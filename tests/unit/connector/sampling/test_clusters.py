"""Clusters: found, named, kept from window to window, and doubted where they collapse."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.sampling import clusters, terms
from connector.sampling.clusters import UNCLUSTERED, Cluster, Clustered, clustered
from connector.sampling.draw import Batch, draw
from connector.sampling.embedding import PackagedEmbedder
from connector.sampling.options import Sampling
from connector.sampling.strata import Held
from tests.sampled import KINDS, asked

TAU = Path(__file__).resolve().parents[5] / "shared/data/tau/taubench_airline_gpt-4o.jsonl.gz"
COMMON, RARE = list(KINDS)[:3], list(KINDS)[3:]
SIZES = {**dict(zip(COMMON, (1200, 900, 795), strict=True)), **dict.fromkeys(RARE, 15)}
"""Of 3,030 turns, nine kinds are half a percent each; the largest is 40 % of all."""


def found(held: Sequence[Held], known: Sequence[Cluster] = ()) -> Clustered:
    """Cluster with the packaged embedding."""
    texts = sorted({each.text for each in held if each.text})
    vectors: Any = asyncio.run(PackagedEmbedder().embed(texts)) if texts else ()
    return clustered(held, dict(zip(texts, vectors, strict=True)), known)


def kind(turn: Held) -> str:
    """Return of which kind a turn is."""
    [(_, tag)] = turn.slices
    return tag


@pytest.fixture(scope="module")
def traffic() -> list[Held]:
    """Return one window."""
    return asked(SIZES)


@pytest.fixture(scope="module")
def window(traffic: list[Held]) -> Clustered:
    """Return its clusters."""
    return found(traffic)


def test_kinds_of_questions_are_found_also_rare_ones(traffic: list[Held], window: Clustered) -> None:
    """Almost all turns of a kind share a cluster with few of any other kind."""
    assert not window.trouble
    members = Counter((window.names[turn.id], kind(turn)) for turn in traffic)
    for name in RARE:
        [(cluster, count)] = Counter({c: n for (c, k), n in members.items() if k == name}).most_common(1)
        others = sum(n for (c, k), n in members.items() if c == cluster and k != name)
        assert cluster != UNCLUSTERED, name
        assert count >= 12, name
        assert others <= 3, name


def test_the_cluster_sample_finds_kinds_that_a_uniform_one_misses(traffic: list[Held], window: Clustered) -> None:
    """Must hold: of nine rare kinds, 120 of 3,030 turns find all by cluster, for any seed, and about four uniformly."""
    kinds = {turn.id: kind(turn) for turn in traffic}

    def rare_found(strata: dict[str, str], strategy: Any, seed: int) -> int:
        drawn = draw(traffic, strata, Batch("2026-W47", 1, 120), Sampling(strategy=strategy, seed=seed))
        return len({kinds[each] for each in drawn.weights} & set(RARE))

    uniform = [rare_found(dict.fromkeys(kinds, "all"), "uniform", seed) for seed in range(30)]
    cluster = [rare_found(dict(window.names), "cluster", seed) for seed in range(30)]
    assert min(cluster) == len(RARE)
    assert max(uniform) < len(RARE)
    assert sum(uniform) / 30 < len(RARE) / 2 + 1


def test_clusters_are_named_by_their_words(traffic: list[Held], window: Clustered) -> None:
    """Names are made of words that only their own kind uses, and not of those that all use."""
    by_name = dict(zip(window.names.values(), window.names, strict=False))
    kinds = {turn.id: kind(turn) for turn in traffic}
    assert len(by_name) > 9
    for name in by_name.keys() - {UNCLUSTERED}:
        assert not {"please", "about", "number"} & set(name.split())
        most = Counter(kinds[each] for each, called in window.names.items() if called == name).most_common(1)[0][0]
        assert set(name.split()) <= set(KINDS[most].split())


def test_names_last_from_window_to_window(traffic: list[Held], window: Clustered) -> None:
    """The same kinds with other words in another mix keep their names; a new kind gets one of its own."""
    old = {kind(turn): window.names[turn.id] for turn in traffic}
    fresh = asked({**dict.fromkeys(COMMON, 300), **dict.fromkeys(RARE[:-1], 40)}, seed=5, prefix="n")
    again = found(fresh, [each for each in window.clusters if each.name != old[RARE[-1]]])
    for name in RARE[:-1]:
        own = Counter(again.names[turn.id] for turn in fresh if kind(turn) == name)
        assert own.most_common(1)[0][0] == old[name]
    newcomer = asked({**dict.fromkeys(COMMON, 300), RARE[-1]: 40}, seed=6, prefix="m")
    known = [each for each in window.clusters if each.name != old[RARE[-1]]]
    again = found(newcomer, known)
    [(called, _)] = Counter(again.names[turn.id] for turn in newcomer if kind(turn) == RARE[-1]).most_common(1)
    assert called not in {each.name for each in known} | {UNCLUSTERED}


def test_the_order_of_arrival_means_nothing(traffic: list[Held], window: Clustered) -> None:
    """The same turns in another order are the same clusters."""
    assert dict(found(traffic[::-1]).names) == dict(window.names)


def test_a_kind_too_small_to_be_seen_today_is_known_from_before(window: Clustered, traffic: list[Held]) -> None:
    """Three turns make no cluster, but they are near one that is known."""
    old = {kind(turn): window.names[turn.id] for turn in traffic}
    fresh = asked({**dict.fromkeys(COMMON, 200), RARE[0]: 3}, seed=9, prefix="n")
    again = found(fresh, window.clusters)
    assert {again.names[turn.id] for turn in fresh if kind(turn) == RARE[0]} == {old[RARE[0]]}


def test_what_is_said_over_and_over_is_a_cluster() -> None:
    """A text that is like no other but comes 400 times is no noise."""
    held = asked({"chess": 100, "tax": 100})
    held += [Held(f"x{n:03}", f"x{n}", None, (), "zzkq vmbp wrtx unsubscribe") for n in range(400)]
    window = found(held)
    assert not window.trouble
    assert len({window.names[f"x{n:03}"] for n in range(400)} - {UNCLUSTERED}) == 1


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (asked({"chess": 20, "tax": 20}), "only 40 different texts"),
        ([Held(str(n), str(n)) for n in range(500)], "only 0 different texts"),
        ([Held(str(n), str(n), None, (), "same " * (n % 3)) for n in range(500)], "only 2 different texts"),
    ],
)
def test_too_few_texts_are_no_clusters(held: list[Held], said: str) -> None:
    """Under fifty different texts nothing is clustered, and that is said."""
    assert said in found(held).trouble


def test_collapse_is_noticed() -> None:
    """One cloud without parts, and points that are like nothing else, are no clusters."""
    import numpy as np  # noqa: PLC0415

    rng = np.random.default_rng(0)
    held = [Held(str(n), str(n), None, (), f"text {n}") for n in range(800)]
    scattered = dict(zip([each.text for each in held], rng.normal(size=(800, 200)).astype(np.float32), strict=True))
    assert "of 800 different texts" in clustered(held, scattered, []).trouble
    base = rng.normal(size=200)
    one = {each.text: (base + 1e-6 * rng.normal(size=200)).astype(np.float32) for each in held}
    assert "about the same vector" in clustered(held, one, []).trouble


def test_more_texts_than_are_looked_at_have_clusters_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit, the nearest centroid decides."""
    monkeypatch.setattr(clusters, "MOST", 400)
    held = asked({"chess": 700, "tax": 700, "violin": 700})
    window = found(held)
    own = {kind(turn): window.names[turn.id] for turn in held if window.names[turn.id] != UNCLUSTERED}
    right = sum(window.names[turn.id] != UNCLUSTERED for turn in held)
    assert len(set(own.values())) >= 3
    assert right > 1800


def test_a_name_needs_several_speakers_and_shows_no_mask() -> None:
    """A word that one conversation repeats, and a placeholder of what was masked, name nothing."""
    cluster = {f"c{n}": ["where is my parcel <EMAIL_1>", "mallory mallory"][: 1 + (n == 0)] for n in range(5)}
    other = {f"d{n}": ["where is the chess club <PERSON_2>"] for n in range(5)}
    [name, _] = terms.names([cluster, other])
    assert set(name.split()) <= {"my", "parcel"} | {"is", "where"}
    assert "parcel" in name
    assert "mallory" not in name
    assert "email" not in name


def test_names_are_unlike_each_other_and_those_before() -> None:
    """Two clusters of the same words, and one that was known, are told apart."""
    cluster = {f"c{n}": ["red green blue"] for n in range(5)}
    names = terms.names([cluster, cluster, cluster], ["blue green red"])
    assert len({*names, "blue green red"}) == 4
    assert terms.names([{}]) == [terms.NAMELESS]


def test_languages_without_spaces_have_names() -> None:
    """Chinese is named by pairs of characters."""
    parcel = {f"c{n}": [f"我的包裹在哪里{n}"] for n in range(5)}
    money = {f"d{n}": [f"请退还我的钱款{n}"] for n in range(5)}
    [name, _] = terms.names([parcel, money])
    assert "包裹" in name or "哪里" in name or "在哪" in name


@pytest.mark.skipif(not TAU.exists(), reason="needs /shared/data/tau beside the repository")
def test_real_conversations_fall_into_many_clusters() -> None:
    """What 200 users of tau-bench say is neither one cluster nor noise."""
    held = list[Held]()
    with gzip.open(TAU, "rt", encoding="utf-8") as lines:
        next(lines)
        for number, line in enumerate(lines):
            said = [m["content"] for m in json.loads(line)["messages"] if m["role"] == "user" and m.get("content")]
            held += [Held(f"{number}-{n:03}", str(number), None, (), text) for n, text in enumerate(said)]
    window = found(held)
    sizes = Counter(window.names.values())
    assert not window.trouble
    assert len(window.clusters) >= 10
    assert sizes[UNCLUSTERED] < 0.6 * len(held)
