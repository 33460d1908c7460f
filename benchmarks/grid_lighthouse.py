"""The same checkpoints read under Lighthouse, with the settings of their training, and dense."""

from collections.abc import Iterable
from typing import Any

import pandas as pd
from grid_prompts import add_holm, by_prompts, mean_scores, side_by_side
from grid_table import mean_over_cells
from grid_trainings import ATTENTIONS, Training, by_recipe, scopes_of
from tables import rate, signed_with_interval

from lh_eval.lengths import length_label
from lh_eval.publish.tabular import p_value

LIGHTHOUSE_NOTE = (
    "The same checkpoints, their context read under Lighthouse with the scorer, k and L of their training, less dense, "
    "on the prompts that all evaluations of a line have; n: trainings with both evaluations. Difference, gained, lost "
    "and p as among the claims by prompts, Holm over the recipes of one task. Selection recall at each length: the "
    "mean share of layers and heads under Lighthouse that gather the whole needle at the finest level."
)
_RECALL = "recall_"


def lighthouse_table(trainings: list[Training]) -> pd.DataFrame:
    """A row a recipe and scope that have both evaluations.

    Returns:
        `recipe`, `task`, `trainings`, `observations` (prompts), `rate_dense` and `rate_lighthouse` (means over cells),
        `difference` with interval, `gained` and `lost` prompts, `p`, `p_holm` over the recipes of a scope, and for
        each length `recall_<length>`, the mean selection recall of all rows under Lighthouse.
    """
    rows = []
    for recipe, group in by_recipe(trainings).items():
        for scope, tasks in scopes_of(trainings).items():
            own = [training for training in group if _has_both(training, tasks)]
            if not own:
                continue
            joined = side_by_side([(training, attention) for attention in ATTENTIONS for training in own], tasks)
            rates = (mean_over_cells(joined, scores) for scores in mean_scores(joined))
            row = {"recipe": recipe.label, "task": scope, "trainings": len(own), **by_prompts(joined)}
            row |= dict(zip((f"rate_{attention}" for attention in ATTENTIONS), rates, strict=True))
            rows.append(row | _recalls(own, tasks))
    columns = ["recipe", "task", "trainings", "observations", *(f"rate_{attention}" for attention in ATTENTIONS)]
    columns += ["difference", "ci_low", "ci_high", "gained", "lost", "p", "p_holm"]
    lengths = sorted({name for row in rows for name in row if name.startswith(_RECALL)}, key=_length)
    table = pd.DataFrame(rows, columns=[*columns, *lengths])
    add_holm(table, ["task"])
    return table


def lighthouse_table_for_people(table: pd.DataFrame) -> pd.DataFrame:
    """The same as text, recall at all lengths in one column."""
    shown = table[["recipe", "task"]].copy()
    shown["n"], shown["prompts"] = table["trainings"].astype(str), table["observations"].astype(str)
    shown["dense"], shown["Lighthouse"] = table["rate_dense"].map(rate), table["rate_lighthouse"].map(rate)
    ends = table[["difference", "ci_low", "ci_high"]].to_numpy(float)
    shown["difference (95 % interval)"] = [signed_with_interval(*values) for values in ends]
    shown["gained"], shown["lost"] = table["gained"].astype(str), table["lost"].astype(str)
    shown["p"], shown["p, Holm"] = table["p"].map(p_value), table["p_holm"].map(p_value)
    recalls = table[[name for name in table if name.startswith(_RECALL)]]
    lengths = [length_label(_length(name)) for name in recalls]
    heading = f"recall (%), {' .. '.join(dict.fromkeys([lengths[0], lengths[-1]]))}" if lengths else "recall (%)"
    shown[heading] = [", ".join(f"{100 * value:.1f}" for value in values) for values in recalls.to_numpy(float)]
    return shown


def _has_both(training: Training, tasks: Iterable[str]) -> bool:
    return all((task, attention) in training.runs for task in tasks for attention in ATTENTIONS)


def _recalls(trainings: list[Training], tasks: list[str]) -> dict[str, Any]:
    frames = [training.runs[task, "lighthouse"].frame for training in trainings for task in tasks]
    rows = pd.concat(frames, ignore_index=True)
    means = rows.groupby(["length", "task", "depth"])["selection_recall"].mean().groupby("length").mean()
    return {f"{_RECALL}{length}": recall for length, recall in means.items()}


def _length(name: str) -> int:
    return int(name.removeprefix(_RECALL))
