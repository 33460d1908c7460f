"""Tables of the grid's recipes: retrieval and losses beside the paper's, and retrieval by length."""

import statistics
from collections.abc import Iterable
from typing import Any

import pandas as pd
from grid_trainings import ATTENTIONS, HELD_OUT, LOSSES, Attention, Recipe, Training, by_recipe, scopes_of, tasks_of
from tables import rate, rate_with_interval

from lh_eval.analysis.cells import cells
from lh_eval.analysis.compare_samples import grid_interval
from lh_eval.analysis.effective import rates_by_length
from lh_eval.analysis.pairing import align
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import NOTHING
from lh_eval.statistics import Interval, mean_of_rates

# Peng, Ghosh and Quesnelle 2026, arXiv:2605.06554: mean retrieval rate of the 530M checkpoints over the grid.
PAPER_LEVELS = 3
PAPER_DENSE = 0.72
PAPER = {("qk", 2048): 0.76, ("qk", 1536): 0.73, ("norm", 2048): 0.72, ("norm", 1536): 0.65}

RECIPE_NOTE = (
    "Means over lengths and depths, each cell counting the same, over the recipe's trainings; 95 % intervals by the "
    "cluster bootstrap over prompts, of these checkpoints: they do not say what another seed would give. N is the "
    "longest training length. Held-out text in nats per byte, the mean over seeds. The paper's rates are of its 530M "
    "checkpoints and its passkey; its smaller and larger k are set beside those here."
)
LENGTH_NOTE = (
    "Dense evaluation; means over depths and the recipe's trainings, with 95 % Wilson intervals of these checkpoints."
)


def recipe_table(trainings: list[Training]) -> pd.DataFrame:
    """A row a recipe, with every number.

    Returns:
        `scorer`, `k`, `k_over_n`, `num_levels`, `seeds`, `weights`; for each attention and scope (a task, or both) the
        mean rate with interval and `prompts`, for dense also the rate of each seed; `paper`; the losses.
    """
    scopes = scopes_of(trainings)
    budgets = budgets_of(trainings)
    rows = []
    for recipe, group in by_recipe(trainings).items():
        row: dict[str, Any] = {
            "scorer": recipe.scorer or "dense",
            "k": recipe.k,
            "k_over_n": None if recipe.k is None else recipe.k / group[0].longest,
            "num_levels": recipe.num_levels,
            "seeds": " ".join(str(training.seed) for training in group),
            "weights": " ".join(str(training.weights)[:12] for training in group),
        }
        for attention in ATTENTIONS:
            for scope, tasks in scopes.items():
                row |= _rates(group, tasks, attention, f"{attention}_{scope}")
        row["paper"] = paper_rate(recipe, budgets)
        for name in LOSSES:
            values = [training.losses[name] for training in group if name in training.losses]
            row[name if name in (HELD_OUT, "loss") else f"loss_{name}"] = statistics.fmean(values) if values else None
        rows.append(row)
    return pd.DataFrame(rows).astype({"k": "Int64", "num_levels": "Int64"})


def recipe_table_for_people(table: pd.DataFrame, scopes: Iterable[str]) -> pd.DataFrame:
    """The recipes' numbers as text."""
    shown = pd.DataFrame({"scorer": table["scorer"]})
    shown["k"] = [NOTHING if pd.isna(k) else str(k) for k in table["k"]]
    shown["k/N"] = [NOTHING if pd.isna(share) else f"1:{1 / share:.0f}" for share in table["k_over_n"]]
    shown["L"] = [NOTHING if pd.isna(levels) else str(levels) for levels in table["num_levels"]]
    shown["seeds"] = [str(len(seeds.split())) for seeds in table["seeds"]]
    *_, last = scopes = list(scopes)
    for scope in scopes:
        columns = (table[f"dense_{scope}{end}"] for end in ("", "_low", "_high"))
        shown[scope] = [rate_with_interval(*values) for values in zip(*columns, strict=True)]
    shown["each seed"] = [
        ", ".join(rate(float(value)) for value in str(values).split()) or NOTHING
        for values in table[f"dense_{last}_by_seed"]
    ]
    shown["paper"] = [rate(value) for value in table["paper"]]
    shown["held-out text"] = [NOTHING if pd.isna(value) else f"{value:.3f}" for value in table[HELD_OUT]]
    return shown


def length_table(trainings: list[Training]) -> pd.DataFrame:
    """A row a task, recipe and length: `n` samples, rate with Wilson's interval, pooled over depths and seeds."""
    rows = []
    for task in tasks_of(trainings):
        for recipe, group in by_recipe(trainings).items():
            pooled = pooled_cells(group, task)
            if pooled is None:
                continue
            counts = pooled.groupby("length")["n"].sum()
            for length, mean in rates_by_length(pooled).items():
                row = {"task": task, "scorer": recipe.scorer or "dense", "k": recipe.k, "num_levels": recipe.num_levels}
                row |= {"recipe": recipe.label, "length": length, "n": counts[length], "rate": mean.rate}
                rows.append(row | {"ci_low": mean.interval.low, "ci_high": mean.interval.high})
    return pd.DataFrame(rows).astype({"k": "Int64", "num_levels": "Int64"})


def length_table_for_people(table: pd.DataFrame) -> pd.DataFrame:
    """A row a task and recipe, a column a length, as text."""
    lengths = sorted(set(table["length"]))
    rows = []
    for (task, recipe), own in table.groupby(["task", "recipe"], sort=False):
        found = own.set_index("length")
        columns = ["rate", "ci_low", "ci_high"]
        texts = {
            length_label(length): rate_with_interval(*found.loc[length, columns]) if length in found.index else NOTHING
            for length in lengths
        }
        rows.append({"task": task, "recipe": recipe, **texts})
    return pd.DataFrame(rows)


def pooled_cells(group: list[Training], task: str) -> pd.DataFrame | None:
    """The cells of a recipe on one task, dense, over all its trainings; None where it was not evaluated."""
    frames = [training.runs[task, "dense"].frame for training in group if (task, "dense") in training.runs]
    return cells(pd.concat(frames, ignore_index=True)) if frames else None


def budgets_of(trainings: Iterable[Training]) -> list[int]:
    """The budgets of the grid's recipes, rising."""
    return sorted({training.recipe.k for training in trainings if training.recipe.k is not None})


def paper_rate(recipe: Recipe, budgets: list[int]) -> float | None:
    """The paper's rate of the recipe that corresponds: its smaller and larger budget are the grid's."""
    if recipe.scorer is None:
        return PAPER_DENSE
    theirs = sorted({k for _, k in PAPER})
    if recipe.num_levels != PAPER_LEVELS or len(budgets) != len(theirs) or recipe.k is None:
        return None
    return PAPER.get((recipe.scorer.partition(":")[0], theirs[budgets.index(recipe.k)]))


def mean_over_cells(joined: pd.DataFrame, values: pd.Series) -> float:
    """Mean of the cells' means, each cell counting the same; `joined` has the keys of the samples."""
    return float(values.groupby([joined["task"], joined["length"], joined["depth"]]).mean().mean())


def _rates(group: list[Training], tasks: list[str], attention: Attention, name: str) -> dict[str, Any]:
    keys = [(task, attention) for task in tasks]
    runs = [training.runs for training in group if all(key in training.runs for key in keys)]
    columns = [name, f"{name}_low", f"{name}_high", f"{name}_prompts"]
    by_seed = {f"{name}_by_seed": ""} if attention == "dense" else {}
    if not runs:
        return dict.fromkeys(columns) | by_seed
    joined = pd.concat([align([each[key].frame for each in runs]) for key in keys], ignore_index=True)
    values = joined[list(range(len(runs)))]
    low, high = interval_of_mean(joined, values.mean(axis=1))
    found = zip(columns, (mean_over_cells(joined, values.mean(axis=1)), low, high, len(joined)), strict=True)
    if by_seed:
        by_seed = {f"{name}_by_seed": " ".join(f"{mean_over_cells(joined, values[i]):.6g}" for i in values)}
    return dict(found) | by_seed


def interval_of_mean(joined: pd.DataFrame, values: pd.Series) -> Interval:
    """The cluster bootstrap's, or where nothing varies Wilson's over all prompts."""
    interval = grid_interval(joined, values)
    if interval is None:
        groups = values.groupby([joined["task"], joined["length"], joined["depth"]])
        mean = mean_of_rates(groups.sum().tolist(), groups.size().tolist())
        assert mean is not None
        interval = mean.interval
    return interval
