"""The sign-flip test of a mean over the cells of a grid, and its standard error: what varies together stays together."""

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RESAMPLES = 9999
_DIGITS = 12  # decimal ones that a contribution has: flips that are as extreme are exactly so


def sign_flip(
    differences: "Sequence[float] | np.ndarray",
    *,
    cells: Sequence[Hashable],
    clusters: Sequence[Hashable],
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> float:
    """Two-sided p-value of the mean of the cells' mean differences, were the two sides alike.

    Then a cluster's differences may as well have the other sign, all of them together. It tests the mean that
    `bootstrap_mean` has the interval of. A sign test, as McNemar's is where scores are means of several runs, tests
    instead whether more samples are gained than lost, however much each. Where the differences are -1, 0 and 1, each
    its own cluster and cells are of one size, the two are one test.

    Args:
        differences: [samples] of two sides' scores of the same sample.
        cells: [samples] the cell of each.
        clusters: [samples] what varies together.
        resamples: how many flips are drawn; all of them where they are fewer.
        seed: of the draws; the same arguments give the same p-value.

    Returns:
        1 where no cluster differs, or one alone.

    Raises:
        InputError: there is no sample.

    Source: Fisher 1935; scipy.stats.permutation_test (Phipson and Smyth 2010).
    """
    import numpy as np
    from scipy import stats

    contributions = _contributions(differences, cells, clusters)
    differing = contributions[contributions != 0].to_numpy()
    if differing.size < 2:  # one flip is as extreme as the other
        return 1.0

    def statistic(flipped: "np.ndarray", axis: int) -> "np.ndarray":
        return np.round(flipped.sum(axis=axis), _DIGITS)

    tested = stats.permutation_test(
        (differing,),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=1000,
        rng=np.random.default_rng(seed),
    )
    return min(1.0, float(tested.pvalue))


def standard_error(
    values: "Sequence[float] | np.ndarray",
    *,
    cells: Sequence[Hashable],
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable],
) -> float | None:
    """Standard error of the mean of the cells' means, from the spread between the clusters of a stratum.

    Args:
        values: [samples] scores, or differences of scores of the same sample.
        cells: [samples] the cell of each.
        clusters: [samples] what varies together.
        strata: [samples] what the design fixes; a cluster is in one stratum.

    Returns:
        None where a stratum has one cluster, whose spread is unknown.

    Raises:
        InputError: there is no sample.

    Source: Cochran 1977, Sampling Techniques, sections 5.3 and 9A.
    """
    contributions = _contributions(values, cells, clusters)
    numbers = {stratum: number for number, stratum in enumerate(dict.fromkeys(strata))}
    stratum = dict(zip(clusters, strata, strict=True))
    by_stratum = contributions.groupby([numbers[stratum[cluster]] for cluster in contributions.index])
    sizes, variances = by_stratum.size(), by_stratum.var(ddof=1)
    return None if sizes.min() < 2 else math.sqrt(float((sizes * variances).sum()))


def _contributions(
    values: "Sequence[float] | np.ndarray", cells: Sequence[Hashable], clusters: Sequence[Hashable]
) -> "pd.Series":
    """What each cluster adds to the mean of the cells' means."""
    import pandas as pd

    if len(values) == 0:
        raise InputError("values must be at least one, got none; a mean of nothing cannot be tested")
    frame = pd.DataFrame({"value": list(values), "cell": list(cells), "cluster": list(clusters)})
    in_cell = frame.groupby("cell")["value"].transform("size")
    share = frame["value"] / in_cell / frame["cell"].nunique()
    return share.groupby(frame["cluster"], sort=False).sum().round(_DIGITS)
