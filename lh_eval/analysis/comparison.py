"""`Comparison`: the table that setting B against A makes, whatever varied between them."""

from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.statistics import holm

if TYPE_CHECKING:
    import pandas as pd

_DIFFERENCE = ["difference", "ci_low", "ci_high", "gained", "lost", "p"]
COLUMNS = ["length", "depth", "pairs", "rate_a", "rate_b", *_DIFFERENCE, "p_holm"]
OVERALL_COLUMNS = [
    *["trainings_a", "trainings_b", "cells", "pairs"],
    *["rate_a", "rate_a_low", "rate_a_high", "rate_b", "rate_b_low", "rate_b_high"],
    *_DIFFERENCE,
    "least_p",
]
NOTHING = (float("nan"), float("nan"))


class Comparison(NamedTuple):
    """B less A, by cell and over the grid.

    cells: `COLUMNS`, sorted by length and depth; `gained` are the samples that B has a higher score on, `lost` a lower.
    overall: one row of `OVERALL_COLUMNS`; rates and difference are means over the cells. `least_p` is the smallest
        p-value that so many trainings can give, NaN where samples are compared.
    notes: which interval and test stands there, a sentence each.
    """

    cells: "pd.DataFrame"
    overall: "pd.DataFrame"
    notes: list[str]


def rates(cell: "pd.DataFrame", first: list[int], second: list[int]) -> dict[str, Any]:
    """What of a cell's row is the same whatever varies; `first` and `second` are the columns of A and B."""
    a, b = float(cell[first].to_numpy().mean()), float(cell[second].to_numpy().mean())
    return {"pairs": len(cell), "rate_a": a, "rate_b": b, "difference": b - a}


def discordant(a: "pd.Series", b: "pd.Series") -> tuple[int, int]:
    """How many samples B has a higher score on, and how many a lower."""
    return int((b > a).sum()), int((b < a).sum())


def with_holm(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Add Holm's p-values over the cells; columns in their order."""
    cells["p_holm"] = holm(cells["p"].tolist())
    return cells[COLUMNS]
