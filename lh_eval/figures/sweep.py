"""The figure of a sweep: settings side by side and, below each, how it differs from dense."""

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.errors import InputError
from lh_eval.figures.panel import (
    LEAST_HEIGHT,
    Scale,
    add_axes,
    draw_colour_bar,
    draw_panel,
    fit_text,
    grid,
    left_margin,
    length_size,
)
from lh_eval.figures.style import WIDTHS, Width, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Inches.
_RIGHT, _BAR = 0.42, 0.08
_TITLE = 0.2  # over all
_GAP = 0.1  # between panels
_DROP = 0.17  # between a setting's rates and its differences
_HEADING = 0.3  # two lines over a panel
_TICKS = 0.2  # length labels under a panel
_BOTTOM = 0.18  # "context length" under all
_NARROWEST, _WIDEST = 0.195, 0.45  # a cell
_TICKSIZE, _LEAST_TICKSIZE = 6.0, 4.5  # points, of depths and lengths
_NARROWEST_PANEL = 0.95  # its heading must be legible
_CELL_HEIGHT = 0.19


class _Layout(NamedTuple):
    """Panels a row, and in inches a cell's width, a grid's width and height, and the left end of the first grid."""

    columns: int
    cell: float
    across: float
    height: float
    left: float


def sweep_figure(
    settings: "Mapping[str, pd.DataFrame]", *, title: str = "", baseline: str = "dense", width: Width = "double"
) -> "Figure":
    """Draw each setting's rates and, under them, their difference to the baseline's.

    Args:
        settings: cells by the name that is written above them, each with columns `length`, `depth`, `n` and
            `rate`; drawn in this order but with the baseline first.
        title: what was measured, over all panels.
        baseline: name of the setting that the others are compared with; without it no differences are drawn.
        width: "single" is a column of a paper, "double" its whole page; settings that do not fit go to a new row.

    Raises:
        InputError: there is no setting.
    """
    if not settings:
        raise InputError("settings must be at least one, got none; run one first")
    names = sorted(settings, key=lambda name: name != baseline)
    compared = set(names[1:]) if names[0] == baseline else set()
    rates = _on_one_grid({name: grid(settings[name], "rate") for name in names})
    if rates[names[0]].empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    layout = _lay_out(len(names), rates[names[0]], WIDTHS[width])
    rows = [names[start : start + layout.columns] for start in range(0, len(names), layout.columns)]
    tops = _tops([bool(compared & set(row)) for row in rows], layout.height)
    bar_left = layout.left + layout.columns * (layout.across + _GAP)
    with style():
        figure_height = tops[0] + (_TITLE if title else 0)
        figure = new_figure(WIDTHS[width], figure_height)
        bars: set[Scale] = set()
        for row, top in zip(rows, tops, strict=True):
            bottom = top - _HEADING - layout.height
            below = bottom - _DROP - layout.height
            for column, name in enumerate(row):
                left = layout.left + column * (layout.across + _GAP)
                box = (left, bottom, layout.across, layout.height)
                axes = _draw(figure, box, rates[name], layout.cell, "rate", column == 0, name not in compared)
                heading = axes.set_title(f"{name}\n{_summary(settings[name])}", fontsize=6.5, pad=3)
                fit_text(heading, layout.across + 0.8 * _GAP)
                if name in compared:
                    first = column == 0 or row[column - 1] not in compared
                    box = (left, below, layout.across, layout.height)
                    _draw(figure, box, rates[name] - rates[baseline], layout.cell, "difference", first, True)
            if "rate" not in bars:
                bars.add("rate")
                draw_colour_bar(figure, (bar_left, bottom, _BAR, layout.height), scale="rate", label="retrieval rate")
            if "difference" not in bars and compared & set(row):
                bars.add("difference")
                box = (bar_left, below, _BAR, layout.height)
                draw_colour_bar(figure, box, scale="difference", label=f"difference to {baseline}")
        middle = (layout.left + bar_left - _GAP) / 2 / WIDTHS[width]
        figure.text(middle, 0.04 / figure_height, "context length (tokens)", ha="center", va="bottom")
        heading = figure.text(0.5, 1 - 0.06 / figure_height, title, ha="center", va="top", fontsize=8)
        fit_text(heading, 0.97 * WIDTHS[width])
    return figure


def _draw(
    figure: "Figure",
    box: tuple[float, float, float, float],
    values: "pd.DataFrame",
    cell: float,
    scale: Scale,
    depth_labels: bool,
    length_labels: bool,
) -> "Axes":
    """Draw one grid; the narrower its cells, the shorter their text."""
    axes = add_axes(figure, box)
    size = 5 if cell < 0.26 else _TICKSIZE
    short = cell < 0.3
    write: Callable[[float], str]
    if scale == "rate":
        write = _short_rate if short else "{:.2f}".format
    else:
        write = _short_difference if short else _difference
    draw_panel(
        axes,
        values,
        scale=scale,
        write=write,
        fontsize=size,
        ticksize=size,
        depth_labels=depth_labels,
        length_labels=length_labels,
    )
    if depth_labels:
        axes.set_ylabel("needle depth (%)")
    return axes


def _on_one_grid(rates: "dict[str, pd.DataFrame]") -> "dict[str, pd.DataFrame]":
    depths = sorted({depth for table in rates.values() for depth in table.index})
    lengths = sorted({length for table in rates.values() for length in table.columns})
    return {name: table.reindex(index=depths, columns=lengths) for name, table in rates.items()}


def _lay_out(settings: int, rates: "pd.DataFrame", width: float) -> _Layout:
    """As many panels a row as are legible, the rows as even as can be, all in the middle of the page."""
    depths, lengths = rates.shape
    margin = left_margin(rates.index, _TICKSIZE)
    room = width - margin - _RIGHT - _BAR - _GAP
    labels = _NARROWEST * _LEAST_TICKSIZE / length_size(map(int, rates.columns), _NARROWEST, _LEAST_TICKSIZE)
    narrowest = max(lengths * labels, _NARROWEST_PANEL)
    fitting = max(1, math.floor((room + _GAP) / (narrowest + _GAP)))
    columns = math.ceil(settings / math.ceil(settings / fitting))
    cell = min(((room + _GAP) / columns - _GAP) / lengths, max(_WIDEST, _NARROWEST_PANEL / lengths))
    across = cell * lengths
    spare = room - columns * (across + _GAP) + _GAP
    return _Layout(columns, cell, across, max(depths * _CELL_HEIGHT, LEAST_HEIGHT), margin + spare / 2)


def _tops(compared: list[bool], height: float) -> list[float]:
    """Upper end of each row of panels above the figure's lower edge; one without differences takes less."""
    tops: list[float] = []
    top = _BOTTOM
    for differences in reversed(compared):
        top += _HEADING + height + (_DROP + height if differences else 0) + _TICKS
        tops.insert(0, top)
    return tops


def _summary(cells: "pd.DataFrame") -> str:
    """Mean over cells, and the samples a cell has."""
    measured = cells[cells["n"] > 0]
    if measured.empty:
        return "no samples"
    low, high = measured["n"].min(), measured["n"].max()
    return f"mean {measured['rate'].mean():.2f}, n={low}" + (f"–{high}" if high > low else "")


def _short_rate(rate: float) -> str:
    """Two digits without what every number shares: .93, 1.0, 0."""
    text = f"{rate:.2f}"
    return {"1.00": "1.0", "0.00": "0"}.get(text, text.lstrip("0"))


def _difference(change: float) -> str:
    text = f"{change:+.2f}"
    return "0" if float(text) == 0 else text.replace("-", "−")


def _short_difference(change: float) -> str:
    text = _difference(change).replace("0.", ".", 1)
    return {"+1.00": "+1", "−1.00": "−1"}.get(text, text)
