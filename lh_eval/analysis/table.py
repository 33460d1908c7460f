"""One table of many runs: a row a task and setting, a column a length, the mean and the effective length at the end."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.effective import RULER_THRESHOLD, effective_length, rates_by_length
from lh_eval.analysis.progress import unfinished
from lh_eval.analysis.settings import CONTEXT, describe_setting
from lh_eval.statistics import mean_of_rates
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


def results_table(runs: Iterable[Run], *, threshold: float = RULER_THRESHOLD) -> "pd.DataFrame":
    """Rates of each run.

    Args:
        runs: runs of any tasks and settings.
        threshold: rate that the effective length must reach.

    Returns:
        Columns `task`, `setting`, `reading` where one has another than `context`, one for each length in tokens (mean
        over depths, NaN where there is none), then `mean` over the cells with `ci_low` and `ci_high`, `n` samples,
        `effective` length, missing where none, and, where one is, `unfinished`: `292 of 840`, empty of finished ones.
    """
    import pandas as pd

    rows = []
    for run in runs:
        cells, setting = cells_of(run), describe_setting(run)
        rates = {length: mean.rate for length, mean in rates_by_length(cells).items()}
        whole = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
        row: dict[Any, Any] = {"task": str(run.config.get("task", run.path.name))}
        row |= {"setting": setting.label, "reading": setting.reading} | dict[Any, Any](rates)
        row["n"] = int(cells["n"].sum())
        row["effective"] = effective_length(rates, threshold)
        row["unfinished"] = str(unfinished(run) or "")
        if whole is not None:
            row |= {"mean": whole.rate, "ci_low": whole.interval.low, "ci_high": whole.interval.high}
        rows.append(row)
    lengths = sorted({name for row in rows for name in row if isinstance(name, int)})
    named = ["reading"] if any(row["reading"] != CONTEXT for row in rows) else []
    marked = ["unfinished"] if any(row["unfinished"] for row in rows) else []
    columns = ["task", "setting", *named, *lengths, "mean", "ci_low", "ci_high", "n", "effective", *marked]
    return pd.DataFrame(rows, columns=columns).astype({"effective": "Int64"})
