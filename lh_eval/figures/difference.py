"""How two runs differ, cell by cell, with the cells marked where it is more than chance."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.panel import (
    add_axes,
    difference_limit,
    draw_colour_bar,
    draw_panel,
    fit_text,
    frame_cells,
    grid,
    lay_out_single,
)
from lh_eval.figures.style import SIZE, Width, inches, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

_BOTTOM, _RIGHT = 0.5, 0.42  # inches


def difference_heatmap(
    cells: "pd.DataFrame", *, title: str = "", level: float = 0.95, width: Width = "single"
) -> "Figure":
    """Draw the difference of each cell's rates; a black frame is one that is significant after Holm.

    Args:
        cells: columns `length`, `depth`, `difference`, `gained`, `lost` and `p_holm`, one row a cell, as
            `results.compare` makes them; under each difference stand the samples gained and lost.
        title: what is compared; the mean over cells is written after it.
        level: one less the p-value below which a cell is marked.
        width: "single" is a column of a paper, "double" its whole page; or inches.

    Raises:
        InputError: there is no cell, or the width is none.
    """
    if cells.empty:
        raise InputError("cells must be at least one, got none; compare runs with samples in common")
    differences, p_values = grid(cells, "difference"), grid(cells, "p_holm")
    changed = zip(cells["gained"], cells["lost"], strict=True)
    notes = grid(cells.assign(note=[f"+{g} −{lo}" if g or lo else "" for g, lo in changed]), "note")
    limit = difference_limit(cells["difference"])
    layout = lay_out_single(differences, inches(width), bottom=_BOTTOM, right=_RIGHT)
    with style():
        figure = new_figure(layout.page, layout.height)
        axes = add_axes(figure, layout.box)
        draw_panel(axes, differences, scale="difference", notes=notes, limit=limit)
        frame_cells(axes, p_values < 1 - level)
        axes.set(xlabel="context length (tokens)", ylabel="needle depth (%)")
        mean = f"{cells['difference'].mean():+.2f}".replace("-", "−")
        summary = f"mean {'0' if float(mean.replace('−', '-')) == 0 else mean}"
        heading = figure.text(0.5, 1 - 0.06 / layout.height, f"{title}: {summary}" if title else summary)
        heading.set(ha="center", va="top", fontsize=8)
        key = figure.text(0.5, 0.04 / layout.height, f"+gained −lost samples; framed: p < {1 - level:.2g} after Holm")
        key.set(ha="center", va="bottom", fontsize=SIZE)
        for text in (heading, key):
            fit_text(text, 0.97 * layout.page)
        draw_colour_bar(figure, layout.bar, scale="difference", label="difference of rates", limit=limit)
    return figure
