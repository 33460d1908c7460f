"""Two settings on the same samples: exact test, interval of the difference, and many tests at once."""

import math
from collections.abc import Sequence

from lh_eval.errors import InputError
from lh_eval.statistics.rates import Interval, wilson


def mcnemar_exact(gained: int, lost: int) -> float:
    """Two-sided p-value of McNemar's exact test: do two settings differ on the same samples?

    Args:
        gained: samples that only the first setting got right.
        lost: samples that only the second got right.

    Raises:
        InputError: a count is negative.
    """
    from statsmodels.stats.contingency_tables import mcnemar

    if gained < 0 or lost < 0:
        raise InputError(f"gained and lost must be counts, got {gained} and {lost}")
    if gained + lost == 0:
        return 1.0
    return min(1.0, float(mcnemar([[0, gained], [lost, 0]], exact=True).pvalue))


def paired_difference(both: int, gained: int, lost: int, neither: int, level: float = 0.95) -> Interval:
    """Interval of the difference of two rates on the same samples, (gained - lost) / n.

    Wilson's intervals of the two rates, put together with the correlation of the pairs: sound without a discordant
    pair, where the bootstrap's interval has no width. Neither scipy nor statsmodels has one for pairs.

    Args:
        both: samples that both settings got right.
        gained: samples that only the first got right.
        lost: samples that only the second got right.
        neither: samples that none got right.
        level: confidence level.

    Raises:
        InputError: a count is negative, or all are 0.

    Source: Newcombe 1998, Statistics in Medicine 17:2635-2650, method 10.
    """
    if min(both, gained, lost, neither) < 0:
        raise InputError(f"pairs must be counts, got {both}, {gained}, {lost} and {neither}")
    n = both + gained + lost + neither
    first, second = wilson(both + gained, n, level), wilson(both + lost, n, level)
    p, q = (both + gained) / n, (both + lost) / n
    agreement = both * neither - gained * lost
    corrected = max(agreement - n / 2, 0) if agreement > 0 else agreement
    spread = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    phi = corrected / math.sqrt(spread) if spread else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))

    low = p - q - reach(p - first.low, second.high - q)
    high = p - q + reach(first.high - p, q - second.low)
    return Interval(max(-1.0, low), min(1.0, high))


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of several tests so that any false finding among them is as unlikely as in one (Holm 1979).

    Args:
        p_values: one a test; NaN is no test, counts for none and stays.
    """
    from statsmodels.stats.multitest import multipletests

    adjusted = list(p_values)
    tested = [i for i, p in enumerate(p_values) if not math.isnan(p)]
    if tested:
        corrected = multipletests([p_values[i] for i in tested], method="holm")[1]
        for i, p in zip(tested, corrected, strict=True):
            adjusted[i] = float(p)
    return adjusted
