"""The table of a sweep, its settings beside dense: as CSV and as LaTeX."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.publish.tabular import NOTHING, Table, p_value, write_table

if TYPE_CHECKING:
    import pandas as pd


def write_sweep_table(table: "pd.DataFrame", folder: Path) -> list[Path]:
    """Write `sweep.csv` and `sweep.tex` of what `sweep_table` returns; errors as in `write_table`."""
    return write_table(Table(table, sweep_text(table), len(_text_columns(table))), folder / "sweep")


def sweep_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The numbers of `sweep_table` as text, a dash where there is nothing."""
    import pandas as pd

    shown = table[_text_columns(table)].copy()
    shown["rate (95% CI)"] = _with_interval(table, "mean_rate", "ci_low", "ci_high", ".2f")
    shown["n"] = table["n"].astype(str)
    shown["recall"] = [NOTHING if pd.isna(value) else f"{value:.2f}" for value in table["selection_recall"]]
    shown["less dense (95% CI)"] = _with_interval(table, "difference", "difference_low", "difference_high", "+.2f")
    for name in ("gained", "lost"):
        shown[name] = [NOTHING if pd.isna(value) else str(value) for value in table[name]]
    shown["p"] = [p_value(None if pd.isna(value) else value) for value in table["p"]]
    if "unfinished" in table:
        shown["unfinished"] = table["unfinished"]
    return shown


def _text_columns(table: "pd.DataFrame") -> list[str]:
    return [name for name in ("model", "setting", "reading") if name in table]


def _with_interval(table: "pd.DataFrame", mean: str, low: str, high: str, form: str) -> list[str]:
    import pandas as pd

    texts = []
    for row in table.to_dict(orient="records"):
        if pd.isna(row[mean]):
            texts.append(NOTHING)
        elif pd.isna(row[low]):
            texts.append(format(row[mean], form))
        else:
            texts.append(f"{row[mean]:{form}} ({row[low]:{form}} to {row[high]:{form}})")
    return texts
