"""How runs attended, and the settings of a sweep in one table of cells: what every figure of settings is drawn from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.analysis.cells import cells_of
from lh_eval.budgets import budget_text
from lh_eval.errors import InputError
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE

if TYPE_CHECKING:
    import pandas as pd

CONTEXT = "context"  # how runs of before there were readings were read
_MOST = 1024  # levels, and entries of one that make one of the next: beyond any pyramid


class SettingDescription(NamedTuple):
    """A setting as tables and figures name it.

    label: `dense`, `qk:dilation=8 k=2048`, `window tokens=1024`; of an unknown one, the folder's name.
    family: settings of one family are a row of a figure; None for dense.
    budget: what they differ in, None where they have none.
    budget_name: what the budget is, such as `k`, `tokens`, `ratio`.
    reading: what is prefilled under the setting, `prompt` or `context`.
    prefix_hole: tokens at the beginning that no entry is sure to cover.
    """

    label: str
    family: str | None
    budget: float | None
    budget_name: str | None
    reading: str
    prefix_hole: int = 0


def describe_setting(run: Run) -> SettingDescription:
    """What a run's configuration says of its setting; that of Lighthouse may be of before it had a field of its own."""
    attention, recorded = run.config.get("attention", {}), run.config.get("setting")
    reading = str(run.config.get("reading", CONTEXT))
    if attention is None:
        return SettingDescription(DENSE, None, None, None, reading)
    if isinstance(recorded, dict) and isinstance(recorded.get("family"), str):
        family, budget, name = recorded["family"], recorded.get("budget"), recorded.get("budget_name")
    elif isinstance(attention, dict) and {"k", "scorer"} <= attention.keys():
        family, budget, name = str(attention["scorer"]), attention["k"], "k"
    else:
        family, budget, name = run.path.resolve().name, None, None
    hole = _prefix_hole(attention, recorded)
    if budget is None or not _is_number(budget):
        return SettingDescription(family, family, None, None, reading, hole)
    return SettingDescription(f"{family} {budget_text(name, budget)}", family, budget, name, reading, hole)


def _prefix_hole(attention: Any, recorded: Any) -> int:
    """What is recorded, or follows from a pyramid of before it was."""
    if isinstance(recorded, dict) and "prefix_hole" in recorded:
        return _tokens("prefix_hole", recorded["prefix_hole"], 2**40)
    if not isinstance(attention, dict) or not {"num_levels", "pooling_factor"} <= attention.keys():
        return 0
    if attention.get("cover_prefix"):
        return 0
    factor, levels = (_tokens(name, attention[name], _MOST) for name in ("pooling_factor", "num_levels"))
    return max(0, factor ** (levels - 1) - 1) if levels else 0


def _tokens(name: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InputError(f"{name} must be an integer from 0 to {most}, got {value!r}; see the run's config.json")
    return value


def setting_label(run: Run) -> str:
    """How tables and figures name a run's setting."""
    return describe_setting(run).label


def setting_cells(runs: Mapping[str, Run]) -> "pd.DataFrame":
    """The cells of all runs, with the columns of `with_setting` before those of `cells`.

    Two folders may have one label and differ in something else: then they are families of their own, named by folder.

    Args:
        runs: by the folder's name, in order; of them, dense is drawn first.
    """
    import pandas as pd

    tables = []
    for name, setting in sorted(_told_apart(runs).items(), key=lambda item: item[1].label != DENSE):
        tables.append(with_setting(_with_hole(cells_of(runs[name]), runs[name], setting.prefix_hole), setting))
    return pd.concat(tables, ignore_index=True)


def labelled(runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs by the setting that `setting_cells` names each, in their order."""
    return {setting.label: runs[name] for name, setting in _told_apart(runs).items()}


def _told_apart(runs: Mapping[str, Run]) -> dict[str, SettingDescription]:
    """By folder; those of one label are named by it."""
    described = {name: describe_setting(run) for name, run in runs.items()}
    described |= {DENSE: described[DENSE]._replace(label=DENSE, family=None)} if DENSE in described else {}
    labels = [setting.label for setting in described.values()]
    return {
        name: setting._replace(label=name, family=name) if labels.count(setting.label) > 1 else setting
        for name, setting in described.items()
    }


def _with_hole(cells: "pd.DataFrame", run: Run, hole: int) -> "pd.DataFrame":
    """The cells with a column `prefix_hole`: its tokens where a needle of the cell starts among them, else 0."""
    starts = run.frame.groupby(["length", "depth"])["needle_start"].min()
    inside = {cell for cell, start in starts.dropna().items() if start < hole}
    places = zip(cells["length"], cells["depth"], strict=True)
    return cells.assign(prefix_hole=[hole if place in inside else 0 for place in places])


def with_setting(cells: "pd.DataFrame", setting: SettingDescription) -> "pd.DataFrame":
    """The cells behind columns `setting`, `family`, `budget` (NaN where there is none), `budget_name` and `reading`."""
    import pandas as pd

    table = cells.copy()
    names = {"setting": setting.label, "family": setting.family}
    more = {"budget_name": setting.budget_name, "reading": setting.reading}
    for place, (column, value) in enumerate({**names, "budget": setting.budget, **more}.items()):
        kind = float if column == "budget" else object
        table.insert(place, column, pd.Series([value] * len(table), dtype=kind, index=table.index))
    return table


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
