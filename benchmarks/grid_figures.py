"""Figures of the grid, each with its caption as text: rates over length, scorers by k, differences, and losses."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from grid_claims import qk_over_norm
from grid_losses import loss_correlations, points, said
from grid_prompts import LEVEL, add_holm, cells_by_prompts, side_by_side
from grid_scatter import scatter_figure
from grid_table import pooled_cells
from grid_trainings import Training, by_recipe, tasks_of

from lh_eval.analysis.settings import CONTEXT, SettingDescription, with_setting
from lh_eval.figures import captions
from lh_eval.figures.difference import difference_heatmap
from lh_eval.figures.length import length_figure
from lh_eval.figures.style import save
from lh_eval.figures.sweep import sweep_figure
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_RATE = ["task", "rate", "ci_low", "ci_high"]


class Drawn(NamedTuple):
    """A figure, its file's name without suffix, and its caption."""

    name: str
    figure: "Figure"
    caption: str


def write_figures(trainings: list[Training], folder: Path) -> list[Path]:
    """Draw every figure that the grid has trainings for, as PNG and PDF."""
    files = []
    for task in tasks_of(trainings):
        evaluated = [training for training in trainings if (task, "dense") in training.runs]
        for drawn in _draw(evaluated, task):
            ending = re.sub(r"[^A-Za-z0-9.-]+", "_", task)  # a task spec has colons
            files += save(drawn.figure, folder / f"{drawn.name}-{ending}", caption=drawn.caption)
    for drawn in _loss_against_retrieval(trainings):
        files += save(drawn.figure, folder / drawn.name, caption=drawn.caption)
    return files


def recipe_cells(trainings: list[Training], task: str, *, levels: bool = False) -> pd.DataFrame:
    """The cells of all recipes on a task, pooled over their trainings, as figures of settings take them.

    Args:
        trainings: those that were evaluated on the task.
        task: which one.
        levels: recipes differ in their levels too, which then are part of the family's name.
    """
    tables = []
    for recipe, group in by_recipe(trainings).items():
        table = pooled_cells(group, task)
        assert table is not None
        family = recipe.scorer and f"{recipe.scorer}, L={recipe.num_levels}" if levels else recipe.scorer
        setting = SettingDescription(recipe.label, family, recipe.k, "k" if family else None, CONTEXT)
        tables.append(with_setting(table, setting))
    return pd.concat(tables, ignore_index=True)


def _draw(trainings: list[Training], task: str) -> Iterator[Drawn]:
    cells = recipe_cells(trainings, task, levels=True)
    figure = length_figure(cells, title=_title(cells, task), width="double")
    yield Drawn("length", figure, f"{captions.of_length(cells)} {_measured(trainings, cells, task)}")
    dense = [training for training in trainings if training.recipe.scorer is None]
    for levels in sorted({training.recipe.num_levels for training in trainings} - {None}):
        own = [training for training in trainings if training.recipe.num_levels == levels]
        cells = recipe_cells([*dense, *own], task)
        figure = sweep_figure(cells, title=f"{_title(cells, task)}, L={levels}")
        text = f"{captions.of_heatmap(cells)} {_measured([*dense, *own], cells, task)}"
        yield Drawn(f"heatmap-l{levels}", figure, text)
        if matched := _of_shared_seeds([*dense, *own]):
            yield _less_dense(matched, task, levels)
    if any(pair.have([task]) for pair in qk_over_norm(trainings).pairs):
        yield _qk_less_norm(trainings, task)


def _less_dense(trainings: list[Training], task: str, levels: int) -> Drawn:
    cells = recipe_cells(trainings, task)
    groups = by_recipe(trainings)
    dense = next(group for recipe, group in groups.items() if recipe.scorer is None)
    tested = [
        cells_by_prompts(_joined(dense, group, task)).assign(setting=recipe.label)
        for recipe, group in groups.items()
        if recipe.scorer is not None
    ]
    tests = pd.concat(tested, ignore_index=True)
    add_holm(tests)
    cells = cells.merge(tests[["setting", "length", "depth", "p_holm"]], "left", on=["setting", "length", "depth"])
    figure = sweep_figure(cells, title=f"two stages less dense, {_title(cells, task)}, L={levels}", difference=True)
    what = (
        "Retrieval rate after two stages minus that of dense attention from scratch, of trainings with the same seeds, "
        f"by context length and needle depth; dense's own rates beside them. {_framed(tests)} "
        "against-dense.csv has the means' tests."
    )
    text = f"{what} {captions.means(cells)} {_measured(trainings, cells, task)}"
    return Drawn(f"two-stages-less-dense-l{levels}", figure, text)


def _qk_less_norm(trainings: list[Training], task: str) -> Drawn:
    pairs = [pair for pair in qk_over_norm(trainings).pairs if pair.have([task])]
    joined = _joined([pair.base for pair in pairs], [pair.other for pair in pairs], task)
    compared = cells_by_prompts(joined)
    add_holm(compared)
    labels = dict.fromkeys(f"{pair.other.recipe.label} less {pair.base.recipe.label}" for pair in pairs)
    what = (
        f"Retrieval rate of query-key minus norm at equal k and L, mean over {len(pairs)} pairs of trainings with the "
        f"same seed ({', '.join(labels)}), on the {len(joined)} prompts that all of them answered; gained and lost are "
        f"prompts that the one side's trainings find more or less often. {_framed(compared)}"
    )
    used = [training for pair in pairs for training in (pair.base, pair.other)]
    cells = recipe_cells(used, task)
    figure = difference_heatmap(compared, title=f"qk less norm, {task}")
    return Drawn("qk-less-norm", figure, f"{what} {_measured(used, cells, task)}")


def _loss_against_retrieval(trainings: list[Training]) -> Iterator[Drawn]:
    found = points(trainings)
    found = found[found["task"].isin(tasks_of(trainings))]
    if found.empty:
        return
    (task, *_) = dict.fromkeys(found["task"])
    drawn = [training for training in trainings if training.recipe.label in set(found["recipe"])]
    cells = recipe_cells([training for training in drawn if (task, "dense") in training.runs], task, levels=True)
    values = "; ".join(
        f"{recipe}, seed {seed}: {own['held_out'].iloc[0]:.3f}, "
        + ", ".join(f"{task} {rate:.2f} ({low:.2f} to {high:.2f})" for task, rate, low, high in own[_RATE].to_numpy())
        for (recipe, seed), own in found.groupby(["recipe", "seed"], sort=False)
    )
    what = (
        "Retrieval rate, evaluated dense, mean over lengths and depths, over the final loss of held-out text in nats "
        "per byte, a point a training. Bars: 95 % intervals of the cluster bootstrap over prompts, of this checkpoint; "
        "the axis of rates does not begin at 0."
    )
    text = f"{what} {said(loss_correlations(trainings))} Loss and rates: {values}."
    yield Drawn("loss-against-retrieval", scatter_figure(found, cells), text)


def _joined(base: list[Training], other: list[Training], task: str) -> pd.DataFrame:
    return side_by_side([(training, "dense") for training in (*base, *other)], [task])


def _framed(tests: pd.DataFrame) -> str:
    framed = int((tests["p_holm"] < 1 - LEVEL).sum())
    return (
        f"Framed, {framed} of {len(tests)} cells: p < {1 - LEVEL:.2g} after Holm over the figure's cells, exact "
        "McNemar test of the prompts gained and lost in a cell; of these checkpoints, not of what another seed would "
        "give."
    )


def _of_shared_seeds(trainings: list[Training]) -> list[Training]:
    """The trainings whose seed every recipe has, dense among them; none where there is no such seed."""
    groups = by_recipe(trainings)
    shared = set.intersection(*({training.seed for training in group} for group in groups.values()))
    has_dense = any(recipe.scorer is None for recipe in groups)
    return [training for training in trainings if has_dense and training.seed in shared]


def _title(cells: pd.DataFrame, task: str) -> str:
    return f"{task}, n={captions.samples_per_cell(cells['n'])} per cell"


def _measured(trainings: list[Training], cells: pd.DataFrame, task: str) -> str:
    """Task, grid, samples a cell, seeds and weights, in sentences."""
    seeds = "; ".join(
        f"{recipe.label}: {', '.join(f'{training.seed} ({str(training.weights)[:12]})' for training in group)}"
        for recipe, group in by_recipe(trainings).items()
    )
    lengths = ", ".join(map(length_label, sorted(set(map(int, cells["length"])))))
    depths = ", ".join(f"{depth:g}" for depth in sorted(set(cells["depth"])))
    return (
        f"Task {task}, evaluated dense; {captions.samples_per_cell(cells['n'])} samples per cell over a recipe's "
        f"trainings, {int(cells['n'].sum())} in all. Context lengths {lengths} tokens; needle depths {depths} %. "
        f"Seeds (weights sha256): {seeds}."
    )
