"""Trainings that differ in their seed: a heatmap each, equal seeds side by side, and what they share and differ in."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from lh_eval.errors import InputError
from lh_eval.figures.matrix import (
    NARROWEST,
    Line,
    Matrix,
    Panel,
    lay_out,
    mean_text,
    on_one_grid,
    page_height,
    with_names,
)
from lh_eval.figures.matrix_drawing import draw_matrix
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import grid, legible_width
from lh_eval.figures.style import PAGE_HEIGHT, SIZE, Width, inches, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_AIR = 0.03  # inches between a spread and its cell's edges


def seeds_figure(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "single", palette: Palette = "cividis"
) -> "Figure":
    """Draw a panel a training, so that trainings of one seed stand side by side or below each other.

    Recipes are rows and seeds columns, or the other way round where that takes fewer lines; what does not fit on a line
    goes on below, with the other recipes or seeds of the same columns. A training that there is none of leaves its
    place free.

    Args:
        cells: columns `recipe`, `seed`, `length`, `depth`, `n` and `rate`, one row a cell of a training. With
            `prefix_hole`, cells where it is above 0 have a mark.
        title: what was measured.
        width: "single" is a column of a paper, "double" its whole page, or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or the width or palette is none.
    """
    _check(cells, palette)
    page = inches(width)
    own = {
        (str(recipe), int(str(seed))): rows for (recipe, seed), rows in cells.groupby(["recipe", "seed"], sort=False)
    }
    rates = on_one_grid({training: grid(rows, "rate") for training, rows in own.items()})
    panels = {key: Panel("", rates[key], mean_text(rates[key]), cells=rows) for key, rows in own.items()}
    choices = [
        _arrange(panels, page, columns, narrowest)
        for narrowest in (legible_width(len(next(iter(rates.values())).columns)), NARROWEST)
        for columns in _COLUMNS
    ]
    # Numbers in the cells, then recipes as rows, unless the page is too short.
    fitting = [matrix for matrix in choices[:2] if page_height(matrix, title=title) <= PAGE_HEIGHT]
    matrix = min(fitting or choices, key=lambda matrix: (len(matrix.lines), page_height(matrix, title=title)))
    return draw_matrix(matrix, title=title, palette=palette, labels={"rate": "retrieval rate"})


def spread_figure(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "single", palette: Palette = "cividis"
) -> "Figure":
    """Draw a panel a recipe: the mean of each cell over the recipe's seeds, and under it their standard deviation.

    Args:
        cells: columns `recipe`, `seeds` (how many trainings have the cell), `length`, `depth`, `rate` (their mean) and
            `sd` (missing where there is one alone), one row a cell; and `mean_sd`, of the trainings' means over cells,
            which is the same in all rows of a recipe. With `prefix_hole`, cells where it is above 0 have a mark.
        title: what was measured.
        width: "single" is a column of a paper, "double" its whole page, or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or the width or palette is none.
    """
    _check(cells, palette)
    page = inches(width)
    own = {str(recipe): rows for recipe, rows in cells.groupby("recipe", sort=False)}
    rates = on_one_grid({recipe: grid(rows, "rate") for recipe, rows in own.items()})
    values = next(iter(rates.values()))
    needed = len(values.columns) * (text_width("±.88", SIZE) + _AIR)
    layout = lay_out(len(own), values, page, narrowest=needed)
    short = text_width("±0.88", SIZE) + _AIR > layout.across / len(values.columns)
    panels = {}
    for recipe, rows in own.items():
        spread = _spread(rows["mean_sd"].iloc[0], short=False)
        summary = mean_text(rates[recipe]).replace(")", f" {spread})") if spread else mean_text(rates[recipe])
        notes = grid(rows, "sd").reindex_like(values).map(lambda sd: _spread(sd, short=short))
        panels[recipe] = Panel("", rates[recipe], summary, notes=notes, cells=rows)
    drawn = with_names({recipe: [recipe] for recipe in own}, panels, layout)
    lines = [Line(None, drawn[start : start + layout.columns]) for start in range(0, len(drawn), layout.columns)]
    label = "retrieval rate, mean over seeds"
    return draw_matrix(Matrix(layout, lines), title=title, palette=palette, labels={"rate": label})


_COLUMNS: tuple[Literal["seed", "recipe"], ...] = ("seed", "recipe")


def _check(cells: "pd.DataFrame", palette: Palette) -> None:
    if cells.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    check_palette(palette)


def _arrange(
    panels: Mapping[tuple[str, int], Panel], page: float, columns: Literal["seed", "recipe"], narrowest: float
) -> Matrix:
    """Lines of recipes with their seeds as columns, or of seeds with the recipes as columns."""
    recipes = list(dict.fromkeys(recipe for recipe, _ in panels))
    seeds = sorted({seed for _, seed in panels})
    headings = [f"seed {seed}" for seed in seeds]
    named = {key: (key[0], headings[seeds.index(key[1])]) for key in panels}
    across, down = (headings, recipes) if columns == "seed" else (recipes, headings)
    drawn = {(line, name) if columns == "seed" else (name, line): key for key, (line, name) in named.items()}
    values = next(iter(panels.values())).values
    widest = max(text_width(name, SIZE) for name in across)
    layout = lay_out(len(across), values, page, narrowest=max(narrowest, widest))
    lines = []
    for start in range(0, len(across), layout.columns):
        names = across[start : start + layout.columns]
        for line in down:
            keys = [drawn.get((line, name)) for name in names]
            if any(keys):
                lines.append(
                    Line(
                        line,
                        [
                            panels[key]._replace(name=name) if key else None
                            for key, name in zip(keys, names, strict=True)
                        ],
                    )
                )
    return Matrix(layout, lines)


def _spread(sd: float, *, short: bool) -> str:
    """A standard deviation behind its sign; nothing where there is none."""
    if sd != sd:
        return ""
    text = f"±{sd:.2f}"
    if sd == 0:
        return "±0"
    return text.replace("±0", "±") if short else text
