"""Two recipes, each trained with several seeds: what varies is the training, however many samples each is asked."""

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

from lh_eval.errors import InputError
from lh_eval.statistics.rates import Interval, check_level

_NO_SPREAD = 1e-9  # rounding, not trainings
LEAST_TESTED = 3  # trainings a side: with two, no exact p-value can be below 1/3


class TrainingDifference(NamedTuple):
    """How much the mean of one group of trainings is above the other's.

    difference: second group's mean less the first's.
    interval: t-interval of it; None with a single training a side, or without any spread.
    p: exact permutation test, two-sided; None below three trainings a side.
    least_p: the smallest p-value that so many trainings can give.
    """

    difference: float
    interval: Interval | None
    p: float | None
    least_p: float


def compare_trainings(
    first: Sequence[float], second: Sequence[float], *, paired: bool, level: float = 0.95
) -> TrainingDifference:
    """Compare two groups of trainings by one number each, such as the mean rate over the grid.

    Args:
        first: one value a training.
        second: those of the other recipe.
        paired: the n-th of both share their seed: initial weights and order of the data. Else Welch's interval.
        level: confidence level.

    Raises:
        InputError: a group is empty, or pairs of unequal groups are asked for.

    Source: scipy.stats.ttest_rel, ttest_ind (Welch 1947) and permutation_test (Phipson and Smyth 2010).
    """
    import numpy as np
    from scipy import stats

    check_level(level)
    if not len(first) or not len(second):
        raise InputError(f"trainings must be at least one a side, got {len(first)} and {len(second)}")
    if paired and len(first) != len(second):
        raise InputError(f"trainings must be as many on both sides to be paired, got {len(first)} and {len(second)}")
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    difference = float(b.mean() - a.mean())
    if paired:
        least_p = min(1.0, 2.0 ** (1 - len(a)))
        spread = bool(np.ptp(b - a) > _NO_SPREAD)
    else:
        # with groups of one size, each split has its mirror image, which is as extreme
        least_p = min(1.0, (2 if len(a) == len(b) else 1) / math.comb(len(a) + len(b), len(a)))
        spread = bool(max(np.ptp(a), np.ptp(b)) > _NO_SPREAD)
    interval = p = None
    if spread and min(len(a), len(b)) > 1:
        with warnings.catch_warnings():
            # one side without spread has variance 0, which scipy doubts; that both have none is ruled out
            warnings.filterwarnings("ignore", "Precision loss", RuntimeWarning)
            test = stats.ttest_rel(b, a) if paired else stats.ttest_ind(b, a, equal_var=False)
        ends = test.confidence_interval(level)
        interval = Interval(float(ends.low), float(ends.high))
    if min(len(a), len(b)) >= LEAST_TESTED:

        def statistic(x: "np.ndarray", y: "np.ndarray", axis: int) -> "np.ndarray":
            return np.round(y.mean(axis=axis) - x.mean(axis=axis), 12)  # splits that are as extreme are exactly so

        p = float(
            stats.permutation_test(
                (a, b),
                statistic,
                permutation_type="samples" if paired else "independent",
                vectorized=True,
                n_resamples=9999,  # all of them where they are fewer
                rng=np.random.default_rng(0),
            ).pvalue
        )
    return TrainingDifference(difference, interval, p, least_p)
