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
    "mean share of layers and heads under Lighthouse that gather the whole needle at the finest level."
)
_RATES = [f"rate_{attention}" for attention in ATTENTIONS]
_TESTS = ["difference", "ci_low", "ci_high", "gained", "lost", "p", "p_holm"]
_RECALL = "recall_"


def lighthouse_table(grid: Grid) -> Table:
    """A row a recipe and scope that have both evaluations.

    Its numbers are `recipe`, `task`, `trainings`, `observations` (prompts), `rate_dense` and `rate_lighthouse` (means
    over cells), `difference` with interval, `gained` and `lost` prompts, `p`, `p_holm` over the recipes of a scope, and
    for each length `recall_<length>`, the mean selection recall of all rows under Lighthouse.
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
            recall = read.groupby(["length", "task", "depth"])["selection_recall"].mean().groupby("length").mean()
            row = {"recipe": recipe, "task": scope, "trainings": len(own), **by_prompts(joined)}
            row |= dict(zip(_RATES, rates, strict=True))
            rows.append(row | {f"{_RECALL}{length}": mean for length, mean in recall.items()})
    recalls = sorted({name for row in rows for name in row if name.startswith(_RECALL)}, key=_length)
    table = pd.DataFrame(rows, columns=["recipe", "task", "trainings", "observations", *_RATES, *_TESTS, *recalls])
    table = with_holm(table, ["task"])
    return Table(table, {"": Shown(_as_text(table, recalls), _NOTE)}, 2)


def _as_text(table: pd.DataFrame, recalls: list[str]) -> pd.DataFrame:
    shown = table[["recipe", "task"]].copy()
    shown["n"], shown["prompts"] = table["trainings"].astype(str), table["observations"].astype(str)
    shown["dense"], shown["Lighthouse"] = (table[name].map(rate) for name in _RATES)
    lengths = [length_label(_length(name)) for name in recalls]
    heading = f"recall (%), {' .. '.join(dict.fromkeys([lengths[0], lengths[-1]]))}" if lengths else "recall (%)"
    recall = [", ".join(f"{100 * value:.1f}" for value in values) for values in table[recalls].to_numpy(float)]
    return shown.assign(**tests_as_text(table), **{heading: recall})


def _length(name: str) -> int:
    return int(name.removeprefix(_RECALL))
