"""A rate with its interval, and the mean of several."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

from lh_eval.errors import InputError


class Interval(NamedTuple):
    """Confidence interval, both ends in 0..1 for a rate and in -1..1 for a difference."""

    low: float
    high: float


class MeanRate(NamedTuple):
    """Mean of the cells' rates, each cell counting the same, with its interval."""

    rate: float
    interval: Interval


def check_level(level: float) -> None:
    """Raise InputError unless the level is one of confidence."""
    if not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1, got {level}; 0.95 is usual")


@functools.lru_cache(maxsize=4096)  # a rule for trials asks after every round for every cell's
def wilson(hits: float, n: float, level: float = 0.95) -> Interval:
    """Wilson's score interval of `hits` out of `n`; unlike the normal one it is sound at 0 and at n hits.

    Args:
        hits: successes, 0..n; a fraction is fine (see `mean_of_rates`).
        n: trials, above 0.
        level: confidence level, between 0 and 1.

    Raises:
        InputError: a value is out of range.
    """
    from statsmodels.stats.proportion import proportion_confint

    if not n > 0:
        raise InputError(f"n must be above 0, got {n}; a cell without samples has no interval")
    if not 0 <= hits <= n:
        raise InputError(f"hits must be from 0 to n = {n}, got {hits}")
    check_level(level)
    low, high = proportion_confint(hits, n, alpha=1 - level, method="wilson")
    # At the two ends the formula is exact but its rounding is not.
    return Interval(0.0 if hits == 0 else max(0.0, float(low)), 1.0 if hits == n else min(1.0, float(high)))


def mean_of_rates(hits: Sequence[float], n: Sequence[int], level: float = 0.95) -> MeanRate | None:
    """Mean over cells of hits / n; cells with n = 0 are left out, and None is the mean of no cell.

    The interval is Wilson's at the number of trials that gives a plain rate the variance of this mean,
    1 / sum(w^2 / n) with w = 1 / cells: the total where every cell has as many trials. It is a little wide, since
    the spread between cells is counted as if it were chance.

    Args:
        hits: successes of each cell; a fraction is fine.
        n: trials of each cell.
        level: confidence level.
    """
    cells = [(h, m) for h, m in zip(hits, n, strict=True) if m > 0]
    if not cells:
        return None
    rate = sum(h / m for h, m in cells) / len(cells)
    effective = len(cells) ** 2 / sum(1 / m for _, m in cells)
    return MeanRate(rate, wilson(min(rate * effective, effective), effective, level))
