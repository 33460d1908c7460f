"""One table of many runs: a row a run, a column a length, then mean, area over length and effective length."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.area import area_over_length
from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.effective import RULER_THRESHOLD, effective_length, rates_by_length
from lh_eval.analysis.models import model_names
from lh_eval.analysis.pairing import questions_of_task
from lh_eval.analysis.progress import unfinished
from lh_eval.analysis.settings import CONTEXT, describe_setting
from lh_eval.statistics import mean_of_rates
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


def results_table(runs: Sequence[Run], *, threshold: float = RULER_THRESHOLD) -> "pd.DataFrame":
    """Rates of each run.

    Args:
        runs: runs of any tasks, checkpoints and settings.
        threshold: rate that the effective length must reach.

    Returns:
        Columns `task`, `model` where a run names its own, `setting`, `reading` where one has another than `context`,
        one for each length in tokens (mean over depths, NaN where there is none), then `mean` over the cells with
        `ci_low` and `ci_high`, `n` samples, `area` over the logarithm of the length with `area_low`, `area_high` and
        `area_by` (missing of a single length), `effective` length, missing where none, `threshold`, and, where one is,
        `unfinished`: `292 of 840`, empty of finished ones.
    """
    import pandas as pd

    rows = []
    for run, model in zip(runs, model_names(runs), strict=True):
        cells, setting = cells_of(run), describe_setting(run)
        rates = {length: mean.rate for length, mean in rates_by_length(cells).items()}
        whole = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
        task = str(run.config.get("task", run.path.name))
        row: dict[Any, Any] = {"task": task, "model": model}
        row |= {"setting": setting.label, "reading": setting.reading} | dict[Any, Any](rates)
        row["n"] = int(cells["n"].sum())
        if (area := area_over_length(run.frame, questions=questions_of_task(task))) is not None:
            row |= {"area": area.value, "area_low": area.interval.low, "area_high": area.interval.high}
            row["area_by"] = area.by
        row |= {"effective": effective_length(rates, threshold), "threshold": threshold}
        row["unfinished"] = str(unfinished(run) or "")
        if whole is not None:
            row |= {"mean": whole.rate, "ci_low": whole.interval.low, "ci_high": whole.interval.high}
        rows.append(row)
    lengths = sorted({name for row in rows for name in row if isinstance(name, int)})
    named = ["model"] if any(row["model"] for row in rows) else []
    read = ["reading"] if any(row["reading"] != CONTEXT for row in rows) else []
    marked = ["unfinished"] if any(row["unfinished"] for row in rows) else []
    areas = ["area", "area_low", "area_high", "area_by"]
    columns = ["task", *named, "setting", *read, *lengths, "mean", "ci_low", "ci_high", "n", *areas]
    columns += ["effective", "threshold", *marked]
    return pd.DataFrame(rows, columns=columns).astype({"effective": "Int64"})
