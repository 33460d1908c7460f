"""The same checkpoints read under Lighthouse, with the settings of their training, and dense."""

import pandas as pd

from lh_eval.lengths import length_label
from lh_eval.studies.grid.prompts import by_prompts, mean_over_cells, mean_scores, tests_as_text, with_holm
from lh_eval.studies.grid.trainings import ATTENTIONS, Grid
from lh_eval.studies.tables import Shown, Table, rate

_NOTE = (
    "The same checkpoints, their context read under Lighthouse with the scorer, k and L of their training, less dense, "
    "on the prompts that all evaluations of a line have; n: trainings with both evaluations. Difference, gained, lost "
    "and p as among the claims by prompts, Holm over the recipes of one task. Selection recall at each length: the "
    "mean share of layers and heads under Lighthouse that gather the whole needle at the finest level; depth 0 "
    "apart from the mean over the others."
)
_RATES = [f"rate_{attention}" for attention in ATTENTIONS]
_TESTS = ["difference", "ci_low", "ci_high", "gained", "lost", "p", "p_holm"]
_RECALL = "recall_"
_FIRST, _LATER = "recall_first_", "recall_later_"  # at depth 0, and at the others


def lighthouse_table(grid: Grid) -> Table:
    """A row a recipe and scope that have both evaluations.

    Its numbers are `recipe`, `task`, `trainings`, `observations` (prompts), `rate_dense` and `rate_lighthouse` (means
    over cells), `difference` with interval, `gained` and `lost` prompts, `p`, `p_holm` over the recipes of a scope, and
    for each length `recall_<length>`, the mean selection recall of all rows under Lighthouse, `recall_first_<length>`
    that at depth 0 and `recall_later_<length>` that at all others.
    """
    rows = []
    for recipe, group in grid.recipes.items():
        for scope, tasks in grid.scopes.items():
            own = grid.evaluated(group.index, tasks, ATTENTIONS)
            if not own:
                continue
            joined = grid.scores(own, tasks, ATTENTIONS)
            rates = [mean_over_cells(joined, scores) for scores in mean_scores(joined)]
            read = pd.concat([grid.samples[training, task, "lighthouse"] for training in own for task in tasks])
            recall = read.groupby(["length", "task", "depth"])["selection_recall"].mean()
            first = recall.index.get_level_values("depth") == 0
            row = {"recipe": recipe, "task": scope, "trainings": len(own), **by_prompts(joined)}
            row |= dict(zip(_RATES, rates, strict=True))
            for name, part in ((_RECALL, recall), (_FIRST, recall[first]), (_LATER, recall[~first])):
                row |= {f"{name}{length}": mean for length, mean in part.groupby("length").mean().items()}
            rows.append(row)
    lengths = sorted({int(name.removeprefix(_FIRST)) for row in rows for name in row if name.startswith(_FIRST)})
    recalls = [f"{name}{length}" for name in (_RECALL, _FIRST, _LATER) for length in lengths]
    table = pd.DataFrame(rows, columns=["recipe", "task", "trainings", "observations", *_RATES, *_TESTS, *recalls])
    table = with_holm(table, ["task"])
    return Table(table, {"": Shown(_as_text(table, lengths), _NOTE + _unfinished(grid))}, 2)


def _unfinished(grid: Grid) -> str:
    """Which evaluations are, in a sentence with a space before it; empty where none is."""
    parts = [
        f"{recipe}, seed {group['seed'][training]}, {task}, {attention}: {left}"
        for recipe, group in grid.recipes.items()
        for (training, task, attention), left in grid.unfinished.items()
        if training in group.index
    ]
    return f" Unfinished: {'; '.join(parts)} samples." if parts else ""


def _as_text(table: pd.DataFrame, lengths: list[int]) -> pd.DataFrame:
    shown = table[["recipe", "task"]].copy()
    shown["n"], shown["prompts"] = table["trainings"].astype(str), table["observations"].astype(str)
    shown["dense"], shown["Lighthouse"] = (table[name].map(rate) for name in _RATES)
    ends = [length_label(length) for length in dict.fromkeys([*lengths[:1], *lengths[-1:]])]
    recalls = {}
    for name, where in ((_LATER, "other depths"), (_FIRST, "depth 0")):
        values = table[[f"{name}{length}" for length in lengths]].to_numpy(float)
        heading = ", ".join([f"recall (%), {where}", *([" .. ".join(ends)] if ends else [])])
        recalls[heading] = [", ".join(f"{100 * value:.1f}" for value in own) for own in values]
    return shown.assign(**tests_as_text(table), **recalls)
