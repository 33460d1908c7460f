"""Rates by length, and the effective length: how far a context may grow before a task fails.

RULER (Hsieh et al. 2024, arXiv:2404.06654, section 4) calls effective the longest length whose score is above a
threshold, the 85.6 % that Llama-2 7B reaches at 4K. Here every shorter length that was measured must pass as well.
"""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.statistics import MeanRate, mean_of_rates

if TYPE_CHECKING:
    import pandas as pd

RULER_THRESHOLD = 0.856


def check_threshold(threshold: float) -> None:
    """Raise InputError unless the threshold is a rate that can be failed."""
    if not 0 < threshold <= 1:
        raise InputError(f"threshold must be above 0 and at most 1, got {threshold}; RULER's is {RULER_THRESHOLD}")


def rates_by_length(cells: "pd.DataFrame") -> dict[int, MeanRate]:
    """Mean over depths of each length's rates with its 95 % interval; lengths without samples are left out.

    Args:
        cells: columns `length`, `depth`, `n` and `hits`, as `metrics.cells` makes them.
    """
    rates = {}
    for length in sorted(set(cells["length"].tolist())):
        column = cells[cells["length"] == length]
        mean = mean_of_rates(column["hits"].tolist(), column["n"].tolist())
        if mean is not None:
            rates[int(length)] = mean
    return rates


def effective_length(rates: dict[int, float], threshold: float = RULER_THRESHOLD) -> int | None:
    """The longest length such that it and every shorter one reach the threshold; None where the shortest does not.

    Args:
        rates: rate of each length, 0..1.
        threshold: the least rate that passes.

    Raises:
        InputError: the threshold is no rate.
    """
    check_threshold(threshold)
    reached = None
    for length in sorted(rates):
        if rates[length] < threshold:
            break
        reached = length
    return reached
