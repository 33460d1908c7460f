"""The settings of a run or a sweep in one table of cells: what every figure of settings is drawn from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.cells import cells_of
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE

if TYPE_CHECKING:
    import pandas as pd


def setting_label(run: Run) -> str:
    """How a figure names a run's setting: `dense`, `qk:dilation=8 k=2048`, or else the folder's name."""
    attention = run.config.get("attention", {})
    if attention is None:
        return DENSE
    if isinstance(attention, dict) and {"k", "scorer"} <= attention.keys():
        return f"{attention['scorer']} k={attention['k']}"
    return run.path.resolve().name


def setting_cells(runs: Mapping[str, Run]) -> "pd.DataFrame":
    """The cells of all runs with the columns `setting`, `scorer` and `k` before those of `metrics.cells`.

    Two folders may hold one budget and scorer and differ in something else: then their names are the scorers.

    Args:
        runs: by the folder's name, in order; of them, dense is drawn first.
    """
    import pandas as pd

    labels = {name: DENSE if name == DENSE else setting_label(run) for name, run in runs.items()}
    unique = len(set(labels.values())) == len(labels)
    tables = []
    for name, run in sorted(runs.items(), key=lambda item: labels[item[0]] != DENSE):
        table = cells_of(run)
        label = labels[name] if unique else name
        scorer, k = _scorer_and_budget(run, label, unique)
        table.insert(0, "setting", label)
        table.insert(1, "scorer", pd.Series([scorer] * len(table), dtype=object))
        table.insert(2, "k", pd.Series([k] * len(table), dtype="Int64"))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _scorer_and_budget(run: Run, label: str, unique: bool) -> tuple[str | None, Any]:
    attention = run.config.get("attention")
    if label == DENSE:
        return None, None
    if isinstance(attention, dict) and {"k", "scorer"} <= attention.keys():
        return (str(attention["scorer"]) if unique else label), int(attention["k"])
    return label, None
