"""Figures of several trainings together: equal seeds side by side, and what seeds differ by."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.seeds import over_seeds, read_seeded, seeded_cells, training_means
from lh_eval.errors import InputError
from lh_eval.figures.captions import samples_per_cell
from lh_eval.figures.seeds_caption import of_seeds, of_spread
from lh_eval.figures.style import PAGE_HEIGHT, SeedKind
from lh_eval.publish.caption import trained
from lh_eval.publish.draw import FigureOptions, check_options, save_pages

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def write_seed_figures(
    paths: Iterable[str | Path], kind: SeedKind, *, stem: str | Path, options: FigureOptions | None = None
) -> list[Path]:
    """Draw the runs of several trainings together: a heatmap each, or the means over seeds with their spread.

    Args:
        paths: folders of runs, of sweeps, or that hold such, of trainings that differ in recipe or seed.
        kind: what to draw.
        stem: where to write, without suffix; what does not fit on a page goes on in `<stem>-2`.
        options: how to draw it.

    Returns:
        As `write_figures`.

    Raises:
        InputError: as `read_seeded`, or spreads are asked for and no recipe has two seeds, or nothing can be written.
    """
    from lh_eval.figures.seeds import seeds_figure, spread_figure

    options = options or FigureOptions()
    check_options(options)
    runs = read_seeded(paths)
    cells = seeded_cells(runs)
    seeds = cells.groupby("recipe")["seed"].nunique()
    if kind == "spread" and seeds.max() < 2:
        listed = ", ".join(dict.fromkeys(cells["recipe"]))
        raise InputError(
            f"runs must be of a recipe with several seeds, got one of each of {listed}; give more, in folders whose "
            "names differ in the seed alone, as norm-s0 and norm-s1"
        )
    means = training_means(cells)
    how: dict[str, Any] = {"width": options.width or "single", "palette": options.palette}
    counted = f"n={samples_per_cell(cells['n'])} per cell"
    task = ", ".join(sorted(set(runs[0].run.frame["task"])))
    if kind == "seeds":
        by, table, draw = "seed", cells, partial(seeds_figure, title=f"{task}, {counted}", **how)
        text = of_seeds(cells, means)
    else:
        by, table = "recipe", over_seeds(cells)
        several = sorted(set(table.loc[table["seeds"] > 0, "seeds"]))
        count = f"{' or '.join(map(str, several))} seeds"
        draw = partial(spread_figure, title=f"{task}, {count}, {counted} and seed", **how)
        text = of_spread(table, means)
    figures = _pages(table, by, sorted(set(table[by])) if by == "seed" else list(dict.fromkeys(table[by])), draw)
    return save_pages(figures, stem, options, f"{text} {trained(runs, cells)}")


def _pages(
    cells: "pd.DataFrame", by: str, values: list[Any], draw: "Callable[[pd.DataFrame], Figure]"
) -> "list[Figure]":
    """The figure of the cells, in as many parts, halved by the values of a column, as make each fit a page."""
    figure = draw(cells[cells[by].isin(values)])
    if len(values) == 1 or figure.get_figheight() <= PAGE_HEIGHT + 1e-6:
        return [figure]
    half = -(-len(values) // 2)
    return [page for part in (values[:half], values[half:]) for page in _pages(cells, by, part, draw)]
