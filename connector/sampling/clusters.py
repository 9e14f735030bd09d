"""Kinds of questions, found by what they say: vectors → clusters with names that last. Pure, and slow.

HDBSCAN (Campello, Moulavi and Sander 2013) finds groups of any size and leaves out what belongs to none. It runs on at
most `MOST` different texts after principal components have made them small; all others go to the nearest centroid if it
is as near as most of its own. Where its broad clusters collapse into one, its finest are taken.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from connector.sampling import terms
from connector.sampling.strata import Held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Labels = NDArray[np.intp]

UNCLUSTERED: Final = "unclustered"
"""What is like nothing else; a stratum of its own."""
FEWEST: Final = 50
"""Different texts below which clusters mean nothing."""
MOST: Final = 10_000
"""Different texts that HDBSCAN looks at: its time grows with their square."""
COLLAPSED: Final = 0.8
"""The share of different texts in one group from which on they are not divided at all."""
SAME: Final = 0.2
"""The most cosine distance between centroids of one cluster in two windows."""

_DIMENSIONS: Final = 50
_NEIGHBOURS: Final = 5
_SMALLEST: Final = 8
_NEAR: Final = 0.95
_NOISE: Final = -1
_SPREAD: Final = 1e-3


class Cluster(NamedTuple):
    """A kind of question."""

    name: str
    centroid: Vectors
    radius: float
    """The cosine distance from the centroid within which 95 % of its texts lie."""
    size: int
    """Turns in it."""


class Clustered(NamedTuple):
    """Where each turn belongs."""

    names: Mapping[str, str]
    """The cluster of each turn, by the turn's id."""
    clusters: tuple[Cluster, ...] = ()
    trouble: str = ""
    """Why there are no clusters worth the name; empty where there are."""


def clustered(held: Sequence[Held], vectors: Mapping[str, Vectors], known: Sequence[Cluster]) -> Clustered:
    """Find the clusters of `held` by the vectors of their texts; those that are `known` keep their names."""
    texts = sorted({each.text for each in held if each.text in vectors})
    if len(texts) < FEWEST:
        return Clustered({}, trouble=f"only {len(texts)} different texts, and clusters need {FEWEST}")
    space = _unit([vectors[text] for text in texts])
    labels, trouble = _labels(space)
    if trouble:
        return Clustered({}, trouble=trouble)
    turns = Counter(each.text for each in held)
    labels = _repeated(labels, [turns[text] for text in texts])
    found = _shapes(space, labels)
    kept = _kept(found, known)
    strangers = [each for each in known if each.name not in kept.values()]
    shapes = [*found, *((each.centroid, each.radius) for each in strangers)]
    labels = _adopted(space, labels, shapes, len(found))
    called = [
        *_names(held, dict(zip(texts, labels, strict=True)), len(found), kept, known),
        *(s.name for s in strangers),
    ]
    of = {text: UNCLUSTERED if label == _NOISE else called[label] for text, label in zip(texts, labels, strict=True)}
    names = {each.id: of.get(each.text, UNCLUSTERED) for each in held}
    sizes = Counter(names.values())
    clusters = (Cluster(called[n], centroid, radius, sizes[called[n]]) for n, (centroid, radius) in enumerate(found))
    return Clustered(names, tuple(clusters))


def _labels(space: Vectors) -> tuple[Labels, str]:
    """Return the cluster of each text, or `_NOISE`, and what is wrong with them."""
    import numpy as np  # noqa: PLC0415  heavy, and needed for few
    from sklearn.cluster import HDBSCAN  # type: ignore[import-untyped]  # noqa: PLC0415
    from sklearn.decomposition import PCA  # type: ignore[import-untyped]  # noqa: PLC0415

    if np.linalg.norm(space.mean(axis=0)) > 1 - _SPREAD:
        return np.full(len(space), _NOISE), f"all {len(space):,} different texts have about the same vector"
    looked_at = np.linspace(0, len(space) - 1, min(len(space), MOST)).round().astype(int)
    dimensions = min(_DIMENSIONS, space.shape[1], len(looked_at))
    few = _unit(PCA(dimensions, svd_solver="randomized", random_state=0).fit_transform(space[looked_at]))
    labels = np.full(len(space), _NOISE)
    for method in ("eom", "leaf"):
        least = max(_SMALLEST, round(len(few) ** 0.5 / 5))
        search = HDBSCAN(min_cluster_size=least, min_samples=_NEIGHBOURS, cluster_selection_method=method, copy=True)
        labels[looked_at] = search.fit(few).labels_
        [(group, size)] = Counter(labels[looked_at].tolist()).most_common(1)
        if size <= COLLAPSED * len(few):
            return labels, ""
    kind = "are like nothing else" if group == _NOISE else "fall into one cluster"
    return labels, f"{size:,} of {len(few):,} different texts {kind}"


def _repeated(labels: Labels, turns: Sequence[int]) -> Labels:
    """Make a cluster of each text that is like no other, but said over and over."""
    following = int(labels.max()) + 1
    for place, count in enumerate(turns):
        if labels[place] == _NOISE and count >= _SMALLEST:
            labels[place] = following
            following += 1
    return labels


def _shapes(space: Vectors, labels: Labels) -> list[tuple[Vectors, float]]:
    """Return centroid and radius of each cluster, in the order of their labels."""
    import numpy as np  # noqa: PLC0415

    found: list[tuple[Vectors, float]] = []
    for label in range(int(labels.max()) + 1):
        own = space[labels == label]
        centroid = _unit([own.mean(axis=0)])[0]
        found.append((centroid, float(np.quantile(1 - own @ centroid, _NEAR))))
    return found


def _adopted(space: Vectors, labels: Labels, shapes: Sequence[tuple[Vectors, float]], found: int) -> Labels:
    """Give what has no cluster to the nearest centroid that is near enough.

    So is what is nearer to a cluster known from before, beyond those `found`, of which too little came to find it.
    """
    import numpy as np  # noqa: PLC0415

    distances = 1 - space @ np.stack([centroid for centroid, _ in shapes]).T
    nearest = distances.argmin(axis=1)
    near = distances.min(axis=1) <= np.array([radius for _, radius in shapes])[nearest]
    adopted: Labels = np.where(near & ((labels == _NOISE) | (nearest >= found)), nearest, labels)
    return adopted


def _kept(found: Sequence[tuple[Vectors, float]], known: Sequence[Cluster]) -> dict[int, str]:
    """Return which of the clusters found are known, by the assignment that moves all centroids least in sum."""
    import numpy as np  # noqa: PLC0415
    from scipy.optimize import linear_sum_assignment  # type: ignore[import-untyped]  # noqa: PLC0415

    if not known:
        return {}
    distances = 1 - np.stack([centroid for centroid, _ in found]) @ np.stack([each.centroid for each in known]).T
    pairs = zip(*linear_sum_assignment(np.where(distances <= SAME, distances, 2.0)), strict=True)
    return {int(row): known[column].name for row, column in pairs if distances[row, column] <= SAME}


def _names(
    held: Sequence[Held], labels: Mapping[str, int], count: int, kept: Mapping[int, str], known: Sequence[Cluster]
) -> list[str]:
    said = [defaultdict[str, list[str]](list) for _ in range(count)]
    for each in held:
        if 0 <= labels.get(each.text, _NOISE) < count:
            said[labels[each.text]][each.conversation_id].append(each.text)
    fresh = terms.names(said, [UNCLUSTERED, *(each.name for each in known)])
    return [kept.get(number, name) for number, name in enumerate(fresh)]


def _unit(vectors: Sequence[Vectors] | Vectors) -> Vectors:
    import numpy as np  # noqa: PLC0415

    stacked = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(stacked, axis=1, keepdims=True)
    divided: Vectors = np.divide(stacked, lengths, out=np.zeros_like(stacked), where=lengths > 0)
    return divided
