"""From rows to cells: rate, interval and selection recall of each length and depth, and their means."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.statistics import mean_of_rates, wilson
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

CELL_COLUMNS = [
    "length",
    "depth",
    "n",
    "hits",
    "rate",
    "ci_low",
    "ci_high",
    "selection_recall",
    "seconds",
    "peak_bytes",
    "margin",
    "question_recall",
    "last_token_recall",
    "needle_levels",
    "answer_levels",
    "question_levels",
]
_LATER = CELL_COLUMNS[CELL_COLUMNS.index("margin") :]  # not kept in runs of before, whose metrics stay as they were
_MEANS = ("selection_recall", "margin", "question_recall", "last_token_recall")
_LEVELS = ("needle_levels", "answer_levels", "question_levels")


def cells(
    frame: "pd.DataFrame", *, lengths: Sequence[int] | None = None, depths: Sequence[float] | None = None
) -> "pd.DataFrame":
    """Make the table of cells, sorted by length and depth, with `CELL_COLUMNS`.

    `hits` is the sum of the scores, `seconds` that of the samples' times, `peak_bytes` the most that one of them took;
    recalls, levels (level by level, as tuples) and margins are means. Samples that failed are not counted. A cell
    without samples has n = 0 and NaN for what is unknown.

    Args:
        frame: rows of one task, as `rows.to_frame` makes them.
        lengths: lengths of the grid, beside those that the rows have.
        depths: depths of the grid, in percent, beside those that the rows have.

    Raises:
        InputError: the rows are of several tasks, whose rates must not be mixed in a cell.
    """
    import pandas as pd

    tasks = sorted(frame["task"].unique())
    if len(tasks) > 1:
        raise InputError(f"rows must be of one task, got {', '.join(tasks)}; select one of them first")
    counted = frame[frame["error"].isna()]
    groups = counted.groupby(["length", "depth"]).agg(
        n=("score", "size"),
        hits=("score", "sum"),
        **{name: (name, "mean") for name in _MEANS},
        **{name: (name, _mean_levels) for name in _LEVELS},
        seconds=("seconds", "sum"),
        peak_bytes=("peak_bytes", "max"),
    )
    grid = pd.MultiIndex.from_product(
        [
            sorted({*(lengths or ()), *frame["length"].tolist()}),
            sorted({*map(float, depths or ()), *frame["depth"].tolist()}),
        ],
        names=["length", "depth"],
    )
    table = groups.reindex(grid).reset_index()
    table["n"] = table["n"].fillna(0).astype("int64")
    table["hits"] = table["hits"].fillna(0)
    if (table["hits"] % 1 == 0).all():  # scores between 0 and 1 make fractions of a hit
        table["hits"] = table["hits"].astype("int64")
    table["rate"] = (table["hits"] / table["n"]).where(table["n"] > 0)
    nothing = (float("nan"), float("nan"))
    intervals = [wilson(hits, n) if n else nothing for hits, n in zip(table["hits"], table["n"], strict=True)]
    table["ci_low"] = [low for low, _ in intervals]
    table["ci_high"] = [high for _, high in intervals]
    return table[CELL_COLUMNS]


def _mean_levels(shares: "pd.Series") -> Any:
    """Means of each level over the samples that have levels; NaN where none has."""
    known = [each for each in shares if isinstance(each, tuple)]
    return tuple(sum(level) / len(known) for level in zip(*known, strict=True)) if known else float("nan")


def metrics(
    frame: "pd.DataFrame", *, lengths: Sequence[int] | None = None, depths: Sequence[float] | None = None
) -> dict[str, Any]:
    """What metrics.json holds: "cells" and their means, NaN as None.

    Keys beside the cells: `mean_rate` (over the cells that have samples, each counting the same, as in the paper)
    with `ci_low` and `ci_high`, `n` samples counted, `hits`, `errors` samples that failed, `empty_cells` cells of
    the grid without a counted sample, `selection_recall` the mean over cells, those of lengths where
    everything is gathered among them: their recall is 1 whatever the scorer; `question_recall` and
    `last_token_recall` likewise. What no row has since it was not kept, or was not read, is left out.

    Args:
        frame: rows of one task.
        lengths: lengths of the grid, beside those that the rows have.
        depths: depths of the grid, beside those that the rows have.

    Raises:
        InputError: the rows are of several tasks.
    """
    table = cells(frame, lengths=lengths, depths=depths)
    table = table.drop(columns=[name for name in _LATER if table[name].isna().all()])
    hits = table["hits"].sum()
    mean = mean_of_rates(table["hits"].tolist(), table["n"].tolist())
    return {
        "mean_rate": mean.rate if mean else None,
        "ci_low": mean.interval.low if mean else None,
        "ci_high": mean.interval.high if mean else None,
        "n": int(table["n"].sum()),
        "hits": int(hits) if hits % 1 == 0 else float(hits),
        "errors": int(frame["error"].notna().sum()),
        "empty_cells": int((table["n"] == 0).sum()),
        "selection_recall": _or_none(table["selection_recall"].mean()),
        **{name: float(table[name].mean()) for name in ("question_recall", "last_token_recall") if name in table},
        "cells": [{name: _or_none(value) for name, value in cell.items()} for cell in table.to_dict(orient="records")],
    }


def cells_of(run: Run) -> "pd.DataFrame":
    """The cells of a run; those of its configured grid without rows are among them."""
    return cells(run.frame, lengths=run.config.get("lengths"), depths=run.config.get("depths"))


def metrics_of(run: Run) -> dict[str, Any]:
    """What metrics.json of a run holds."""
    return metrics(run.frame, lengths=run.config.get("lengths"), depths=run.config.get("depths"))


def _or_none(value: Any) -> Any:
    """NaN and NA are no JSON: the unknown is None."""
    import pandas as pd

    return None if not isinstance(value, tuple) and pd.isna(value) else value
