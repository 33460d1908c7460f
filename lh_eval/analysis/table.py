"""One table of many runs: a row a task and setting, a column a length, the mean and the effective length at the end."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.effective import RULER_THRESHOLD, effective_length, rates_by_length
from lh_eval.analysis.settings import setting_label
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import booktabs
from lh_eval.statistics import mean_of_rates
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


class Tables(NamedTuple):
    """The files of `write_tables`."""

    csv: Path
    tex: Path


def results_table(runs: Iterable[Run], *, threshold: float = RULER_THRESHOLD) -> "pd.DataFrame":
    """Rates of each run.

    Args:
        runs: runs of any tasks and settings.
        threshold: rate that the effective length must reach.

    Returns:
        Columns `task`, `setting`, one for each length in tokens (mean over depths, NaN where there is none), then
        `mean` over the cells with `ci_low` and `ci_high`, `n` samples, and `effective` length, missing where none.
    """
    import pandas as pd

    rows = []
    for run in runs:
        cells = cells_of(run)
        rates = {length: mean.rate for length, mean in rates_by_length(cells).items()}
        whole = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
        row: dict[Any, Any] = {"task": str(run.config.get("task", run.path.name)), "setting": setting_label(run)}
        row |= rates
        row["n"] = int(cells["n"].sum())
        row["effective"] = effective_length(rates, threshold)
        if whole is not None:
            row |= {"mean": whole.rate, "ci_low": whole.interval.low, "ci_high": whole.interval.high}
        rows.append(row)
    lengths = sorted({name for row in rows for name in row if isinstance(name, int)})
    columns = ["task", "setting", *lengths, "mean", "ci_low", "ci_high", "n", "effective"]
    return pd.DataFrame(rows, columns=columns).astype({"effective": "Int64"})


def for_people(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table's numbers as text: rates with two digits, lengths as 4K, a dash where there is nothing."""
    import pandas as pd

    shown = pd.DataFrame({"task": table["task"], "setting": table["setting"]})
    for length in _lengths(table):
        shown[length_label(length)] = [_rate(value) for value in table[length]]
    shown["mean (95% CI)"] = [
        "–" if pd.isna(mean) else f"{mean:.2f} ({low:.2f}–{high:.2f})"
        for mean, low, high in zip(table["mean"], table["ci_low"], table["ci_high"], strict=True)
    ]
    shown["n"] = table["n"].astype(str)
    shown["effective"] = ["–" if pd.isna(value) else length_label(int(value)) for value in table["effective"]]
    return shown


def write_tables(table: "pd.DataFrame", folder: Path) -> Tables:
    """Write `table.csv`, with every digit, and `table.tex`, a booktabs tabular; the same table gives the same bytes.

    Raises:
        InputError: the folder cannot be written.
    """
    latex = booktabs(for_people(table), left=2)
    tables = Tables(folder / "table.csv", folder / "table.tex")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tables.csv.write_text(table.to_csv(index=False, lineterminator="\n"), encoding="utf-8")
        tables.tex.write_text(latex, encoding="utf-8")
    except OSError as error:
        raise InputError(f"out must be a folder that can be written, got {folder} ({error.strerror})") from None
    return tables


def _lengths(table: "pd.DataFrame") -> list[int]:
    return [int(name) for name in table.columns if not isinstance(name, str)]


def _rate(value: float) -> str:
    return "–" if value != value else f"{value:.2f}"
