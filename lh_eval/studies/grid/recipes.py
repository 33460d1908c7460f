"""Tables of the grid's recipes: retrieval and losses beside the paper's, and retrieval by length."""

from typing import Any

import pandas as pd

from lh_eval.analysis.effective import rates_by_length
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import NOTHING
from lh_eval.store.sweep import DENSE
from lh_eval.studies.grid.paper import paper_rates
from lh_eval.studies.grid.prompts import interval_of_mean, mean_over_cells
from lh_eval.studies.grid.trainings import ATTENTIONS, LOSSES, Attention, Grid
from lh_eval.studies.tables import Shown, Table, rate, with_interval

_RECIPE_NOTE = (
    "Means over lengths and depths, each cell counting the same, over the recipe's trainings; 95 % intervals by the "
    "cluster bootstrap over prompts, of these checkpoints: they do not say what another seed would give. N is the "
    "longest training length. Held-out text in nats per byte, the mean over seeds. The paper's rates are of its 530M "
    "checkpoints and its passkey; its smaller and larger k are set beside those here."
)
_LENGTH_NOTE = (
    "Dense evaluation; means over depths and the recipe's trainings, in brackets each training's, by seed. lengths.csv "
    "has Wilson's intervals of the pooled samples, of these checkpoints; a recipe's trainings differ more."
)
_RATE = ["rate", "ci_low", "ci_high"]


def recipe_table(grid: Grid) -> Table:
    """A row a recipe.

    Its numbers are `scorer`, `k`, `k_over_n`, `num_levels`, `seeds`, `weights`; for each attention and scope (a task,
    or both) the mean rate with interval and `prompts`, for dense also the rate of each seed; `paper`; the losses.
    """
    paper = paper_rates(grid.trainings)
    rows = []
    for recipe, group in grid.recipes.items():
        first = group.iloc[0]
        row = {
            **first[["scorer", "k"]],
            "k_over_n": None if recipe == DENSE else first["k"] / first["longest"],
            "num_levels": first["num_levels"],
            "seeds": " ".join(group["seed"].astype(str)),
            "weights": " ".join(str(weights)[:12] for weights in group["weights"]),
        }
        for attention in ATTENTIONS:
            for scope, tasks in grid.scopes.items():
                evaluated = grid.evaluated(group.index, tasks, [attention])
                row |= _rates(grid, evaluated, tasks, attention, f"{attention}_{scope}")
        rows.append(row | {"paper": paper.get(recipe)} | group[[*LOSSES.values()]].mean().to_dict())
    table = pd.DataFrame(rows).astype({"k": "Int64", "num_levels": "Int64"})
    return Table(table, {"": Shown(_recipes_as_text(table, [*grid.scopes]), _RECIPE_NOTE)}, 1)


def length_table(grid: Grid) -> Table:
    """A row a task, recipe and length.

    Its numbers are `n` samples, the rate with Wilson's interval, pooled over depths and seeds, and the rate `by_seed`.
    """
    rows = []
    for task in grid.tasks:
        for recipe, group in grid.recipes.items():
            evaluated = grid.evaluated(group.index, [task])
            cells = grid.cells(evaluated, task) if evaluated else pd.DataFrame(columns=["length", "n"])
            own = [rates_by_length(grid.cells([training], task)) for training in evaluated]
            names = {"task": task, **group.iloc[0][["scorer", "k", "num_levels"]], "recipe": recipe}
            for length, mean in rates_by_length(cells).items():
                row = {"length": length, "n": cells.loc[cells["length"] == length, "n"].sum()}
                row |= dict(zip(_RATE, (mean.rate, *mean.interval), strict=True))
                each = [f"{rates[length].rate:.6g}" for rates in own if length in rates]
                rows.append(names | row | {"by_seed": " ".join(each)})
    table = pd.DataFrame(rows).astype({"k": "Int64", "num_levels": "Int64"})
    texts = [f"{rate(mean)} ({_each(by_seed)})" for mean, by_seed in table[["rate", "by_seed"]].to_numpy()]
    order = table[["task", "recipe"]].drop_duplicates()
    shown = table.assign(text=texts).pivot(index=["task", "recipe"], columns="length", values="text").fillna(NOTHING)
    shown = shown.rename(columns=length_label).reset_index().rename_axis(columns=None)
    return Table(table, {"": Shown(order.merge(shown, how="left"), _LENGTH_NOTE)}, 2)


def _rates(grid: Grid, trainings: list[int], tasks: list[str], attention: Attention, name: str) -> dict[str, Any]:
    columns = [name, f"{name}_low", f"{name}_high", f"{name}_prompts"]
    by_seed = [f"{name}_by_seed"] if attention == "dense" else []
    if not trainings:
        return dict.fromkeys(columns) | dict.fromkeys(by_seed, "")
    joined = grid.scores(trainings, tasks, [attention])
    scores = joined[list(range(len(trainings)))]
    mean = scores.mean(axis=1)
    found = (mean_over_cells(joined, mean), *interval_of_mean(joined, mean), len(joined))
    each = " ".join(f"{mean_over_cells(joined, scores[i]):.6g}" for i in scores)
    return dict(zip(columns, found, strict=True)) | dict.fromkeys(by_seed, each)


def _recipes_as_text(table: pd.DataFrame, scopes: list[str]) -> pd.DataFrame:
    shown = pd.DataFrame({"scorer": table["scorer"]})
    shown["k"] = [NOTHING if pd.isna(k) else str(k) for k in table["k"]]
    shown["k/N"] = [NOTHING if pd.isna(share) else f"1:{1 / share:.0f}" for share in table["k_over_n"]]
    shown["L"] = [NOTHING if pd.isna(levels) else str(levels) for levels in table["num_levels"]]
    shown["seeds"] = [str(len(seeds.split())) for seeds in table["seeds"]]
    for scope in scopes:
        numbers = table[[f"dense_{scope}{end}" for end in ("", "_low", "_high")]].to_numpy(float)
        shown[scope] = [with_interval(rate, *values) for values in numbers]
    shown["each seed"] = [_each(values) for values in table[f"dense_{scopes[-1]}_by_seed"]]
    shown["paper"] = table["paper"].map(rate)
    shown["held-out text"] = [NOTHING if pd.isna(value) else f"{value:.3f}" for value in table["held_out"]]
    return shown


def _each(by_seed: str) -> str:
    return ", ".join(rate(float(value)) for value in by_seed.split()) or NOTHING
