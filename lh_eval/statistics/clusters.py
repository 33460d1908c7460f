"""Mean over the cells of a grid whose samples are not independent: the bootstrap over what varies together."""

import math
import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.statistics.rates import Interval, check_level

if TYPE_CHECKING:
    import numpy as np

RESAMPLES = 9999
_BATCH = 1000  # resamples in memory at once
_DIGITS = 12  # decimal ones that a mean has


def bootstrap_mean(
    values: "Sequence[float] | np.ndarray",
    *,
    cells: Sequence[Hashable],
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable],
    weights: Mapping[Any, float] | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval | None:
    """Interval of the mean of the cells' means, each cell counting the same, or each stratum by its weight.

    Clusters are drawn with replacement within their stratum, whole: what their samples have in common is in the
    spread. The interval is bias-corrected and accelerated (BCa), or the percentiles where BCa has no value.

    Args:
        values: [samples] scores, or differences of scores of the same sample.
        cells: [samples] the cell of each.
        clusters: [samples] what varies together, such as the samples of all depths that share a filler.
        strata: [samples] what the design fixes, such as the length; a cluster is in one stratum.
        weights: of the strata, adding up to 1; within one, cells count the same.
        level: confidence level.
        resamples: how many are drawn.
        seed: of the draws; the same arguments give the same interval.

    Returns:
        None where there is nothing to draw from: a stratum of one cluster, or no spread at all.

    Raises:
        InputError: there is no sample, or the level is none.

    Source: scipy.stats.bootstrap; Efron 1987, JASA 82:171-185 (BCa); Davison and Hinkley 1997, section 3.8 (clusters).
    """
    import numpy as np
    from scipy import stats

    check_level(level)
    if len(values) == 0:
        raise InputError("values must be at least one, got none; a mean of nothing has no interval")
    tables = _tables(np.asarray(values, dtype=float), cells, clusters, strata)
    if min(len(sums) for sums, _ in tables) < 2:
        return None
    shares = None if weights is None else [weights[stratum] for stratum in sorted(set(strata))]  # type: ignore[type-var]

    def mean(*drawn: Any, axis: int = -1) -> Any:
        """drawn: for each stratum [..., clusters] indices of the clusters that were drawn."""
        assert axis == -1
        means = []
        for indices, (sums, counts) in zip(drawn, tables, strict=True):
            flat = indices.reshape(-1, indices.shape[-1]) + len(sums) * np.arange(indices[..., 0].size)[:, None]
            # how often each cluster was drawn: far less to multiply than to gather
            often = np.bincount(flat.ravel(), minlength=len(flat) * len(sums)).reshape(len(flat), len(sums))
            n = often @ counts
            means.append(np.divide(often @ sums, n, out=np.full(n.shape, np.nan), where=n > 0))
        if shares is None:
            whole = np.nanmean(np.concatenate(means, axis=-1), axis=-1)
        else:
            whole = sum(share * np.nanmean(own, axis=-1) for share, own in zip(shares, means, strict=True))
        # BCa counts the resamples that equal the observed mean: rounding, another one on each machine, must not
        return whole.reshape(drawn[0].shape[:-1]).round(_DIGITS)

    data = tuple(np.arange(len(sums)) for sums, _ in tables)
    options: dict[str, Any] = {"vectorized": True, "axis": -1, "confidence_level": level, "batch": _BATCH}
    # scipy warns where BCa has no value, which is dealt with here
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        result = stats.bootstrap(
            data, mean, n_resamples=resamples, method="BCa", rng=np.random.default_rng(seed), **options
        )
        drawn = result.bootstrap_distribution
        if np.ptp(drawn) < 1e-12:
            return None
        interval = result.confidence_interval
        if not np.isfinite([interval.low, interval.high]).all():
            interval = stats.bootstrap(
                data, mean, n_resamples=0, method="percentile", bootstrap_result=result, **options
            ).confidence_interval
    return Interval(float(interval.low), float(interval.high))


def clustered_error(values: Sequence[float], clusters: Sequence[Hashable], strata: Sequence[Hashable]) -> float:
    """Standard error of the mean of samples of which those of one cluster vary together.

    With a sample a cluster and one stratum it is the ordinary one.

    Args:
        values: [samples] scores.
        clusters: [samples] what varies together; a cluster is in one stratum.
        strata: [samples] what the design fixes, such as the length.

    Returns:
        NaN where a stratum has one cluster alone: nothing says how much that varies.

    Source: Cochran 1977, Sampling Techniques, section 9A.2, clusters of unequal size within strata.
    """
    sums: dict[Hashable, dict[Hashable, list[float]]] = {}
    for value, cluster, stratum in zip(values, clusters, strata, strict=True):
        sums.setdefault(stratum, {}).setdefault(cluster, []).append(value)
    variance = 0.0
    for own in sums.values():
        if len(own) < 2:
            return math.nan
        mean = sum(map(sum, own.values())) / sum(map(len, own.values()))
        off = [sum(value - mean for value in scores) for scores in own.values()]
        variance += len(own) / (len(own) - 1) * sum(each**2 for each in off)
    return math.sqrt(variance) / len(values)


def _tables(
    values: "np.ndarray", cells: Sequence[Hashable], clusters: Sequence[Hashable], strata: Sequence[Hashable]
) -> "list[tuple[np.ndarray, np.ndarray]]":
    """For each stratum, [clusters, cells] the sums of the values and how many they are."""
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"value": values, "cell": list(cells), "cluster": list(clusters), "stratum": list(strata)})
    if (frame.groupby("cluster")["stratum"].nunique() > 1).any():
        raise InputError("clusters must be in one stratum each, got one in several; name them by their stratum too")
    made = []
    for _, part in frame.groupby("stratum", sort=True):
        grouped = part.groupby(["cluster", "cell"], sort=True)["value"]
        sums, counts = (table.unstack(fill_value=0).to_numpy(dtype=float) for table in (grouped.sum(), grouped.size()))
        made.append((np.ascontiguousarray(sums), np.ascontiguousarray(counts)))
    return made
