"""What is in a folder: each run's task, checkpoint, setting, how far it is, and its rate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.models import model_names
from lh_eval.analysis.progress import progress
from lh_eval.analysis.settings import setting_label
from lh_eval.statistics import mean_of_rates
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


def runs_table(runs: Sequence[Run]) -> "pd.DataFrame":
    """A row a run, in their order.

    Returns:
        Columns `folder`, `task`, `model` (empty where the run does not say), `setting`, `done` samples that have a row,
        `planned` (missing where the run does not say), `failed` of those done, and `rate`, the mean over cells with
        `ci_low` and `ci_high`, missing where no sample counts.
    """
    import pandas as pd

    rows = []
    for run, model in zip(runs, model_names(runs), strict=True):
        cells, far = cells_of(run), progress(run)
        mean = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
        low, high = mean.interval if mean else (None, None)
        rows.append(
            {
                "folder": str(run.path),
                "task": str(run.config.get("task", "")),
                "model": model,
                "setting": setting_label(run),
                "done": len(run.frame),
                "planned": far.planned if far else None,
                "failed": int(run.frame["error"].notna().sum()),
                "rate": mean.rate if mean else None,
                "ci_low": low,
                "ci_high": high,
            }
        )
    kinds: dict[str, Any] = {"planned": "Int64", "rate": float, "ci_low": float, "ci_high": float}
    columns = ["folder", "task", "model", "setting", "done", *kinds]
    columns.insert(columns.index("rate"), "failed")
    return pd.DataFrame(rows, columns=columns).astype(kinds)
