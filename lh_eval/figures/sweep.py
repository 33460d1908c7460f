"""The figure of a sweep: a matrix of heatmaps, a row a scorer and a column a budget, dense beside it."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.errors import InputError
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import (
    LEAST_HEIGHT,
    Scale,
    add_axes,
    draw_colour_bar,
    draw_panel,
    fit_text,
    frame_cells,
    grid,
    left_margin,
)
from lh_eval.figures.style import SIZE, Width, inches, new_figure, style, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DENSE = "dense"
_SIGNIFICANT = 0.05

# Inches.
_RIGHT, _BAR = 0.4, 0.08
_TITLE = 0.22  # over all
_GAP = 0.1  # between panels
_SCORER = 0.17  # the scorer's name over its row
_HEADING = 0.16  # a line over a panel
_TICKS = 0.22  # length labels under a panel
_BOTTOM = 0.16  # "context length" under all
_WIDEST = 0.45  # a cell
_NARROWEST_PANEL = 0.62  # its heading must be legible
_CELL_HEIGHT = 0.17
_UPRIGHT = 1.35  # a colour bar with its label, and what is over and under it


class _Layout(NamedTuple):
    """Panels a row beside dense, and in inches a grid's width and height, and the left ends of dense and the rest."""

    columns: int
    across: float
    height: float
    dense: float
    matrix: float


class _Line(NamedTuple):
    """Panels side by side: names of settings; `scorer` is None where it goes on the line above."""

    scorer: str | None
    settings: list[str]


def sweep_figure(
    cells: "pd.DataFrame",
    *,
    title: str = "",
    difference: bool = False,
    width: Width = "double",
    palette: Palette = "cividis",
) -> "Figure":
    """Draw each setting's rates, or their differences to dense.

    Args:
        cells: columns `setting`, `scorer`, `k` (both missing for dense, whose setting is "dense"), `length`, `depth`,
            `n` and `rate`, one row a cell; with `p_holm`, differences have a black frame where it is below 0.05.
        title: what was measured, over all panels.
        difference: draw each setting's rate minus dense's; dense stays as it is.
        width: "single" is a column of a paper, "double" its whole page, or inches; budgets that do not fit go to a
            new line.
        palette: colours of rates, one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or no dense one where differences are asked for; the width or palette is none.
    """
    if cells.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    check_palette(palette)
    names = list(dict.fromkeys(cells["setting"]))
    has_dense = DENSE in names
    if difference and (not has_dense or len(names) == 1):
        raise InputError(f"differences must be between dense and another setting, got {', '.join(names)}; run both")
    rates = _on_one_grid({name: grid(cells[cells["setting"] == name], "rate") for name in names})
    page = inches(width)
    most = max((len(line.settings) for line in _lines(cells, len(names))), default=0)
    layout = _lay_out(most, has_dense, rates[names[0]], page)
    lines = list(_lines(cells, layout.columns))
    beside = has_dense and bool(lines) and layout.dense < layout.matrix
    if has_dense and not beside:
        lines.insert(0, _Line(None, [DENSE]))
    scales: set[Scale] = {"rate", "difference"} if difference else {"rate"}
    over = sum(_line_height(line, 0) for line in lines)
    # High enough for the colour bars too, whose labels stand upright.
    height = max(layout.height, (len(scales) * _UPRIGHT - over) / len(lines))
    layout = layout._replace(height=height)
    top = _BOTTOM + over + len(lines) * height
    with style():
        figure = new_figure(page, top + (_TITLE if title else 0))
        if beside:  # in the middle of the lines' height: each of them is compared with it
            middle = _TICKS + (_BOTTOM + top - _line_height(lines[0], layout.height)) / 2
            box = (layout.dense, middle, layout.across, layout.height)
            _draw(figure, box, rates[DENSE], "rate", palette, f"{DENSE} {_mean(rates[DENSE])}", True)
        edge = top
        for line in lines:
            bottom = edge - _line_height(line, layout.height) + _TICKS
            if line.scorer is not None:
                place = (layout.matrix / page, (edge - 0.02) / figure.get_figheight())
                name = figure.text(*place, line.scorer, va="top", fontsize=8, fontweight="bold")
                fit_text(name, page - layout.matrix - 0.05)
            for column, setting in enumerate(line.settings):
                box = (layout.matrix + column * (layout.across + _GAP), bottom, layout.across, layout.height)
                scale: Scale = "difference" if difference and setting != DENSE else "rate"
                values = rates[setting] - rates[DENSE] if scale == "difference" else rates[setting]
                heading = f"{_budget(cells, setting)}{_mean(values, signed=scale == 'difference')}"
                axes = _draw(figure, box, values, scale, palette, heading, column == 0)
                if scale == "difference" and "p_holm" in cells:
                    p_values = grid(cells[cells["setting"] == setting], "p_holm")
                    frame_cells(axes, p_values.reindex_like(values) < _SIGNIFICANT)
            edge -= _line_height(line, layout.height)
        _bars(figure, scales, page - _RIGHT - _BAR, (_BOTTOM + _TICKS, top - _SCORER - _HEADING), palette)
        figure.text(0.5, 0.04 / figure.get_figheight(), "context length (tokens)", ha="center", va="bottom")
        subject = figure.text(0.5, 1 - 0.06 / figure.get_figheight(), title, ha="center", va="top", fontsize=8)
        fit_text(subject, 0.97 * page)
    return figure


def _lines(cells: "pd.DataFrame", columns: int) -> Iterator[_Line]:
    """The settings but dense, scorer by scorer in their order, budgets rising, as many a line as there are columns."""
    others = cells[cells["setting"] != DENSE].drop_duplicates("setting")
    for scorer in dict.fromkeys(others["scorer"]):
        own = others[others["scorer"] == scorer].sort_values("k", kind="stable")["setting"].tolist()
        for start in range(0, len(own), columns):
            yield _Line(str(scorer) if start == 0 else None, own[start : start + columns])


def _line_height(line: _Line, height: float) -> float:
    return (_SCORER if line.scorer is not None else 0) + _HEADING + height + _TICKS


def _lay_out(most: int, has_dense: bool, rates: "pd.DataFrame", page: float) -> _Layout:
    """As many panels a line as are legible, the lines as even as can be, all in the middle of the page.

    Dense is beside the others where all budgets of a scorer fit on its line with it, else above them.
    """
    depths, lengths = rates.shape
    margin = left_margin(rates.index)
    for beside in (1, 0) if has_dense and most else (0,):
        # beside each other, dense and the matrix both have depth labels
        room = page - margin * (1 + beside) - _RIGHT - _BAR - _GAP * (1 + beside)
        fitting = max(1, math.floor((room + _GAP) / (_NARROWEST_PANEL + _GAP)) - beside)
        if fitting >= most:
            break
    columns = math.ceil(most / math.ceil(most / fitting)) if most else 1
    panels = columns + beside
    across = (room - (columns - 1) * _GAP) / panels
    across = min(across, max(_WIDEST * lengths, 2 * _NARROWEST_PANEL))
    spare = (room - (columns - 1) * _GAP - panels * across) / 2
    dense = margin + spare
    matrix = dense + beside * (across + _GAP + margin)
    return _Layout(columns, across, max(depths * _CELL_HEIGHT, LEAST_HEIGHT), dense, matrix)


def _draw(
    figure: "Figure",
    box: tuple[float, float, float, float],
    values: "pd.DataFrame",
    scale: Scale,
    palette: Palette,
    heading: str,
    depth_labels: bool,
) -> "Axes":
    axes = add_axes(figure, box)
    draw_panel(axes, values, scale=scale, palette=palette, depth_labels=depth_labels)
    # The mean is left out where its panel is narrow: the caption has it.
    written = heading if text_width(heading, SIZE) <= box[2] + 0.6 * _GAP else heading.partition(" ")[0]
    axes.set_title(written, fontsize=SIZE, pad=3)
    if depth_labels:
        axes.set_ylabel("needle depth (%)")
    return axes


def _bars(figure: "Figure", scales: "set[Scale]", left: float, between: tuple[float, float], palette: Palette) -> None:
    """A colour bar for each scale that is used, one over the other."""
    low, high = between
    labels: dict[Scale, str] = {"rate": "retrieval rate", "difference": f"difference to {DENSE}"}
    share = (high - low + 0.2) / len(scales)
    for i, scale in enumerate(sorted(scales)):
        height = min(share - 0.2, 1.6)
        bottom = low + i * share + (share - 0.2 - height) / 2
        draw_colour_bar(figure, (left, bottom, _BAR, height), scale=scale, label=labels[scale], palette=palette)


def _on_one_grid(rates: "dict[str, pd.DataFrame]") -> "dict[str, pd.DataFrame]":
    depths = sorted({depth for table in rates.values() for depth in table.index})
    lengths = sorted({length for table in rates.values() for length in table.columns})
    return {name: table.reindex(index=depths, columns=lengths) for name, table in rates.items()}


def _budget(cells: "pd.DataFrame", setting: str) -> str:
    """What stands over a setting's panel before its mean; a setting without a budget is named by its line."""
    k = cells.loc[cells["setting"] == setting, "k"].dropna()
    if setting == DENSE:
        return f"{DENSE} "
    return "" if k.empty else f"k={int(k.iloc[0])} "


def _mean(values: "pd.DataFrame", *, signed: bool = False) -> str:
    """The mean over cells; differences with their sign."""
    mean = values.stack().mean()
    if mean != mean:
        return "–"
    text = f"{mean:+.2f}" if signed and round(mean, 2) else f"{abs(mean):.2f}"
    return f"({text})".replace("-", "−")
