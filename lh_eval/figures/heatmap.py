"""The retrieval heatmap of one run."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import LEAST_HEIGHT, add_axes, draw_colour_bar, draw_panel, fit_text, grid, left_margin
from lh_eval.figures.style import Width, inches, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Inches.
_RIGHT, _BAR, _TOP, _BOTTOM = 0.38, 0.08, 0.25, 0.38
_GAP = 0.08
_CELL_HEIGHT = 0.3
_WIDEST = 2.4  # a cell's width over its height: beyond it, the grid stays narrower than the column


def heatmap(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "single", palette: Palette = "cividis"
) -> "Figure":
    """Draw the rate of each cell, depth down and length across, with the number of samples under it.

    Args:
        cells: columns `length`, `depth`, `n` and `rate`, one row a cell; a rate of NaN, or a cell of the grid that
            is not there, is drawn as missing.
        title: what was measured; the mean over cells is written after it.
        width: "single" is a column of a paper, "double" its whole page; or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or the width or the palette is none.
    """
    if cells.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    check_palette(palette)
    rates, counts = grid(cells, "rate"), grid(cells, "n")
    rows, columns = rates.shape
    page = inches(width)
    height = max(rows * _CELL_HEIGHT, LEAST_HEIGHT)
    margin = left_margin(rates.index)
    room = page - margin - _GAP - _BAR - _RIGHT
    across = min(room, columns * _WIDEST * _CELL_HEIGHT)
    left = margin + (room - across) / 2
    with style():
        figure_height = _TOP + height + _BOTTOM
        figure = new_figure(page, figure_height)
        axes = add_axes(figure, (left, _BOTTOM, across, height))
        draw_panel(axes, rates, scale="rate", palette=palette, notes=counts.map(lambda n: f"n={n:.0f}"))
        axes.set(xlabel="context length (tokens)", ylabel="needle depth (%)")
        mean = cells["rate"].mean()
        summary = "no samples" if mean != mean else f"mean {mean:.2f}"
        heading = figure.text(0.5, 1 - 0.06 / figure_height, f"{title}: {summary}" if title else summary)
        heading.set(ha="center", va="top", fontsize=8)
        fit_text(heading, 0.97 * page)
        bar = (left + across + _GAP, _BOTTOM, _BAR, height)
        draw_colour_bar(figure, bar, scale="rate", label="retrieval rate", palette=palette)
    return figure
