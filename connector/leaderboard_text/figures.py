"""Figures as short text. What is unknown is a dash."""

from __future__ import annotations

from typing import Final

DASH: Final = "—"
NO_SPREAD: Final = "no spread"
_MANY: Final = 10_000
_NO_WIDTH: Final = 1e-9


def percent(share: float | None, digits: int = 1) -> str:
    """Write a share of 1."""
    return DASH if share is None else f"{100 * share:.{digits}f} %"


def points(difference: float | None) -> str:
    """Write a difference of shares in points, with its sign."""
    return DASH if difference is None else f"{100 * difference:+.1f}"


def size(difference: float | None) -> str:
    """Write a distance in points."""
    return DASH if difference is None else f"{100 * difference:.1f}"


def bounds(low: float | None, high: float | None) -> str:
    """Write an interval in points; one without width is none, for it comes from conversations that all say the same."""
    if low is None or high is None:
        return DASH
    return f"{100 * low:.1f} … {100 * high:.1f}" if high - low > _NO_WIDTH else NO_SPREAD


def within(share: float | None, low: float | None, high: float | None) -> str:
    """Write a share with its interval, where there is one."""
    if share is None:
        return DASH
    return percent(share) if low is None or high is None else f"{100 * share:.1f} ({bounds(low, high)})"


def count(number: int) -> str:
    """Write a number in at most five characters up to a thousand millions: exact below ten thousand."""
    if number < _MANY:
        return str(number)
    scaled, unit = (number / 1e3, "k") if number < 999_500 else (number / 1e6, "M")  # noqa: PLR2004
    return f"{scaled:.1f}{unit}" if scaled < 99.95 else f"{scaled:.0f}{unit}"  # noqa: PLR2004


def places(best: int | None, worst: int | None) -> str:
    """Write a place, or from which to which it may be."""
    if best is None or worst is None:
        return DASH
    return str(best) if best == worst else f"{best}–{worst}"  # noqa: RUF001


def dollars(amount: float | None) -> str:
    """Write USD with three or four digits."""
    if amount is None:
        return DASH
    if amount >= 1_000:  # noqa: PLR2004
        return count(round(amount))
    return f"{amount:.2f}" if amount >= 1 or amount == 0 else f"{amount:.3g}"


def seconds(duration_s: float | None) -> str:
    """Write seconds with about three digits."""
    if duration_s is None:
        return DASH
    digits = 2 if duration_s < 9.995 else 1 if duration_s < 99.95 else 0  # noqa: PLR2004
    return f"{duration_s:.{digits}f}"


def chance(p_value: float | None) -> str:
    """Write a p-value."""
    if p_value is None:
        return DASH
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004


def elo(strength: float | None, low: float | None, high: float | None) -> str:
    """Write a rating with its interval, where there is one."""
    if strength is None:
        return DASH
    if low is None or high is None:
        return f"{strength:.0f}"
    return f"{strength:.0f} ({low:.0f} … {high:.0f})" if high - low > _NO_WIDTH else f"{strength:.0f} ({NO_SPREAD})"
