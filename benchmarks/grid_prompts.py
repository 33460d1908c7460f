"""Two sides of trainings on the same prompts: checkpoints are fixed, prompts are what varies."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from grid_table import mean_over_cells
from grid_trainings import Attention, Training

from lh_eval.analysis.compare_samples import grid_interval
from lh_eval.analysis.comparison import discordant
from lh_eval.analysis.pairing import align
from lh_eval.statistics import Interval, holm, mcnemar_exact, paired_difference

LEVEL = 0.95


def side_by_side(sides: Iterable[tuple[Training, Attention]], tasks: Iterable[str]) -> pd.DataFrame:
    """The prompts of all the tasks that each of these evaluations has, their scores in columns 0, 1, ..."""
    sides = list(sides)
    frames = [[training.runs[task, attention].frame for training, attention in sides] for task in tasks]
    return pd.concat(map(align, frames), ignore_index=True)


def mean_scores(joined: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """A prompt's mean score over a side's trainings, whose columns are the first half, and over the other's."""
    count = sum(isinstance(name, int) for name in joined) // 2
    base, other = (joined[list(columns)].sum(axis=1) / count for columns in (range(count), range(count, 2 * count)))
    return base, other


def by_prompts(joined: pd.DataFrame) -> dict[str, Any]:
    """What the other side gains over the base, whose columns are the first half.

    Returns:
        `observations` (prompts), `difference` of means over cells with the cluster bootstrap's interval, `gained` and
        `lost` prompts, and `p` of McNemar's exact test.
    """
    base, other = mean_scores(joined)
    gained, lost = discordant(base, other)
    interval = grid_interval(joined, other - base, level=LEVEL)
    if interval is None and gained + lost == 0:
        right = round(float(base.sum()))
        interval = paired_difference(right, 0, 0, len(joined) - right, LEVEL)
    return {
        "observations": len(joined),
        "difference": mean_over_cells(joined, other - base),
        **ends(interval),
        "gained": gained,
        "lost": lost,
        "p": mcnemar_exact(gained, lost),
    }


def cells_by_prompts(joined: pd.DataFrame) -> pd.DataFrame:
    """A row a cell: `length`, `depth`, `difference`, `gained`, `lost` and `p`, as in `by_prompts`."""
    rows = []
    for (length, depth), cell in joined.groupby(["length", "depth"]):
        base, other = mean_scores(cell)
        gained, lost = discordant(base, other)
        row = {"length": length, "depth": depth, "difference": float((other - base).mean())}
        rows.append(row | {"gained": gained, "lost": lost, "p": mcnemar_exact(gained, lost)})
    return pd.DataFrame(rows)


def add_holm(table: pd.DataFrame, families: list[str] | None = None) -> None:
    """Add `p_holm` over all rows, or over those that are alike in the columns `families`."""
    table["p_holm"] = float("nan")
    for _, own in table.groupby(families) if families else [((), table)]:
        table.loc[own.index, "p_holm"] = holm(own["p"].astype(float).tolist())


def ends(interval: Interval | None) -> dict[str, float]:
    """`ci_low` and `ci_high`, NaN where there is no interval."""
    low, high = interval or (float("nan"), float("nan"))
    return {"ci_low": low, "ci_high": high}
