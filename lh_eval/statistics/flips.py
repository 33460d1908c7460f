"""The sign-flip test of a mean over the cells of a grid, and its standard error; what varies together is one."""

import math
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

RESAMPLES = 9999
_NO_SPREAD = 1e-12  # rounding, not chance
_DIGITS = 12  # decimal ones that a contribution has: flips that are as extreme are exactly so


def sign_flip(
    differences: "Sequence[float] | np.ndarray",
    *,
    cells: Sequence[Hashable],
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> float:
    """Two-sided p-value of the mean of the cells' mean differences, were the two sides alike.

    Then a cluster's differences may as well have the other sign, all of them together. What is compared between flips
    is the mean over its standard error within strata, so that sides which differ by stratum, up in one and down in
    another, are judged as by `bootstrap_mean`, whose interval is of the same mean. A sign test, as McNemar's is where
    scores are means of several runs, asks instead whether more samples are gained than lost, however much each. Of
    samples of one cell that differ by -1, 0 or 1, each its own cluster, the two are one test.

    Args:
        differences: [samples] of two sides' scores of the same sample.
        cells: [samples] the cell of each.
        clusters: [samples] what varies together.
        strata: [samples] what the design fixes; a cluster is in one stratum. One for all if None.
        resamples: how many flips are drawn; all of them where they are fewer.
        seed: of the draws; the same arguments give the same p-value.

    Returns:
        1 where no cluster differs, or one alone.

    Raises:
        InputError: there is no sample.

    Source: Fisher 1935; Janssen 1997, Statistics & Probability Letters 36:9 (studentised); scipy's permutation_test.
    """
    import numpy as np
    from scipy import stats

    contributions = _contributions(differences, cells, clusters)
    known = contributions.to_numpy()
    differ = known != 0
    if differ.sum() < 2:  # one flip is as extreme as the other
        return 1.0
    member = _membership(contributions.index, clusters, strata if strata is not None else [0] * len(clusters))
    sizes = member.sum(axis=0)
    # of a single cluster the spread is unknown: its distance from 0 stands for it
    scale = sizes / np.maximum(sizes - 1, 1)
    squares, centred = member.T @ known**2, np.where(sizes > 1, 1 / sizes, 0)

    def statistic(flipped: "np.ndarray", axis: int) -> "np.ndarray":
        sums = np.moveaxis(flipped, axis, -1) @ member[differ]
        variance = (scale * (squares - sums**2 * centred)).sum(axis=-1)
        error = np.sqrt(np.maximum(variance, _NO_SPREAD**2))  # where all differ alike, the mean alone decides
        return np.round(sums.sum(axis=-1).round(_DIGITS) / error, _DIGITS)

    tested = stats.permutation_test(
        (known[differ],),
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
    member = _membership(contributions.index, clusters, strata)
    parts = [contributions.to_numpy()[own.astype(bool)] for own in member.T]
    if min(map(len, parts)) < 2:
        return None
    return math.sqrt(sum(len(part) * float(part.var(ddof=1)) for part in parts))


def _membership(ordered: "pd.Index", clusters: Sequence[Hashable], strata: Sequence[Hashable]) -> "np.ndarray":
    """[clusters, strata] 1 where a cluster is of the stratum."""
    import numpy as np

    stratum = dict(zip(clusters, strata, strict=True))
    known = list(dict.fromkeys(strata))
    return np.array([[float(stratum[cluster] == each) for each in known] for cluster in ordered])


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
