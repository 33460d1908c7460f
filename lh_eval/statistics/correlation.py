"""Rank correlation of two measures over the same cells."""

from collections.abc import Sequence
from typing import NamedTuple


class Correlation(NamedTuple):
    """Spearman's rank correlation over `n` pairs; NaN with its interval and p where one side does not vary."""

    rho: float
    low: float
    high: float
    p: float
    n: int


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> Correlation:
    """Correlate two measures; pairs of which one is NaN are left out.

    Spearman's coefficient is Pearson's of the ranks; its 95 % interval is that of Fisher's transformation, which
    takes pairs for independent.
    """
    import numpy as np
    from scipy.stats import pearsonr, rankdata, spearmanr

    one, other = np.asarray(first, float), np.asarray(second, float)
    known = ~(np.isnan(one) | np.isnan(other))
    one, other = one[known], other[known]
    if len(one) < 4 or len(set(one)) == 1 or len(set(other)) == 1:
        nan = float("nan")
        return Correlation(nan, nan, nan, nan, len(one))
    interval = pearsonr(rankdata(one), rankdata(other)).confidence_interval(0.95)
    found = spearmanr(one, other)
    return Correlation(float(found.statistic), float(interval.low), float(interval.high), float(found.pvalue), len(one))
