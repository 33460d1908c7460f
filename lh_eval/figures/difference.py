"""How two runs differ, cell by cell, with the cells marked where it is more than chance."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.panel import LEAST_HEIGHT, add_axes, draw_colour_bar, draw_panel, fit_text, grid, left_margin
from lh_eval.figures.style import SIZE, Width, inches, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Inches.
_RIGHT, _BAR, _TOP, _BOTTOM = 0.42, 0.08, 0.25, 0.5
_GAP = 0.08
_CELL_HEIGHT = 0.3
_WIDEST = 2.4  # a cell's width over its height: beyond it, the grid stays narrower than the column


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
    from matplotlib.patches import Rectangle

    differences, p_values = grid(cells, "difference"), grid(cells, "p_holm")
    notes = grid(
        cells.assign(note=[f"+{g} −{lo}" for g, lo in zip(cells["gained"], cells["lost"], strict=True)]), "note"
    )
    rows, columns = differences.shape
    page = inches(width)
    height = max(rows * _CELL_HEIGHT, LEAST_HEIGHT)
    margin = left_margin(differences.index)
    room = page - margin - _GAP - _BAR - _RIGHT
    across = min(room, columns * _WIDEST * _CELL_HEIGHT)
    left = margin + (room - across) / 2
    with style():
        figure_height = _TOP + height + _BOTTOM
        figure = new_figure(page, figure_height)
        axes = add_axes(figure, (left, _BOTTOM, across, height))
        draw_panel(axes, differences, scale="difference", notes=notes)
        for y, x in zip(*(p_values < 1 - level).to_numpy().nonzero(), strict=True):
            # inside the cell, so that the frames of neighbours stay apart; white around black shows on any ground
            for line, colour in ((2.0, "white"), (0.9, "black")):
                frame = Rectangle((x + 0.035, y + 0.045), 0.93, 0.91, fill=False, edgecolor=colour, linewidth=line)
                axes.add_patch(frame)
        axes.set(xlabel="context length (tokens)", ylabel="needle depth (%)")
        mean = f"{cells['difference'].mean():+.2f}".replace("-", "−")
        summary = f"mean {'0' if float(mean.replace('−', '-')) == 0 else mean}"
        heading = figure.text(0.5, 1 - 0.06 / figure_height, f"{title}: {summary}" if title else summary)
        heading.set(ha="center", va="top", fontsize=8)
        key = figure.text(0.5, 0.04 / figure_height, f"+gained −lost samples; framed: p < {1 - level:.2g} after Holm")
        key.set(ha="center", va="bottom", fontsize=SIZE)
        for text in (heading, key):
            fit_text(text, 0.97 * page)
        bar = (left + across + _GAP, _BOTTOM, _BAR, height)
        draw_colour_bar(figure, bar, scale="difference", label="difference of rates")
    return figure
