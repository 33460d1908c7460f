"""One grid of cells, depth down and length across, with a number in each: what every heatmap is made of."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from lh_eval.figures.style import MISSING, length_label, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

Scale = Literal["rate", "difference"]

# Both read the same to the colour-blind. cividis keeps its order in grey; a diverging scale cannot, its numbers
# carry their sign.
_SCALES: dict[Scale, tuple[str, float, float]] = {"rate": ("cividis", 0.0, 1.0), "difference": ("RdBu", -1.0, 1.0)}

# Inches. A panel is at least as high as the labels beside it are long.
LEAST_HEIGHT = 0.9
_LABEL, _TICK = 0.18, 0.07  # "needle depth (%)", and the mark and space behind a depth


def left_margin(depths: Iterable[float], size: float) -> float:
    """Inches left of a grid for its label and its depths, written in `size` points."""
    return _LABEL + max(text_width(f"{depth:g}", size) for depth in depths) + _TICK


def length_size(lengths: Iterable[int], cell: float, largest: float) -> float:
    """Points in which each length fits under a cell of that many inches, with a gap to the next one."""
    widest = max(text_width(length_label(length), largest) for length in lengths)
    return min(largest, largest * 0.92 * cell / widest)


def grid(cells: "pd.DataFrame", column: str) -> "pd.DataFrame":
    """Lay a column of the cells out: a row a depth, 0 on top; a column a length; NaN where there is no cell."""
    return cells.pivot(index="depth", columns="length", values=column).sort_index().sort_index(axis=1)


def draw_panel(
    axes: "Axes",
    values: "pd.DataFrame",
    *,
    scale: Scale,
    write: Callable[[float], str],
    fontsize: float,
    ticksize: float,
    notes: "pd.DataFrame | None" = None,
    notesize: float = 5,
    depth_labels: bool = True,
    length_labels: bool = True,
) -> None:
    """Draw a grid into `axes`; a cell without a value is grey and hatched.

    Args:
        axes: where to draw.
        values: [depths, lengths] as `grid` makes it.
        scale: "rate" is 0..1, "difference" is -1..1; fixed, so that figures can be compared.
        write: a value as the cell's text.
        fontsize: of that text, in points.
        ticksize: of depths, and of lengths where their cell is wide enough, in points.
        notes: [depths, lengths] smaller text under the value.
        notesize: of the notes, in points.
        depth_labels: label the rows.
        length_labels: label the columns.
    """
    import seaborn
    from matplotlib import colormaps
    from matplotlib.patches import Rectangle

    figure = axes.get_figure(root=True)
    assert figure is not None
    name, low, high = _SCALES[scale]
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
        xticklabels=[length_label(int(length)) for length in values.columns],
        yticklabels=[f"{depth:g}" for depth in values.index],
    )
    for y, x in zip(*(~unknown).to_numpy().nonzero(), strict=True):
        value = float(values.iloc[y, x])
        ink = _ink(colormaps[name]((value - low) / (high - low)))
        raised = 0.13 if notes is not None else 0.0
        centred: dict[str, Any] = {"ha": "center", "va": "center_baseline", "color": ink}
        axes.text(x + 0.5, y + 0.5 - raised, write(value), fontsize=fontsize, **centred)
        if notes is not None:
            axes.text(x + 0.5, y + 0.77, notes.iloc[y, x], fontsize=notesize, **centred)
    for y, x in zip(*unknown.to_numpy().nonzero(), strict=True):
        cell = Rectangle((x, y), 1, 1, facecolor=MISSING, edgecolor="white", linewidth=0.4)
        axes.add_patch(cell)
        axes.add_patch(Rectangle((x, y), 1, 1, fill=False, hatch="/////", edgecolor="#a6a6a6", linewidth=0))
        box = {"boxstyle": "square,pad=0.15", "facecolor": MISSING, "edgecolor": "none"}
        axes.text(x + 0.5, y + 0.5, "–", fontsize=fontsize, ha="center", va="center", bbox=box)
    axes.set(xlabel="", ylabel="")
    axes.tick_params(axis="y", rotation=0, labelleft=depth_labels, left=depth_labels, labelsize=ticksize)
    column = axes.get_position().width * figure.get_figwidth() / len(values.columns)
    size = length_size(map(int, values.columns), column, ticksize)
    axes.tick_params(axis="x", rotation=0, labelbottom=length_labels, bottom=length_labels, labelsize=size)


def draw_colour_bar(figure: "Figure", box: tuple[float, float, float, float], *, scale: Scale, label: str) -> None:
    """Draw the scale's colour bar into `box`; it lies or stands as the box does.

    Args:
        figure: where to draw.
        box: left, bottom, width, height in inches.
        scale: which scale.
        label: what it shows.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    name, low, high = _SCALES[scale]
    axes = add_axes(figure, box)
    bar = figure.colorbar(
        ScalarMappable(Normalize(low, high), name),
        cax=axes,
        orientation="horizontal" if box[2] > box[3] else "vertical",
        ticks=[low, (low + high) / 2, high],
        label=label,
    )
    bar.outline.set_linewidth(0.5)


def add_axes(figure: "Figure", box: tuple[float, float, float, float]) -> "Axes":
    """Add axes at left, bottom, width, height in inches."""
    width, height = figure.get_size_inches()
    return figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))


def fit_text(text: "Text", width: float) -> None:
    """Make a text's letters small enough for `width` inches, if they are not."""
    figure = text.get_figure(root=True)
    assert figure is not None
    wide = text.get_window_extent().width / figure.dpi
    if wide > width:
        text.set_fontsize(float(text.get_fontsize()) * width / wide)


def _ink(colour: tuple[float, float, float, float]) -> str:
    """Black or white, whichever has the higher contrast on `colour` (WCAG's relative luminance)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "black" if luminance > 0.179 else "white"
