"""One grid of cells, depth down and length across, with a number in each: what every heatmap is made of."""

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lh_eval.figures.palettes import DIVERGING, Palette, luminance
from lh_eval.figures.style import MISSING, SIZE, text_width
from lh_eval.lengths import length_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Scale = Literal["rate", "difference"]

_STEPS = (0.1, 0.2, 0.5, 1.0)  # where a scale of differences may end: a few, so that figures can be compared

# Inches. A panel is at least as high as the labels beside it are long.
LEAST_HEIGHT = 0.95
_LABEL, _TICK = 0.18, 0.07  # "needle depth (%)", and the mark and space behind a depth
TICKS = 0.22  # length labels under a panel, with the room below them
_AIR = 0.03  # between a number and its cell's edges
_APART = 0.06  # between two lengths
_BESIDE = 0.1  # between two grids, at least
_LINE = 0.125  # a line of text
_CORNER = 0.065  # a side of the mark in a cell's corner
_NOTED = 0.26  # the least height of a cell with two lines
_NEGATIVE, _HATCH = "\\\\\\\\", (1.0, 1.0, 1.0, 0.45)  # over a difference below 0
# A grid alone in its figure.
_SINGLE_TOP, _SINGLE_GAP, _SINGLE_BAR = 0.25, 0.08, 0.08
_SINGLE_CELL = 0.3  # its height
_WIDEST = 2.4  # a cell's width over its height: beyond it, the grid stays narrower than the column


def left_margin(depths: Iterable[float], size: float = SIZE) -> float:
    """Inches left of a grid for its label and its depths, written in `size` points."""
    return _LABEL + max(text_width(f"{depth:g}", size) for depth in depths) + _TICK


def grid(cells: "pd.DataFrame", column: str) -> "pd.DataFrame":
    """Lay a column of the cells out: a row a depth, 0 on top; a column a length; NaN where there is no cell."""
    return cells.pivot(index="depth", columns="length", values=column).sort_index().sort_index(axis=1)


def draw_panel(
    axes: "Axes",
    values: "pd.DataFrame",
    *,
    scale: Scale,
    palette: Palette = "cividis",
    notes: "pd.DataFrame | None" = None,
    depth_labels: bool = True,
    lengths_below: bool = True,
    limit: float = 1.0,
) -> None:
    """Draw a grid into `axes`; a cell without a value is grey and hatched.

    All text has the one size that is printed legibly: what does not fit is shortened, and left out where that is not
    enough, first a rate's zero before the point, then the notes, then the numbers. Lengths that do not fit beside each
    other stand upright; `tick_height` is the room that they take. A difference keeps its sign, and one below 0 is
    hatched: in grey its colour says neither.

    Args:
        axes: where to draw.
        values: [depths, lengths] as `grid` makes it.
        scale: "rate" is 0..1, fixed, so that figures can be compared; "difference" is from -`limit` to `limit`.
        palette: colours of rates.
        notes: [depths, lengths] text under the value, where cells are high and wide enough.
        depth_labels: label the rows.
        lengths_below: label the columns.
        limit: of differences; see `difference_limit`.
    """
    import seaborn
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    figure = axes.get_figure(root=True)
    assert figure is not None
    name, (low, high) = _colours(scale, palette), _limits(scale, limit)
    unknown = values.isna()
    seaborn.heatmap(
        values.astype(float),
        ax=axes,
        mask=unknown,
        cmap=name,
        vmin=low,
        vmax=high,
        cbar=False,
        linewidths=0.4,
        linecolor="white",
        xticklabels=False,
        yticklabels=[f"{depth:g}" for depth in values.index],
    )
    place = axes.get_position()
    across = place.width * figure.get_figwidth() / len(values.columns)
    down = place.height * figure.get_figheight() / len(values.index)
    known = list(zip(*(~unknown).to_numpy().nonzero(), strict=True))
    write = _writer([float(values.iloc[cell]) for cell in known], scale, across)
    noted = notes is not None and down >= _NOTED and all(_fits(str(notes.iloc[cell]), across) for cell in known)
    for y, x in known:
        value = float(values.iloc[y, x])
        ground = colormaps[name]((value - low) / (high - low))
        ink = "black" if luminance(ground) > 0.179 else "white"
        centred: dict[str, Any] = {"ha": "center", "va": "center_baseline", "color": ink, "fontsize": SIZE}
        if scale == "difference" and round(value, 9) < 0:
            axes.add_patch(Rectangle((x, y), 1, 1, fill=False, hatch=_NEGATIVE, edgecolor=_HATCH, linewidth=0))
            centred["bbox"] = {"boxstyle": "square,pad=0.08", "facecolor": ground, "edgecolor": "none"}
        raised = _LINE / 2 / down if noted and notes is not None and notes.iloc[y, x] else 0.0
        if text := write(value):
            axes.text(x + 0.5, y + 0.5 - raised, text, **centred)
        if noted:
            assert notes is not None
            if notes.iloc[y, x]:
                axes.text(x + 0.5, y + 0.5 + raised, notes.iloc[y, x], **centred)
    for y, x in zip(*unknown.to_numpy().nonzero(), strict=True):
        cell = Rectangle((x, y), 1, 1, facecolor=MISSING, edgecolor="white", linewidth=0.4)
        axes.add_patch(cell)
        axes.add_patch(Rectangle((x, y), 1, 1, fill=False, hatch="/////", edgecolor="#a6a6a6", linewidth=0))
        box = {"boxstyle": "square,pad=0.15", "facecolor": MISSING, "edgecolor": "none"}
        axes.text(x + 0.5, y + 0.5, "–", fontsize=SIZE, ha="center", va="center", bbox=box)
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", rotation=0, labelleft=depth_labels, left=depth_labels, labelsize=SIZE)
    labels = _labels(values)
    ticks, upright = _ticks(labels, across)
    axes.set_xticks([x + 0.5 for x in ticks], [labels[x] for x in ticks])
    axes.tick_params(axis="x", rotation=90 if upright else 0, labelsize=SIZE, labelbottom=lengths_below)


def tick_height(values: "pd.DataFrame", across: float) -> float:
    """Inches under a grid [depths, lengths] of that width for the labels of its lengths."""
    labels = _labels(values)
    upright = _ticks(labels, across / len(labels))[1]
    return TICKS + max(text_width(label, SIZE) for label in labels) - _LINE if upright else TICKS


def upright_width(columns: int) -> float:
    """The least inches across a grid of so many lengths in which each has its label, upright."""
    return columns * _LINE


def legible_width(columns: int) -> float:
    """The least inches across a grid of so many lengths in which each rate is still written."""
    return columns * (max(text_width(_short_rate(rate), SIZE) for rate in (0.88, 1.0)) + _AIR)


def frame_cells(axes: "Axes", which: "pd.DataFrame") -> None:
    """Frame in black the cells of a panel where `which` [depths, lengths] is true."""
    from matplotlib.patches import Rectangle

    for y, x in zip(*which.to_numpy().nonzero(), strict=True):
        # inside the cell, so that the frames of neighbours stay apart; white around black shows on any ground
        for line, colour in ((2.0, "white"), (0.9, "black")):
            frame = Rectangle((x + 0.035, y + 0.045), 0.93, 0.91, fill=False, edgecolor=colour, linewidth=line)
            axes.add_patch(frame)


def mark_holes(axes: "Axes", cells: "pd.DataFrame", values: "pd.DataFrame") -> None:
    """Put a small triangle into the corner of the cells whose needle starts in the prefix hole.

    Args:
        axes: a panel of `draw_panel`.
        cells: columns `length`, `depth` and `prefix_hole`, above 0 in those cells; nothing is marked without the last.
        values: what the panel was drawn of.
    """
    from matplotlib.patches import Polygon

    if "prefix_hole" not in cells:
        return
    holes = grid(cells, "prefix_hole").reindex_like(values).fillna(0)
    figure = axes.get_figure(root=True)
    assert figure is not None
    place = axes.get_position()
    across = _CORNER * len(values.columns) / (place.width * figure.get_figwidth())
    down = _CORNER * len(values.index) / (place.height * figure.get_figheight())
    for y, x in zip(*(holes > 0).to_numpy().nonzero(), strict=True):
        corner = [(x + 0.02, y + 0.02), (x + across, y + 0.02), (x + 0.02, y + down)]
        axes.add_patch(Polygon(corner, facecolor="black", edgecolor="white", linewidth=0.4))


class SinglePanel(NamedTuple):
    """A figure of one grid with its colour bar, in inches: width and height, and the boxes of both.

    box: left, bottom, width, height of the grid; `bar` that of the colour bar.
    """

    page: float
    height: float
    box: tuple[float, float, float, float]
    bar: tuple[float, float, float, float]


def lay_out_single(values: "pd.DataFrame", page: float, *, bottom: float, right: float) -> SinglePanel:
    """Put a grid [depths, lengths] in the middle of a page of that width.

    Args:
        values: the grid.
        page: inches across.
        bottom: inches below the grid where its lengths lie flat.
        right: inches for the colour bar's text.
    """
    rows, columns = values.shape
    height = max(rows * _SINGLE_CELL, LEAST_HEIGHT)
    margin = left_margin(values.index)
    room = page - margin - _SINGLE_GAP - _SINGLE_BAR - right
    across = min(room, columns * _WIDEST * _SINGLE_CELL)
    bottom += tick_height(values, across) - TICKS
    left = margin + (room - across) / 2
    bar = (left + across + _SINGLE_GAP, bottom, _SINGLE_BAR, height)
    return SinglePanel(page, _SINGLE_TOP + height + bottom, (left, bottom, across, height), bar)


def draw_colour_bar(
    figure: "Figure",
    box: tuple[float, float, float, float],
    *,
    scale: Scale,
    label: str,
    palette: Palette = "cividis",
    limit: float = 1.0,
) -> None:
    """Draw the scale's colour bar into `box`; it lies or stands as the box does.

    Args:
        figure: where to draw.
        box: left, bottom, width, height in inches.
        scale: which scale.
        label: what it shows.
        palette: colours of rates.
        limit: as in `draw_panel`.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = _limits(scale, limit)
    axes = add_axes(figure, box)
    bar = figure.colorbar(
        ScalarMappable(Normalize(low, high), _colours(scale, palette)),
        cax=axes,
        orientation="horizontal" if box[2] > box[3] else "vertical",
        ticks=[low, (low + high) / 2, high],
        label=label,
    )
    if scale == "difference":
        bar.set_ticks([low, 0, high], labels=[f"−{high:g}".replace("0.", "."), "0", f"+{high:g}".replace("0.", ".")])
    bar.outline.set_linewidth(0.5)
    if scale == "difference":
        from matplotlib.patches import Rectangle

        corner, *size = ((0, low), 1, -low) if box[2] <= box[3] else ((low, 0), -low, 1)
        bar.ax.add_patch(Rectangle(corner, *size, fill=False, hatch=_NEGATIVE, edgecolor=_HATCH, linewidth=0))


def add_axes(figure: "Figure", box: tuple[float, float, float, float]) -> "Axes":
    """Add axes at left, bottom, width, height in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))


def fit_text(text: "Text", width: float) -> None:
    """Make a text fit `width` inches: smaller letters while they are legible, then fewer."""
    figure = text.get_figure(root=True)
    assert figure is not None
    wide = text.get_window_extent().width / figure.dpi
    if wide > width:
        text.set_fontsize(max(SIZE, float(text.get_fontsize()) * width / wide))
    while len(text.get_text()) > 1 and text.get_window_extent().width / figure.dpi > width:
        text.set_text(text.get_text().removesuffix("…")[:-1] + "…")


def difference_limit(values: Iterable[float]) -> float:
    """Where the scale of these differences ends, on both sides: as near as holds them all, one of a few."""
    most = max((abs(value) for value in values if value == value), default=0.0)
    return next((step for step in _STEPS if round(most, 9) <= step), _STEPS[-1])


def _limits(scale: Scale, limit: float) -> tuple[float, float]:
    return (0.0, 1.0) if scale == "rate" else (-limit, limit)


def _colours(scale: Scale, palette: Palette) -> str:
    return palette if scale == "rate" else DIVERGING


def _fits(text: str, across: float) -> bool:
    return text_width(text, SIZE) <= across - _AIR


def _labels(values: "pd.DataFrame") -> list[str]:
    return length_labels(map(int, values.columns))


def _ticks(labels: list[str], across: float) -> tuple[list[int], bool]:
    """Which columns are labelled, and whether upright: all, unless cells are narrower than a line of text is high."""
    # Labels wider than their cells at both ends of a grid would meet those of the grid beside it.
    over = (text_width(labels[0], SIZE) + text_width(labels[-1], SIZE)) / 2 - across
    widest = max(text_width(label, SIZE) for label in labels)
    if len(labels) == 1 or (across >= widest + _APART and over <= _BESIDE - _AIR):
        return list(range(len(labels))), False
    step = math.ceil(_LINE / across)
    return list(range(len(labels) - 1, -1, -step))[::-1], True


def _writer(values: list[float], scale: Scale, across: float) -> Callable[[float], str]:
    """The longest way to write all these values in cells of that width."""
    ways: dict[Scale, list[Callable[[float], str]]] = {
        "rate": ["{:.2f}".format, _short_rate],
        "difference": [_difference, _short_difference],
    }
    for write in ways[scale]:
        if all(_fits(write(value), across) for value in values):
            return write
    return _sign if scale == "difference" else lambda _: ""


def _short_rate(rate: float) -> str:
    """Two digits without what every number shares: .93, 1.0, 0."""
    text = f"{rate:.2f}"
    return {"1.00": "1.0", "0.00": "0"}.get(text, text.lstrip("0"))


def _difference(change: float) -> str:
    text = f"{round(change, 9):+.2f}"  # eighths alike, whichever rates they are between
    return "0" if float(text) == 0 else text.replace("-", "−")


def _short_difference(change: float) -> str:
    text = _difference(change).replace("0.", ".", 1)
    return {"+1.00": "+1", "−1.00": "−1"}.get(text, text)


def _sign(change: float) -> str:
    return _difference(change)[0].replace("0", "")
