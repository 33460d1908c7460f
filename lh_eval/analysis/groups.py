"""Runs of several checkpoints or tasks side by side: which are of one, and their cells under the names of both."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lh_eval.analysis.models import model_names
from lh_eval.analysis.settings import setting_cells
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


def grouped(runs: Mapping[str, Run]) -> dict[tuple[str, str], dict[str, Run]]:
    """The runs by task and checkpoint, as each is called; in their order.

    Args:
        runs: by a name of their own, such as the folder's.
    """
    found: dict[tuple[str, str], dict[str, Run]] = {}
    for (name, run), model in zip(runs.items(), model_names(list(runs.values())), strict=True):
        tasks = sorted(set(run.frame["task"])) or [str(run.config.get("task", ""))]
        found.setdefault((", ".join(tasks), model), {})[name] = run
    return found


def group_cells(groups: Mapping[tuple[str, str], Mapping[str, Run]]) -> "pd.DataFrame":
    """The cells of all groups, as `setting_cells` makes them of each.

    Returns:
        Those columns, and `task`, `model`, `group`, what tells a group from the others, and `name`, its setting;
        `setting` is both of them.
    """
    import pandas as pd

    several = [len({key[place] for key in groups}) > 1 for place in (0, 1)]
    tables = []
    for (task, model), runs in groups.items():
        shown = [part or "unnamed" for part, differs in zip((model, task), reversed(several), strict=True) if differs]
        group = ", ".join(shown)
        cells = setting_cells(runs)
        names = cells["setting"]
        tables.append(
            cells.assign(task=task, model=model or "unnamed", group=group, name=names, setting=group + " " + names)
        )
    return pd.concat(tables, ignore_index=True)
