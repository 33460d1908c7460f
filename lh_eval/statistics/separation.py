"""How well a measure tells hits from misses: the share of their pairs that it puts in the right order."""

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

_Z = 1.959963984540054  # of a 95 % interval


class Separation(NamedTuple):
    """The area under the ROC curve, 0.5 where the measure says nothing; NaN where there are no hits or no misses.

    auroc: share of the pairs of a hit and a miss in which the hit has the higher value, ties counted half.
    low: of its 95 % interval, NaN as `high` where nothing varies.
    hits: how many there are.
    misses: how many there are.
    """

    auroc: float
    low: float
    high: float
    hits: int
    misses: int


def separation(
    values: Sequence[float],
    hits: Sequence[bool],
    *,
    clusters: Sequence[Hashable],
    strata: Sequence[Hashable],
) -> Separation:
    """Compare hits with misses of the same stratum; pairs count the same.

    Args:
        values: [samples] the measure, without NaN.
        hits: [samples] whether each is a hit.
        clusters: [samples] what varies together; a cluster lies in one stratum.
        strata: [samples] what must not be compared with one another, such as lengths.

    Source: Obuchowski 1997, Biometrics 53:567-578 (clusters); the interval is symmetric in the logit.
    """
    import numpy as np
    import pandas as pd

    frame = pd.DataFrame({"value": values, "hit": hits, "cluster": list(clusters), "stratum": list(strata)})
    found = [_of_stratum(own) for _, own in frame.groupby("stratum", sort=True) if own["hit"].nunique() == 2]
    counts = int(frame["hit"].sum()), int((~frame["hit"].astype(bool)).sum())
    nan = float("nan")
    if not found:
        return Separation(nan, nan, nan, *counts)
    areas, variances, pairs = np.array(found).T
    weights = pairs / pairs.sum()
    area, variance = float(weights @ areas), float(weights**2 @ variances)
    if not 0 < area < 1 or not variance > 0:
        return Separation(area, nan, nan, *counts)
    centre, reach = np.log(area / (1 - area)), _Z * np.sqrt(variance) / (area * (1 - area))
    low, high = (1 / (1 + np.exp(-(centre + side * reach))) for side in (-1, 1))
    return Separation(area, float(low), float(high), *counts)


def _of_stratum(frame: Any) -> tuple[float, float, int]:
    """Area, its variance and how many pairs it is of."""
    import numpy as np

    hit = frame["hit"].to_numpy(dtype=bool)
    values = frame["value"].to_numpy(dtype=float)
    _, cluster = np.unique(frame["cluster"].map(repr), return_inverse=True)
    above, below = values[hit][:, None], values[~hit]
    order = (above > below) + 0.5 * (above == below)  # [hits, misses]
    area, (m, n) = float(order.mean()), order.shape
    of_hits, of_misses = np.zeros((2, cluster.max() + 1))  # how far each cluster's are from the area, summed
    np.add.at(of_hits, cluster[hit], order.mean(1) - area)
    np.add.at(of_misses, cluster[~hit], order.mean(0) - area)
    variance = (
        _scale(len(set(cluster[hit]))) * float(of_hits @ of_hits) / m**2
        + _scale(len(set(cluster[~hit]))) * float(of_misses @ of_misses) / n**2
        + 2 * _scale(len(of_hits)) * float(of_hits @ of_misses) / (m * n)
    )
    return area, variance, m * n


def _scale(clusters: int) -> float:
    return clusters / (clusters - 1) if clusters > 1 else 0.0
