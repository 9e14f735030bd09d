"""How sure a mean over conversations is, and what it would take to be surer.

`sd` is the standard deviation of what each conversation contributes (as in `Difference.sd`): the standard error of the
mean is `sd / √conversations`.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from judges.standings.bootstrap import student

_FEWEST = 2
_NORMAL = 10_000  # degrees of freedom beyond which a short formula is as good as the long one


def p_value(estimate: float, sd: float, conversations: int, *, freedom: int | None = None) -> float | None:
    """Return the two-sided p-value of `estimate` being 0, by Student's t over conversations; `None` below two.

    Conversations of very different length leave fewer degrees of `freedom` than their number less one.
    It never falls under 2^(1-n), the least that a sign test of n conversations can give (Conover 1999, "Practical
    Nonparametric Statistics", §3.4). So a few conversations that all say the same, without any spread, prove little.
    """
    if conversations < _FEWEST:
        return None
    if estimate == 0:
        return 1.0
    t = abs(estimate) * math.sqrt(conversations) / sd if sd else math.inf
    return max(_beyond(t, freedom or conversations - 1), 2.0 ** (1 - conversations))


def detectable(sd: float, conversations: int, *, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """Return the smallest true difference that would be found with chance `power`; `None` where nothing is known.

    (t(1 - alpha/2) + t(power)) · sd / √n with n-1 degrees of freedom: Bloom 1995, "Minimum Detectable Effects",
    Evaluation Review 19, 547-556; in Miller 2024, arXiv 2411.00640, §5. Without any spread nothing is known.
    """
    if conversations < _FEWEST or not sd:
        return None
    freedom = conversations - 1
    return (student(1 - alpha / 2, freedom) + student(power, freedom)) * sd / math.sqrt(conversations)


def more_conversations(sd: float, conversations: int, half_width: float, *, level: float = 0.95) -> int | None:
    """Return how many more conversations make the interval at most ±`half_width`; `None` where nothing is known.

    The smallest n with t · sd / √n ≤ half_width (Cochran 1977, "Sampling Techniques", chapter 4), t with n-1 degrees of
    freedom.
    """
    if half_width <= 0:
        raise ValueError(f"a half-width of {half_width} is never reached")
    if conversations < _FEWEST or not sd:
        return None
    wanted = max(_FEWEST, math.ceil((NormalDist().inv_cdf(0.5 + level / 2) * sd / half_width) ** 2))
    while student(0.5 + level / 2, wanted - 1) * sd / math.sqrt(wanted) > half_width:
        wanted += 1
    return max(0, wanted - conversations)


def _beyond(t: float, freedom: int) -> float:
    """Return the chance of |t| or more.

    Abramowitz and Stegun 1964, 26.7.3 and 26.7.4, which are exact, to some 1e-14; for many degrees 26.7.8.
    """
    if math.isinf(t):
        return 0.0
    if freedom > _NORMAL:
        return math.erfc(t * (1 - 0.25 / freedom) / math.sqrt(2 + t * t / freedom))
    angle = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    ratios = np.arange(1 + odd, freedom - 2 + odd, 2)[: (freedom - 2 + odd) // 2]
    terms = np.cumprod(np.concatenate([[1.0], ratios / (ratios + 1) * math.cos(angle) ** 2]))
    if odd:
        series = math.sin(angle) * math.cos(angle) * float(terms.sum()) if freedom > 1 else 0.0
        return max(0.0, 1 - (angle + series) * 2 / math.pi)
    return max(0.0, 1 - math.sin(angle) * float(terms.sum()))
