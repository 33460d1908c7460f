"""The area under the retrieval rate over the logarithm of the length: one number for how a rate falls with length.

Each doubling of the length counts the same, as it does on the axis of the figure; the area is divided by the axis'
length, so that it is a mean rate: 1 where every length is perfect. Runs are compared by it on the same lengths alone.
"""

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

from lh_eval.statistics import Interval, bootstrap_mean, wilson

if TYPE_CHECKING:
    import pandas as pd


class Area(NamedTuple):
    """Area under the rate.

    value: 0..1.
    interval: 95 %.
    by: what the interval is of: a bootstrap over samples that share a length and a trial, or, where nothing varies for
        it to draw from, Wilson's at the number of trials that gives a plain rate the area's variance.
    shortest: tokens at which the axis begins.
    longest: tokens at which it ends.
    """

    value: float
    interval: Interval
    by: Literal["bootstrap", "Wilson"]
    shortest: int
    longest: int


def area_over_length(frame: "pd.DataFrame", *, questions: int = 1, seed: int = 0) -> Area | None:
    """The area by the trapezoid rule between the lengths' rates, each the mean of its depths'.

    Args:
        frame: rows of one task.
        questions: trials in a row that ask about one context, as in `compare`.
        seed: of the bootstrap.

    Returns:
        None where there are fewer than two lengths.
    """
    counted = frame[frame["error"].isna()]
    cells = counted.groupby(["length", "depth"])["score"].agg(["mean", "size"]).reset_index()
    lengths = sorted(set(map(int, cells["length"])))
    if len(lengths) < 2:
        return None
    weights = log_weights(lengths)
    by_length = cells.groupby("length")["mean"].mean()
    value = sum(weight * float(by_length[length]) for length, weight in weights.items())
    interval = bootstrap_mean(
        counted["score"].astype(float).tolist(),
        cells=list(zip(counted["length"], counted["depth"], strict=True)),
        clusters=list(zip(counted["length"], counted["trial"] // questions, strict=True)),
        strata=counted["length"].tolist(),
        weights=weights,
        seed=seed,
    )
    if interval is not None:
        return Area(value, interval, "bootstrap", lengths[0], lengths[-1])
    cells["weight"] = cells["length"].map(weights) / cells.groupby("length")["depth"].transform("size")
    trials = 1 / float((cells["weight"] ** 2 / cells["size"]).sum())
    return Area(value, wilson(min(value * trials, trials), trials), "Wilson", lengths[0], lengths[-1])


def log_weights(lengths: list[int]) -> dict[int, float]:
    """What share of the axis each of at least two rising lengths stands for, by the trapezoid rule."""
    at = [math.log2(length) for length in lengths]
    whole = 2 * (at[-1] - at[0])
    ends = zip([at[0], *at[:-1]], [*at[1:], at[-1]], strict=True)
    return {length: (after - before) / whole for length, (before, after) in zip(lengths, ends, strict=True)}
