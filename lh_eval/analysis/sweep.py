"""What sweep.json holds: the means of each setting, and how it differs from dense on the same samples."""

from collections.abc import Mapping
from typing import Any

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.compare import difference
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE


def sweep_summary(runs: Mapping[str, Run]) -> dict[str, Any]:
    """Set the settings of a sweep side by side.

    Args:
        runs: the settings' by name, as `store.sweep.read_settings` reads them.

    Raises:
        InputError: a setting was asked other questions than dense.
    """
    dense = runs.get(DENSE)
    return {"settings": [_entry(name, run, dense if name != DENSE else None) for name, run in runs.items()]}


def _entry(name: str, run: Run, dense: Run | None) -> dict[str, Any]:
    means = {key: value for key, value in metrics_of(run).items() if key != "cells"}
    return {"name": name, **means, "difference": difference(run.frame, dense.frame) if dense else None}
