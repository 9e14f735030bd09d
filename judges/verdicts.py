"""What labels are worth, and how the rounds of one judge add up to a judgment."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from judges.labels import spoken
from judges.types import Judgment, Label, Method, Round, Verdict

SEVENTHS: Final = {
    Label.A_MUCH_BETTER: Fraction(1),
    Label.A_BETTER: Fraction(6, 7),
    Label.TIE: Fraction(1, 2),
    Label.B_BETTER: Fraction(1, 7),
    Label.B_MUCH_BETTER: Fraction(0),
}
"""What a label is worth to the answer in seat A."""

WEIGHT_3: Final = {label: 3 if ">>" in label else 1 for label in Label}
"""How many battles Arena-Hard counts for a label. A different scale from `SEVENTHS`: never compare the two."""

_REASON_CHARS = 1000
_EVEN: Final = 0.5
_ROUNDING: Final = 1e-9
"""Sevenths have no exact floats; no two means of them are as near as this."""


def score(label: Label, challenger_seat: str) -> float:
    """Return what `label` is worth to the challenger, 0 to 1, on the scale of sevenths."""
    return float(_worth(label, challenger_seat))


def battles(label: Label, challenger_seat: str) -> tuple[float, int]:
    """Return how many battles the challenger won in Arena-Hard's `WEIGHT_3`, a tie as half a one, and of how many."""
    worth, fought = _worth(label, challenger_seat), WEIGHT_3[label]
    return (0.5 if label is Label.TIE else float(fought * (worth > Fraction(1, 2)))), fought


def add_up(judge: str, rounds: Sequence[Round], *, method: Method | None = None) -> Judgment:
    """Return the mean of both seats, or an unreadable judgment if any seat has no readable round.

    Where a seat was tried several times, it is worth the mean of those that could be read, or what most of them say if
    `method` counts votes.
    """
    seats = [seat_worth(rounds, seat, method) for seat in dict.fromkeys(look.challenger_seat for look in rounds)]
    worths = [worth for worth in seats if worth is not None]
    readable = bool(worths) and len(worths) == len(seats)
    mean = sum(worths, Fraction(0)) / len(worths) if readable else None
    alike = len({outcome(worth) for worth in worths}) == 1
    return concluded(judge, mean, rounds, method=method, consistent=alike if readable and len(worths) > 1 else None)


def concluded(
    judge: str,
    score: Fraction | float | None,
    rounds: Sequence[Round],
    *,
    method: Method | None = None,
    consistent: bool | None = None,
) -> Judgment:
    """Return the judgment that rests on `score`, which is `None` where the judge could not be read."""
    verdict = Verdict.UNREADABLE if score is None else outcome(score)
    return Judgment(
        judge=judge,
        verdict=verdict,
        score=None if score is None else float(score),
        consistent=consistent,
        reason=_reason(verdict, score, rounds),
        rounds=tuple(rounds),
        method=method,
    )


def seat_worth(rounds: Sequence[Round], seat: str | None, method: Method | None = None) -> Fraction | float | None:
    """Return what the rounds with the challenger in `seat` say together; `None` if none of them could be read."""
    worths = [worth for look in counted(rounds, method)[seat] if (worth := _round_worth(look)) is not None]
    return sum(worths, Fraction(0)) / len(worths) if worths else None


def seat_bias(judgment: Judgment) -> float | None:
    """Return what whoever sat in A got beyond half; `None` unless the challenger sat in both seats and was read there.

    Without a liking for a seat it is 0 on average, however good the challenger is.
    """
    first, second = (seat_worth(judgment.rounds, seat, judgment.method) for seat in ("A", "B"))
    return None if first is None or second is None else float((first + 1 - second) / 2) - _EVEN


def counted(rounds: Sequence[Round], method: Method | None = None) -> defaultdict[str | None, list[Round]]:
    """Return the readable rounds that count, by the challenger's seat: all, or those that say what most of them say.

    Where two are equally frequent, the vote is divided and all of them count.
    """
    seats = defaultdict[str | None, list[Round]](list)
    for look in rounds:
        if look.score is not None:
            seats[look.challenger_seat].append(look)
    if method is not None and method.majority:
        for seat, some in seats.items():
            seats[seat] = _most(some)
    return seats


def _most(some: Sequence[Round]) -> list[Round]:
    (leading, votes), *others = Counter(look.score for look in some).most_common()
    divided = any(count == votes for _, count in others)
    return list(some) if divided else [look for look in some if look.score == leading]


def _round_worth(look: Round) -> Fraction | float | None:
    """Sevenths as fractions, so that means of them are exact."""
    if look.label is not None and look.challenger_seat is not None:
        return _worth(look.label, look.challenger_seat)
    return look.score


def outcome(score: Fraction | float) -> Verdict:
    """Return what a score says: a tie is exactly half, but for rounding."""
    if abs(score - _EVEN) < _ROUNDING:
        return Verdict.TIE
    return Verdict.WIN if score > _EVEN else Verdict.LOSS


def headline(verdict: Verdict, score: Fraction | float | None) -> str:
    """Return verdict and score as a sentence."""
    return f"{verdict.capitalize()}." if score is None else f"{verdict.capitalize()}, {float(score):.3f} of 1."


def _worth(label: Label, challenger_seat: str) -> Fraction:
    return SEVENTHS[label] if challenger_seat == "A" else 1 - SEVENTHS[label]


def _reason(verdict: Verdict, score: Fraction | float | None, rounds: Sequence[Round]) -> str:
    """One paragraph: the outcome, then each round's label with the end of what the judge said."""
    head = headline(verdict, score)
    if not rounds:
        return head
    room = (_REASON_CHARS - len(head)) // len(rounds)
    return " ".join([head, *(_account(round_, room - 1) for round_ in rounds)])


def _account(round_: Round, room: int) -> str:
    said = f"{round_.score:.3f}" if round_.score is not None else round_.problem or "no label"
    finding = f"[[{round_.label}]]" if round_.label else said
    start = f"Challenger in seat {round_.challenger_seat or '—'}: {finding[:80]}"
    text = " ".join(spoken(round_.text).split())
    left = room - len(start) - len(" (“…”)")
    if not text or left < 1:
        return start[:room]
    return f"{start} (“{text if len(text) <= left else '…' + text[-left:]}”)"
