"""Traffic to draw from: many users, one of them loud, and kinds of questions of very different size."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from math import sqrt

from connector.sampling.strata import Held

KINDS = {
    "refund": "refund money back charge twice card statement cancelled order bank transfer",
    "parcel": "parcel delivery tracking courier late doorstep neighbour address missing shipment",
    "login": "password login account locked reset verification email code authenticator session",
    "flight": "flight seat upgrade boarding airport gate luggage connection airline delay",
    "recipe": "recipe oven flour butter sugar bake minutes dough yeast temperature",
    "garden": "garden roses prune soil compost winter seedlings water fertilizer hedge",
    "chess": "chess opening knight bishop endgame pawn checkmate castle gambit rating",
    "violin": "violin bow strings rosin bridge tuning peg orchestra vibrato practice",
    "tax": "tax deduction income declaration deadline receipts freelancer invoice allowance audit",
    "horse": "horse saddle stable hoof gallop mane hay veterinarian riding bridle",
    "telescope": "telescope lens saturn orbit nebula eyepiece galaxy focal tripod eclipse",
    "sailing": "sailing mast rudder anchor harbour wind knots regatta hull tide",
}
"""Words of which questions of each kind are made; the first of them are common, the last ones rare."""


def questions(kind: str, count: int, rng: random.Random) -> list[str]:
    """Return different questions of one kind."""
    words = KINDS[kind].split()
    return [
        f"please tell me about the {' '.join(rng.sample(words, 6))} number {rng.random():.6f}" for _ in range(count)
    ]


def asked(sizes: dict[str, int], seed: int = 0, prefix: str = "") -> list[Held]:
    """Return turns of these kinds, each tagged with its kind, three to a conversation."""
    rng = random.Random(seed)
    texts = [(kind, text) for kind, count in sizes.items() for text in questions(kind, count, rng)]
    return [
        Held(f"{prefix}{n:06}", f"{prefix}{n // 3}", f"user {n % 97}", (("tag", kind),), text)
        for n, (kind, text) in enumerate(texts)
    ]


def skewed(count: int = 1000, loud: float = 0.4) -> list[Held]:
    """Return traffic of which one customer sends a large part, mostly with one tag."""
    turns = list[Held]()
    for n in range(count):
        is_loud = n < loud * count
        user = "loud" if is_loud else f"user {n % 60}"
        tag = ("bulk" if n % 10 else "other") if is_loud else ("chat", "search", "rare")[(n % 7 > 2) + (n % 31 == 0)]
        turns.append(Held(f"{n:05}", f"{user}/{n // 5}", user, (("tag", tag),)))
    return turns


def won(turn: Held) -> float:
    """Return what the challenger scores there: the loud customer's turns are easy for it, rare ones hard."""
    [(_, tag)] = turn.slices
    scores = {"bulk": 0.9, "other": 0.7, "chat": 0.45, "search": 0.35, "rare": 0.05}
    return scores[tag]


def mean(values: Iterable[float]) -> float:
    """Return the mean."""
    found = list(values)
    return sum(found) / len(found)


def standard_error(values: Sequence[float]) -> float:
    """Return the standard error of the mean."""
    middle = mean(values)
    return sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1) / len(values))
