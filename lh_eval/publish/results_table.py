"""The table of many runs: for people, as CSV and as LaTeX."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.lengths import length_labels
from lh_eval.publish.tabular import NOTHING, Table, one_line, write_table

if TYPE_CHECKING:
    import pandas as pd

_TEXT = ("task", "model", "setting", "reading")
_WILSON = "w"  # behind an interval that no bootstrap gave


def results_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The numbers of `results_table` as text: rates with two digits, lengths of one unit, a dash where nothing is."""
    import pandas as pd

    shown = table[_text_columns(table)].map(one_line).replace("", NOTHING)
    lengths = [name for name in table.columns if not isinstance(name, str)]
    labels = dict(zip(map(int, lengths), length_labels(map(int, lengths)), strict=True))
    for length in lengths:
        shown[labels[int(length)]] = [_rate(value) for value in table[length]]
    shown["mean (95% CI)"] = _with_interval(table, "mean", "ci_low", "ci_high")
    shown["n"] = table["n"].astype(str)
    areas = _with_interval(table, "area", "area_low", "area_high")
    marks = [f" {_WILSON}" if by == "Wilson" else "" for by in table["area_by"]]
    shown["AUC (95% CI)"] = [area + mark for area, mark in zip(areas, marks, strict=True)]
    effective = [NOTHING if pd.isna(value) else labels[int(value)] for value in table["effective"]]
    shown[effective_heading(table)] = effective
    if "unfinished" in table:
        shown["unfinished"] = table["unfinished"]
    return shown


def results_notes(table: "pd.DataFrame") -> Iterator[str]:
    """A line for each number of the table that its heading does not explain."""
    if table["area"].notna().any():
        yield (
            "AUC: mean rate over the logarithm of the length, from a run's shortest to its longest; bootstrap over "
            "samples that share a length and a trial"
            + (f"; {_WILSON}: Wilson's, as nothing varies" if (table["area_by"] == "Wilson").any() else "")
        )
    yield "effective: the longest length that, with all shorter ones, reaches that rate"


def effective_heading(table: "pd.DataFrame") -> str:
    """`effective at 0.856`, or without the threshold where there is no row that has one."""
    thresholds = sorted(set(table["threshold"]))
    return f"effective at {thresholds[0]:g}" if len(thresholds) == 1 else "effective"


def write_results(table: "pd.DataFrame", folder: Path) -> list[Path]:
    """Write `table.csv`, with every digit, and `table.tex`; errors as in `write_table`."""
    return write_table(Table(table, results_text(table), len(_text_columns(table))), folder / "table", digits=None)


def _text_columns(table: "pd.DataFrame") -> list[str]:
    return [name for name in _TEXT if name in table]


def _with_interval(table: "pd.DataFrame", value: str, low: str, high: str) -> list[str]:
    return [
        NOTHING if middle != middle else f"{middle:.2f} ({left:.2f}–{right:.2f})"
        for middle, left, right in zip(*(table[name].astype(float) for name in (value, low, high)), strict=True)
    ]


def _rate(value: float) -> str:
    return NOTHING if value != value else f"{value:.2f}"
