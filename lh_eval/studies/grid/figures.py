"""Figures of the grid, each with its caption as text: rates over length, scorers by k, differences, and losses."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lh_eval.analysis.settings import CONTEXT, SettingDescription, with_setting
from lh_eval.figures import captions
from lh_eval.figures.difference import difference_heatmap
from lh_eval.figures.length import length_figure
from lh_eval.figures.scatter import scatter_figure
from lh_eval.figures.style import save
from lh_eval.figures.sweep import sweep_figure
from lh_eval.spec import slug
from lh_eval.store.sweep import DENSE
from lh_eval.studies.grid.losses import correlations_said, points
from lh_eval.studies.grid.paper import qk_over_norm
from lh_eval.studies.grid.prompts import LEVEL, cells_by_prompts, mean_over_cells, with_holm
from lh_eval.studies.grid.trainings import Grid

if TYPE_CHECKING:
    from matplotlib.figure import Figure


Drawn = tuple[str, "Figure", str]  # a file's name without suffix, the figure, and its caption


def write_figures(grid: Grid, folder: Path) -> list[Path]:
    """Draw every figure that the grid has trainings for, as PNG and PDF."""
    files = []
    for task in grid.tasks:
        for name, figure, text in _draw(grid.only(grid.evaluated(grid.trainings.index, [task])), task):
            files += save(figure, folder / f"{name}-{slug(task)}", caption=text)
    for name, figure, text in _loss_against_retrieval(grid):
        files += save(figure, folder / name, caption=text)
    return files


def recipe_cells(grid: Grid, task: str, *, levels: bool = False) -> pd.DataFrame:
    """The cells of all recipes on a task, pooled over their trainings, as figures of settings take them.

    Args:
        grid: trainings that were evaluated on the task.
        task: which one.
        levels: recipes differ in their levels too, which then are part of the family's name.
    """
    tables = []
    for recipe, group in grid.recipes.items():
        scorer, k, num_levels = group.iloc[0][["scorer", "k", "num_levels"]]
        family = f"{scorer}, L={num_levels}" if levels else scorer
        setting = SettingDescription(recipe, family, k, "k", CONTEXT)
        if scorer == DENSE:
            setting = SettingDescription(DENSE, None, None, None, CONTEXT)
        tables.append(with_setting(grid.cells(group.index, task), setting))
    return pd.concat(tables, ignore_index=True)


def _draw(grid: Grid, task: str) -> Iterator[Drawn]:
    cells = recipe_cells(grid, task, levels=True)
    figure = length_figure(cells, title=_title(cells, task), width="double")
    text = f"{captions.of_length(cells)} {_pooled(grid, task, 'Intervals')}"
    yield "length", figure, f"{text} {_measured(grid, cells, task)}"
    for levels in sorted(grid.trainings["num_levels"].dropna().unique()):
        own = grid.only((grid.trainings["num_levels"] == levels).fillna(value=True))
        cells = recipe_cells(own, task)
        figure = sweep_figure(cells, title=f"{_title(cells, task)}, L={levels}")
        text = f"{captions.of_heatmap(cells)} {_pooled(own, task, 'Panels and intervals')}"
        yield f"heatmap-l{levels}", figure, f"{text} {_measured(own, cells, task)}"
        matched = _of_shared_seeds(own)
        if DENSE in matched.recipes:
            yield _less_dense(matched, task, levels)
    if len(qk_over_norm(grid.trainings).pairs):
        yield _qk_less_norm(grid, task)


def _less_dense(grid: Grid, task: str, levels: int) -> Drawn:
    cells = recipe_cells(grid, task)
    recipes = dict(grid.recipes)
    dense = recipes.pop(DENSE).index
    compared = {name: cells_by_prompts(grid.scores([*dense, *own.index], [task])) for name, own in recipes.items()}
    tests = with_holm(pd.concat(compared, names=["setting"]).reset_index("setting").reset_index(drop=True))
    cells = cells.merge(tests[["setting", "length", "depth", "p_holm"]], "left", on=["setting", "length", "depth"])
    figure = sweep_figure(cells, title=f"two stages less dense, {_title(cells, task)}, L={levels}", difference=True)
    text = (
        "Retrieval rate after two stages minus that of dense attention from scratch, of trainings with the same seeds, "
        f"by context length and needle depth; dense's own rates beside them. {_framed(tests)} "
        f"against-dense.csv has the means' tests. {captions.means(cells)} {_pooled(grid, task, 'Intervals')} "
        f"{_measured(grid, cells, task)}"
    )
    return f"two-stages-less-dense-l{levels}", figure, text


def _qk_less_norm(grid: Grid, task: str) -> Drawn:
    pairs = qk_over_norm(grid.trainings).pairs
    joined = grid.scores([*pairs["base"], *pairs["other"]], [task])
    compared = cells_by_prompts(joined)
    recipes = grid.trainings["recipe"]
    labels = [f"{recipes[other]} less {recipes[base]}" for base, other in pairs[["base", "other"]].to_numpy()]
    used = grid.only(pairs[["base", "other"]].to_numpy().ravel().tolist())
    text = (
        f"Retrieval rate of query-key minus norm at equal k and L, mean over {len(pairs)} pairs of trainings with the "
        f"same seed ({', '.join(dict.fromkeys(labels))}), on the {len(joined)} prompts that all of them answered; "
        "gained and lost are prompts that the one side's trainings find more or less often. "
        f"{_framed(compared)} {_measured(used, recipe_cells(used, task), task)}"
    )
    return "qk-less-norm", difference_heatmap(compared, title=f"qk less norm, {task}"), text


def _loss_against_retrieval(grid: Grid) -> Iterator[Drawn]:
    found = points(grid)
    single = found[found["task"].isin(grid.tasks)]
    if single.empty:
        return
    task = single["task"].iloc[0]
    drawn = grid.trainings.index[grid.trainings["recipe"].isin(single["recipe"])]
    cells = recipe_cells(grid.only(grid.evaluated(drawn, [task])), task, levels=True)
    values = "; ".join(
        f"{recipe}, seed {seed}: {own['held_out'].iloc[0]:.3f}, "
        + ", ".join(f"{one.task} {one.rate:.2f} ({one.ci_low:.2f} to {one.ci_high:.2f})" for one in own.itertuples())
        for (recipe, seed), own in single.groupby(["recipe", "seed"], sort=False)
    )
    text = (
        "Retrieval rate, evaluated dense, mean over lengths and depths, over the final loss of held-out text in nats "
        "per byte, a point a training. Bars: 95 % intervals of the cluster bootstrap over prompts, of this checkpoint; "
        f"the axis of rates does not begin at 0. {correlations_said(found)} Loss and rates: {values}."
    )
    yield "loss-against-retrieval", scatter_figure(single, cells), text


def _of_shared_seeds(grid: Grid) -> Grid:
    """The trainings whose seed every recipe has."""
    shared = set.intersection(*(set(group["seed"]) for group in grid.recipes.values()))
    return grid.only(grid.trainings["seed"].isin(shared))


def _framed(tests: pd.DataFrame) -> str:
    framed = int((tests["p_holm"] < 1 - LEVEL).sum())
    return (
        f"Framed, {framed} of {len(tests)} cells: p < {1 - LEVEL:.2g} after Holm over the figure's cells, sign-flip "
        "test of a cell's mean difference over its prompts; of these checkpoints, not of what another seed would give."
    )


def _pooled(grid: Grid, task: str, what: str) -> str:
    """What means of recipes are not, and those of their trainings."""
    each = "; ".join(
        f"{recipe} {', '.join(f'{_mean(grid, training, task):.2f}' for training in group.index)}"
        for recipe, group in grid.recipes.items()
    )
    return (
        f"{what} pool the samples of a recipe's trainings and are of these checkpoints; another training by the "
        f"recipe is not bound to lie within. Each training's mean: {each}."
    )


def _mean(grid: Grid, training: int, task: str) -> float:
    joined = grid.scores([training], [task])
    return mean_over_cells(joined, joined[0])


def _title(cells: pd.DataFrame, task: str) -> str:
    return f"{task}, n={captions.samples_per_cell(cells['n'])} per cell"


def _measured(grid: Grid, cells: pd.DataFrame, task: str) -> str:
    """Task, grid, samples a cell, seeds and weights, in sentences."""
    seeds = "; ".join(
        f"{recipe}: "
        + ", ".join(f"{seed} ({str(weights)[:12]})" for seed, weights in group[["seed", "weights"]].to_numpy())
        for recipe, group in grid.recipes.items()
    )
    return (
        f"Task {task}, evaluated dense; {captions.samples_per_cell(cells['n'])} samples per cell over a recipe's "
        f"trainings, {int(cells['n'].sum())} in all. {captions.places(cells)} Seeds (weights sha256): {seeds}."
    )
