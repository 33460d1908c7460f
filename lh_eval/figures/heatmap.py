"""The retrieval heatmap of one run."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import add_axes, draw_colour_bar, draw_panel, fit_text, grid, lay_out_single, mark_holes
from lh_eval.figures.style import Width, inches, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_BOTTOM, _RIGHT = 0.38, 0.38  # inches


def heatmap(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "single", palette: Palette = "cividis"
) -> "Figure":
    """Draw the rate of each cell, depth down and length across, with the number of samples under it.

    Args:
        cells: columns `length`, `depth`, `n` and `rate`, one row a cell; a rate of NaN, or a cell of the grid that
            is not there, is drawn as missing. With `prefix_hole`, cells where it is above 0 have a mark.
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
    layout = lay_out_single(rates, inches(width), bottom=_BOTTOM, right=_RIGHT)
    with style():
        figure = new_figure(layout.page, layout.height)
        axes = add_axes(figure, layout.box)
        draw_panel(axes, rates, scale="rate", palette=palette, notes=counts.map(lambda n: f"n={n:.0f}"))
        mark_holes(axes, cells, rates)
        axes.set(xlabel="context length (tokens)", ylabel="needle depth (%)")
        mean = cells["rate"].mean()
        summary = "no samples" if mean != mean else f"mean {mean:.2f}"
        heading = figure.text(0.5, 1 - 0.06 / layout.height, f"{title}: {summary}" if title else summary)
        heading.set(ha="center", va="top", fontsize=8)
        fit_text(heading, 0.97 * layout.page)
        draw_colour_bar(figure, layout.bar, scale="rate", label="retrieval rate", palette=palette)
    return figure
