"""The table of many runs: for people, as CSV and as LaTeX."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.lengths import length_label
from lh_eval.publish.tabular import NOTHING, Table, one_line, write_table

if TYPE_CHECKING:
    import pandas as pd

_TEXT = ("task", "setting", "reading")


def results_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The numbers of `results_table` as text: rates with two digits, lengths as 4K, a dash where there is nothing."""
    import pandas as pd

    shown = table[_text_columns(table)].map(one_line)
    for length in [name for name in table.columns if not isinstance(name, str)]:
        shown[length_label(int(length))] = [_rate(value) for value in table[length]]
    shown["mean (95% CI)"] = [
        NOTHING if pd.isna(mean) else f"{mean:.2f} ({low:.2f}–{high:.2f})"
        for mean, low, high in zip(table["mean"], table["ci_low"], table["ci_high"], strict=True)
    ]
    shown["n"] = table["n"].astype(str)
    shown["effective"] = [NOTHING if pd.isna(value) else length_label(int(value)) for value in table["effective"]]
    if "unfinished" in table:
        shown["unfinished"] = table["unfinished"]
    return shown


def write_results(table: "pd.DataFrame", folder: Path) -> list[Path]:
    """Write `table.csv`, with every digit, and `table.tex`; errors as in `write_table`."""
    return write_table(Table(table, results_text(table), len(_text_columns(table))), folder / "table", digits=None)


def _text_columns(table: "pd.DataFrame") -> list[str]:
    return [name for name in _TEXT if name in table]


def _rate(value: float) -> str:
    return NOTHING if value != value else f"{value:.2f}"
