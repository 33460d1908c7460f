"""Two sides of trainings on the same prompts: checkpoints are fixed, prompts are what varies."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from lh_eval.analysis.compare_samples import grid_interval
from lh_eval.analysis.comparison import discordant
from lh_eval.publish.tabular import p_value
from lh_eval.statistics import Interval, holm, mean_of_rates, paired_difference, sign_flip
from lh_eval.studies.tables import signed, with_interval

LEVEL = 0.95
_CELL = ["task", "length", "depth"]


def mean_over_cells(joined: pd.DataFrame, values: pd.Series) -> float:
    """Mean of the cells' means, each cell counting the same.

    Args:
        joined: keys of the samples, as `Grid.scores` makes them.
        values: of each sample.
    """
    return float(values.groupby([joined[name] for name in _CELL]).mean().mean())


def interval_of_mean(joined: pd.DataFrame, values: pd.Series) -> Interval:
    """The cluster bootstrap's interval of `mean_over_cells`, or where nothing varies Wilson's over all prompts."""
    interval = grid_interval(joined, values, level=LEVEL)
    if interval is None:
        groups = values.groupby([joined[name] for name in _CELL])
        mean = mean_of_rates(groups.sum().tolist(), groups.size().tolist(), LEVEL)
        assert mean is not None
        interval = mean.interval
    return interval


def mean_scores(joined: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """A prompt's mean score over a side's trainings, whose columns are the first half, and over the other's."""
    count = sum(isinstance(name, int) for name in joined) // 2
    base, other = (joined[list(columns)].sum(axis=1) / count for columns in (range(count), range(count, 2 * count)))
    return base, other


def by_prompts(joined: pd.DataFrame) -> dict[str, Any]:
    """What the other side gains over the base, whose columns are the first half.

    Returns:
        `observations` (prompts), `difference` of means over cells with the cluster bootstrap's interval, `gained` and
        `lost` prompts, `p` of the sign-flip test of the difference, its clusters those of the bootstrap, and of
        `all_cells` the `open_cells`: those in which some training misses a prompt, without which nothing can differ.
    """
    base, other = mean_scores(joined)
    gained, lost = discordant(base, other)
    interval = grid_interval(joined, other - base, level=LEVEL)
    if interval is None and gained + lost == 0:
        right = round(float(base.sum()))
        interval = paired_difference(right, 0, 0, len(joined) - right, LEVEL)
    lengths = list(zip(joined["task"], joined["length"], strict=True))
    p = sign_flip(
        (other - base).tolist(),
        cells=list(zip(lengths, joined["depth"], strict=True)),
        clusters=list(zip(lengths, joined["trial"], strict=True)),
        strata=lengths,
    )
    found = joined.assign(found=(base + other) / 2).groupby(_CELL)["found"].min()
    difference = {"difference": mean_over_cells(joined, other - base), **ends(interval)}
    cells = {"open_cells": int((found < 1).sum()), "all_cells": len(found)}
    return {"observations": len(joined), **difference, "gained": gained, "lost": lost, "p": p, **cells}


def cells_by_prompts(joined: pd.DataFrame) -> pd.DataFrame:
    """A row a cell: `length`, `depth`, `difference`, `gained`, `lost` and `p`, as in `by_prompts`, and `p_holm`.

    Each prompt of a cell is its own cluster.
    """
    rows = []
    for (length, depth), cell in joined.groupby(["length", "depth"]):
        base, other = mean_scores(cell)
        change = (other - base).tolist()
        p = sign_flip(change, cells=[0] * len(cell), clusters=range(len(cell)))
        row = {"length": length, "depth": depth, "difference": float((other - base).mean())}
        rows.append(row | dict(zip(("gained", "lost"), discordant(base, other), strict=True)) | {"p": p})
    return with_holm(pd.DataFrame(rows))


def with_holm(table: pd.DataFrame, families: Sequence[str] = ()) -> pd.DataFrame:
    """Add `p_holm` over all rows, or over those that are alike in the columns `families`."""
    p_values = table["p"].astype(float)
    groups = p_values.groupby([table[name] for name in families] or pd.Series(0, table.index))
    return table.assign(p_holm=groups.transform(lambda own: holm(own.tolist())))


def ends(interval: Interval | None) -> dict[str, float]:
    """`ci_low` and `ci_high`, NaN where there is no interval."""
    low, high = interval or (float("nan"), float("nan"))
    return {"ci_low": low, "ci_high": high}


def tests_as_text(table: pd.DataFrame) -> dict[str, list[str]]:
    """The columns of a table of comparisons that people read, by their headings."""
    numbers = table[["difference", "ci_low", "ci_high"]].to_numpy(float)
    return {
        "difference (95 % interval)": [with_interval(signed, *values) for values in numbers],
        **{name: table[name].astype(str).tolist() for name in ("gained", "lost")},
        "p": table["p"].map(p_value).tolist(),
        "p, Holm": table["p_holm"].map(p_value).tolist(),
    }
