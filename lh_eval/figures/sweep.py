"""The figure of a sweep: heatmaps side by side, in rows of families and columns of budgets where they share these.

Dense stands beside the matrix of families and budgets. Settings whose budgets are of different kinds, or that share
none, make no matrix: they follow one another, dense first, each named over its panel.
"""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.budgets import budget_text
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
    mark_holes,
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
_FAMILY = 0.17  # the family's name over its row
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
    """Panels side by side.

    family: what is written over the line; None where it goes on the line above, or each panel names its own.
    headings: what is written over each panel before its mean, by setting; all of as many lines of text.
    """

    family: str | None
    headings: dict[str, str]

    def height(self, panel: float) -> float:
        """Inches of the line with panels of that height, and what is above and below them."""
        texts = max(heading.count("\n") for heading in self.headings.values()) + 1
        return (_FAMILY if self.family is not None else 0) + texts * _HEADING + panel + _TICKS


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
        cells: columns `setting`, `family`, `budget`, `budget_name` (missing for dense, whose setting is "dense"),
            `length`, `depth`, `n` and `rate`, one row a cell; with `p_holm`, differences have a black frame where it
            is below 0.05. With `prefix_hole`, cells where it is above 0 have a mark.
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
    layout, lines, beside = _arrange(cells, rates[names[0]], page)
    scales: set[Scale] = {"rate", "difference"} if difference else {"rate"}
    over = sum(line.height(0) for line in lines)
    # High enough for the colour bars too, whose labels stand upright.
    height = max(layout.height, (len(scales) * _UPRIGHT - over) / len(lines))
    layout = layout._replace(height=height)
    top = _BOTTOM + over + len(lines) * height
    with style():
        figure = new_figure(page, top + (_TITLE if title else 0))
        if beside:  # in the middle of the lines' height: each of them is compared with it
            middle = _TICKS + (_BOTTOM + top - lines[0].height(layout.height)) / 2
            box = (layout.dense, middle, layout.across, layout.height)
            _draw(figure, box, rates[DENSE], "rate", palette, (DENSE, _mean(rates[DENSE])), True)
        edge = top
        for line in lines:
            bottom = edge - line.height(layout.height) + _TICKS
            if line.family is not None:
                place = (layout.matrix / page, (edge - 0.02) / figure.get_figheight())
                name = figure.text(*place, line.family, va="top", fontsize=8, fontweight="bold")
                fit_text(name, page - layout.matrix - 0.05)
            for column, (setting, heading) in enumerate(line.headings.items()):
                box = (layout.matrix + column * (layout.across + _GAP), bottom, layout.across, layout.height)
                scale: Scale = "difference" if difference and setting != DENSE else "rate"
                values = rates[setting] - rates[DENSE] if scale == "difference" else rates[setting]
                mean = _mean(values, signed=scale == "difference")
                axes = _draw(figure, box, values, scale, palette, (heading, mean), column == 0)
                mark_holes(axes, cells[cells["setting"] == setting], values)
                if scale == "difference" and "p_holm" in cells:
                    p_values = grid(cells[cells["setting"] == setting], "p_holm")
                    frame_cells(axes, p_values.reindex_like(values) < _SIGNIFICANT)
            edge -= line.height(layout.height)
        _bars(figure, scales, page - _RIGHT - _BAR, (_BOTTOM + _TICKS, top - _FAMILY - _HEADING), palette)
        figure.text(0.5, 0.04 / figure.get_figheight(), "context length (tokens)", ha="center", va="bottom")
        subject = figure.text(0.5, 1 - 0.06 / figure.get_figheight(), title, ha="center", va="top", fontsize=8)
        fit_text(subject, 0.97 * page)
    return figure


def _arrange(cells: "pd.DataFrame", rates: "pd.DataFrame", page: float) -> tuple[_Layout, list[_Line], bool]:
    """Where the panels go, line by line, and whether dense is beside them all instead of on a line."""
    settings = cells.drop_duplicates("setting")
    others = settings[settings["setting"] != DENSE]
    has_dense = len(others) < len(settings)
    if not _make_matrix(others):
        named = {DENSE: [DENSE]} if has_dense else {}
        named |= {setting["setting"]: _names(setting) for setting in others.to_dict(orient="records")}
        widest = max(text_width(text, SIZE) for texts in named.values() for text in texts)
        layout = _lay_out(len(named), False, rates, page, widest)
        return layout, list(_wrapped_lines(named, layout)), False
    most = max(others["family"].value_counts(), default=0)
    layout = _lay_out(most, has_dense, rates, page)
    lines = list(_family_lines(others, layout.columns))
    beside = has_dense and bool(lines) and layout.dense < layout.matrix
    if has_dense and not beside:
        lines.insert(0, _Line(None, {DENSE: DENSE}))
    return layout, lines, beside


def _make_matrix(settings: "pd.DataFrame") -> bool:
    """Whether families and budgets make a matrix: one kind of budget, and one family that has all of them."""
    kinds = {name for name in settings["budget_name"] if isinstance(name, str)}
    largest = max(settings["family"].value_counts(), default=0)
    return len(kinds) <= 1 and largest >= settings["budget"].nunique()


def _family_lines(settings: "pd.DataFrame", columns: int) -> Iterator[_Line]:
    """The settings, family by family in their order, budgets rising, as many a line as there are columns."""
    for family in dict.fromkeys(settings["family"]):
        own = settings[settings["family"] == family].sort_values("budget", kind="stable").to_dict(orient="records")
        headings = [(setting["setting"], "".join(_names(setting)[1:])) for setting in own]
        for start in range(0, len(own), columns):
            yield _Line(str(family) if start == 0 else None, dict(headings[start : start + columns]))


def _wrapped_lines(named: dict[str, list[str]], layout: _Layout) -> Iterator[_Line]:
    """The settings in their order, as many a line as there are columns; names on two lines if one is too short."""
    between = " " if all(_fits(" ".join(texts), layout.across) for texts in named.values()) else "\n"
    headings = [(setting, between.join(texts)) for setting, texts in named.items()]
    for start in range(0, len(headings), layout.columns):
        yield _Line(None, dict(headings[start : start + layout.columns]))


def _lay_out(
    most: int, has_dense: bool, rates: "pd.DataFrame", page: float, heading: float = _NARROWEST_PANEL
) -> _Layout:
    """As many panels a line as are legible, the lines as even as can be, all in the middle of the page.

    Dense is beside the others where all budgets of a family fit on its line with it, else above them. No panel is
    narrower than its heading, unless the page is.
    """
    depths, lengths = rates.shape
    margin = left_margin(rates.index)
    for beside in (1, 0) if has_dense and most else (0,):
        # beside each other, dense and the matrix both have depth labels
        room = page - margin * (1 + beside) - _RIGHT - _BAR - _GAP * (1 + beside)
        narrowest = max(_NARROWEST_PANEL, heading)
        fitting = max(1, math.floor((room + _GAP) / (narrowest + _GAP)) - beside)
        if fitting >= most:
            break
    columns = math.ceil(most / math.ceil(most / fitting)) if most else 1
    panels = columns + beside
    across = (room - (columns - 1) * _GAP) / panels
    across = min(across, max(_WIDEST * lengths, 2 * _NARROWEST_PANEL, heading))
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
    heading: tuple[str, str],
    depth_labels: bool,
) -> "Axes":
    """Draw a panel under its heading: the setting, and its mean where there is room: the caption has it too."""
    axes = add_axes(figure, box)
    draw_panel(axes, values, scale=scale, palette=palette, depth_labels=depth_labels)
    name, mean = heading
    whole = f"{name} {mean}".strip()
    lines = (whole if _fits(whole.rpartition("\n")[2], box[2]) else name or mean).split("\n")
    axes.set_title("\n".join(_shortened(line, box[2]) for line in lines), fontsize=SIZE, pad=3)
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


def _names(setting: Mapping[Any, Any]) -> list[str]:
    """What a setting is called over its panel: its family, and its budget where it has one."""
    name, budget = setting["budget_name"], setting["budget"]
    known = budget == budget and budget is not None
    return [setting["family"], *([budget_text(name if isinstance(name, str) else None, budget)] if known else [])]


def _fits(text: str, across: float) -> bool:
    return text_width(text, SIZE) <= across + 0.6 * _GAP


def _shortened(text: str, across: float) -> str:
    """The text, or as much of its beginning as fits."""
    if _fits(text, across):
        return text
    while len(text) > 1 and not _fits(f"{text}…", across):
        text = text[:-1]
    return f"{text}…"


def _mean(values: "pd.DataFrame", *, signed: bool = False) -> str:
    """The mean over cells; differences with their sign."""
    mean = values.stack().mean()
    if mean != mean:
        return "–"
    text = f"{mean:+.2f}" if signed and round(mean, 2) else f"{abs(mean):.2f}"
    return f"({text})".replace("-", "−")
