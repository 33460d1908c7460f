"""Draws lines of panels, with their names and their colour bar."""

from typing import TYPE_CHECKING

from lh_eval.figures.matrix import BAR, BARE, BOTTOM, GAP, TITLE, Matrix, Panel, fits, heights
from lh_eval.figures.palettes import Palette
from lh_eval.figures.panel import (
    LEAST_HEIGHT,
    Scale,
    add_axes,
    difference_limit,
    draw_colour_bar,
    draw_panel,
    fit_text,
    frame_cells,
    mark_holes,
)
from lh_eval.figures.style import SIZE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LONGEST_BAR = 1.6  # inches, where there are several lines


def draw_matrix(
    matrix: Matrix, *, title: str = "", palette: Palette = "cividis", labels: "dict[Scale, str]"
) -> "Figure":
    """Draw the lines from the top, and a colour bar for each scale.

    Args:
        matrix: what goes where.
        title: what was measured, over all.
        palette: colours of rates.
        labels: what each scale shows.
    """
    layout, lines, beside = matrix
    height, under, whole = heights(matrix, title)
    top = whole - (TITLE if title else 0)
    limit = difference_limit(
        value for panel in matrix.panels if panel.scale == "difference" for value in panel.values.to_numpy().ravel()
    )
    with style():
        figure = new_figure(layout.page, whole)
        if beside:
            middle = under[0] + (BOTTOM + top - lines[0].over - height - under[0]) / 2
            _draw(figure, (layout.beside, middle, layout.across, height), beside, palette, limit)
        edge = top
        for line, below in zip(lines, under, strict=True):
            bottom = edge - line.over - height
            if line.family is not None:
                name = figure.text(layout.matrix / layout.page, (edge - 0.02) / whole, line.family)
                name.set(va="top", fontsize=8, fontweight="bold")
                fit_text(name, layout.page - layout.matrix - 0.05)
            first = next(place for place, panel in enumerate(line.panels) if panel)
            for place, panel in enumerate(line.panels):
                box = (layout.matrix + place * (layout.across + GAP), bottom, layout.across, height)
                if panel:
                    _draw(figure, box, panel, palette, limit, depth_labels=place == first, lengths_below=below > BARE)
            edge = bottom - below
        span = (BOTTOM + under[-1], top - lines[0].over)
        _draw_bars(
            figure,
            {scale: labels[scale] for scale in matrix.scales},
            layout.bar,
            span,
            palette,
            max(_LONGEST_BAR, height),
            limit,
        )
        middle = (layout.beside + layout.bar - GAP) / 2 / layout.page
        figure.text(middle, 0.04 / whole, "context length (tokens)", ha="center", va="bottom")
        subject = figure.text(0.5, 1 - 0.06 / whole, title, ha="center", va="top", fontsize=8)
        fit_text(subject, 0.97 * layout.page)
    return figure


def _draw(
    figure: "Figure",
    box: tuple[float, float, float, float],
    panel: Panel,
    palette: Palette,
    limit: float,
    *,
    depth_labels: bool = True,
    lengths_below: bool = True,
) -> "Axes":
    """Draw a panel under its name."""
    axes = add_axes(figure, box)
    draw_panel(
        axes,
        panel.values,
        scale=panel.scale,
        palette=palette,
        notes=panel.notes,
        depth_labels=depth_labels,
        lengths_below=lengths_below,
        limit=limit,
    )
    if panel.cells is not None:
        mark_holes(axes, panel.cells, panel.values)
    if panel.framed is not None:
        frame_cells(axes, panel.framed)
    whole = f"{panel.name} {panel.summary}".strip()
    texts = (whole if fits(whole.rpartition("\n")[2], box[2]) else panel.name or panel.summary).split("\n")
    axes.set_title("\n".join(_shortened(text, box[2]) for text in texts), fontsize=SIZE, pad=3)
    if depth_labels:
        axes.set_ylabel("needle depth (%)" if box[3] >= LEAST_HEIGHT else "depth (%)")
    return axes


def _draw_bars(
    figure: "Figure",
    labels: "dict[Scale, str]",
    left: float,
    span: tuple[float, float],
    palette: Palette,
    longest: float,
    limit: float,
) -> None:
    """A colour bar for each scale that is used, one over the other, in the middle of what is between the two edges."""
    low, high = span
    share = (high - low + 0.2) / len(labels)
    for place, (scale, label) in enumerate(labels.items()):
        height = min(share - 0.2, longest)
        bottom = low + place * share + (share - 0.2 - height) / 2
        draw_colour_bar(figure, (left, bottom, BAR, height), scale=scale, label=label, palette=palette, limit=limit)


def _shortened(text: str, across: float) -> str:
    """The text, or as much of its beginning as fits."""
    if fits(text, across):
        return text
    while len(text) > 1 and not fits(f"{text}…", across):
        text = text[:-1]
    return f"{text}…"
