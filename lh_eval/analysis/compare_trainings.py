"""Several runs a side, of trainings with several seeds: the trainings are what varies."""

from typing import TYPE_CHECKING, Any

from lh_eval.analysis.comparison import NOTHING, OVERALL_COLUMNS, Comparison, discordant, rates, with_holm
from lh_eval.statistics import compare_trainings

if TYPE_CHECKING:
    import pandas as pd


def by_trainings(
    joined: "pd.DataFrame", first: list[int], second: list[int], *, paired: bool, level: float
) -> Comparison:
    """Compare the columns `second` of the joined rows with the columns `first`; arguments as in `compare`."""
    import pandas as pd

    by_cell = joined.groupby(["length", "depth"])[[*first, *second]].mean()
    rows = []
    for (length, depth), cell in joined.groupby(["length", "depth"]):
        means = cell[[*first, *second]].mean()
        result = compare_trainings(means[first].tolist(), means[second].tolist(), paired=paired, level=level)
        gained, lost = discordant(cell[first].mean(axis=1), cell[second].mean(axis=1))
        low, high = result.interval or NOTHING
        values = {"length": length, "depth": depth, "gained": gained, "lost": lost, "ci_low": low, "ci_high": high}
        rows.append(rates(cell, first, second) | values | {"p": _or_nan(result.p)})
    cells = with_holm(pd.DataFrame(rows))
    means = by_cell.mean()
    whole = compare_trainings(means[first].tolist(), means[second].tolist(), paired=paired, level=level)
    gained, lost = discordant(joined[first].mean(axis=1), joined[second].mean(axis=1))
    low, high = whole.interval or NOTHING
    overall: dict[str, Any] = {
        "trainings_a": len(first),
        "trainings_b": len(second),
        "cells": len(cells),
        "pairs": len(joined),
        "rate_a": means[first].mean(),
        "rate_b": means[second].mean(),
        **dict.fromkeys(("rate_a_low", "rate_a_high", "rate_b_low", "rate_b_high"), float("nan")),
        "difference": whole.difference,
        "ci_low": low,
        "ci_high": high,
        "gained": gained,
        "lost": lost,
        "p": _or_nan(whole.p),
        "least_p": whole.least_p,
    }
    kind = "paired t" if paired else "Welch's t"
    notes = [
        f"trainings are what varies: {len(first)} against {len(second)}, {'paired' if paired else 'not paired'} by "
        f"seed; {level:.0%} interval of {kind}, exact permutation test",
        f"so many trainings cannot give a p-value below {whole.least_p:.3g}"
        + ("; none is shown for fewer than three a side" if whole.p is None else ""),
        "gained and lost: samples on which B's trainings have a higher mean score, or a lower; no test is made of them",
    ]
    return Comparison(cells, pd.DataFrame([overall], columns=OVERALL_COLUMNS), notes)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
