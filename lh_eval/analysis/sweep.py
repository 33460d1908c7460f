"""The settings of a sweep set beside dense on the same samples: what sweep.json holds, and a table of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.compare import compare, difference
from lh_eval.analysis.models import model_names
from lh_eval.analysis.progress import unfinished
from lh_eval.analysis.settings import describe_setting
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE

if TYPE_CHECKING:
    import pandas as pd

_MEANS = ("mean_rate", "ci_low", "ci_high", "n", "selection_recall")
_COMPARED = {"difference": "difference", "ci_low": "difference_low", "ci_high": "difference_high"}


def sweep_summary(runs: Mapping[str, Run]) -> dict[str, Any]:
    """Set the settings of a sweep side by side.

    Args:
        runs: the settings' by name, as `store.sweep.read_settings` reads them.

    Raises:
        InputError: a setting was asked other questions than dense.
    """
    dense = runs.get(DENSE)
    return {"settings": [_entry(name, run, dense if name != DENSE else None) for name, run in runs.items()]}


def sweep_table(runs: Mapping[str, Run], *, questions: int = 1) -> "pd.DataFrame":
    """A row for each setting: its mean rate and recall, and its difference from dense.

    Args:
        runs: the settings' by name, dense first.
        questions: as in `compare`.

    Returns:
        Columns `model` where a run names its own, `setting`, `reading`, `mean_rate` with `ci_low` and `ci_high`, `n`,
        `selection_recall`; beside dense, on the samples that both have, `difference` with `difference_low` and
        `difference_high`, samples `gained` and `lost`, and McNemar's exact `p`; where a run is, `unfinished`: `292 of
        840`. Missing where there is none.
    """
    import pandas as pd

    rows = []
    for (name, run), model in zip(runs.items(), model_names(list(runs.values())), strict=True):
        setting, means = describe_setting(run), metrics_of(run)
        row: dict[str, Any] = {"model": model, "setting": setting.label, "reading": setting.reading}
        row |= {column: means[column] for column in _MEANS}
        both = [side.frame[side.frame["error"].isna()] for side in (runs.get(DENSE, run), run)]
        if name != DENSE and DENSE in runs and not any(side.empty for side in both):
            overall = compare(runs[DENSE].frame, run.frame, questions=questions).overall.iloc[0]
            row |= {new: overall[old] for old, new in _COMPARED.items()}
            row |= {column: int(overall[column]) for column in ("gained", "lost")} | {"p": overall["p"]}
        row["unfinished"] = str(unfinished(run) or "")
        rows.append(row)
    named = ["model"] if any(row["model"] for row in rows) else []
    marked = ["unfinished"] if any(row["unfinished"] for row in rows) else []
    columns = [*named, "setting", "reading", *_MEANS, *_COMPARED.values(), "gained", "lost", "p", *marked]
    return pd.DataFrame(rows, columns=columns).astype({"gained": "Int64", "lost": "Int64"})


def _entry(name: str, run: Run, dense: Run | None) -> dict[str, Any]:
    means = {key: value for key, value in metrics_of(run).items() if key != "cells"}
    return {"name": name, **means, "difference": difference(run.frame, dense.frame) if dense else None}
