"""Where the panels of several heatmaps go on a page, line by line, and the colour bar beside them."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.figures.panel import LEAST_HEIGHT, Scale, left_margin, tick_height, upright_width
from lh_eval.figures.style import PAGE_HEIGHT, SIZE, text_width

if TYPE_CHECKING:
    import pandas as pd

# Inches.
_RIGHT, BAR = 0.4, 0.08
TITLE = 0.22  # over all
GAP = 0.1  # between panels
_FAMILY = 0.17  # the family's name over its row
_HEADING = 0.16  # a line over a panel
BARE = 0.07  # under a panel whose lengths are written under the one below it
BOTTOM = 0.16  # "context length" under all
NARROWEST = 0.62  # a panel: its heading must be legible
_CELL, _LOW_CELL, _HIGH_CELL = 0.17, 0.128, 0.3  # heights: the usual one, and the bounds
_NOTED_CELL = 0.28  # a cell with two lines
_BROAD = 2.4  # a cell's width over its height, where there is room
_LOW_PANEL = 0.6  # "depth (%)" beside it
_UPRIGHT = 1.35  # a colour bar with its label, and what is over and under it


class Panel(NamedTuple):
    """One grid of cells.

    name: what is written over it before `summary`; on two lines where it has a line break.
    values: [depths, lengths]; panels of a figure may differ in them.
    summary: behind the name where there is room: the caption has it too.
    scale: of its colours.
    notes: texts under the values, [depths, lengths].
    cells: with `length`, `depth` and `prefix_hole`, where cells in the prefix hole are to be marked.
    framed: which cells have a black frame, [depths, lengths].
    """

    name: str
    values: "pd.DataFrame"
    summary: str = ""
    scale: Scale = "rate"
    notes: "pd.DataFrame | None" = None
    cells: "pd.DataFrame | None" = None
    framed: "pd.DataFrame | None" = None


class Line(NamedTuple):
    """Panels side by side.

    family: what is written over the line; None where it goes on the line above, or each panel names its own.
    panels: from the left; None leaves a place free. All names of a line have as many lines of text.
    """

    family: str | None
    panels: "Sequence[Panel | None]"

    @property
    def over(self) -> float:
        """Inches above its panels."""
        texts = max(panel.name.count("\n") for panel in self.panels if panel) + 1
        return (_FAMILY if self.family is not None else 0) + texts * _HEADING


class Layout(NamedTuple):
    """Panels a line, and in inches the page's and a grid's width and the left ends of what there is.

    beside: left end of the panel beside all lines; that of the matrix where there is none.
    bar: left end of the colour bar.
    """

    page: float
    columns: int
    across: float
    beside: float
    matrix: float
    bar: float


class Matrix(NamedTuple):
    """Lines of panels, and a panel left of them, in the middle of their height, with which all others are compared."""

    layout: Layout
    lines: Sequence[Line]
    beside: Panel | None = None

    @property
    def panels(self) -> list[Panel]:
        """All of them."""
        return [
            *([self.beside] if self.beside else []),
            *(panel for line in self.lines for panel in line.panels if panel),
        ]

    @property
    def scales(self) -> list[Scale]:
        """Those that some panel has."""
        return sorted({panel.scale for panel in self.panels})


class Heights(NamedTuple):
    """In inches: a grid, what is under it on each line, and the whole page."""

    panel: float
    under: list[float]
    page: float


def lay_out(
    most: int, values: "pd.DataFrame", page: float, *, beside: bool = False, narrowest: float = NARROWEST
) -> Layout:
    """As many panels a line as are legible, the lines as even as can be, all with the bar in the middle of the page.

    Args:
        most: panels that should stand on one line.
        values: the grid of each panel.
        page: inches across.
        beside: whether a panel may stand beside the lines: it does, and `Layout.beside` is left of `Layout.matrix`,
            where it and `most` others fit.
        narrowest: no panel is narrower, unless the page is.
    """
    lengths = len(values.columns)
    narrowest = max(narrowest, upright_width(lengths))
    margin = left_margin(values.index)
    for aside in (1, 0) if beside and most else (0,):
        # beside each other, the one panel and the matrix both have depth labels
        room = page - margin * (1 + aside) - _RIGHT - BAR - GAP * (1 + aside)
        fitting = max(1, math.floor((room + GAP) / (max(NARROWEST, narrowest) + GAP)) - aside)
        if fitting >= most:
            break
    columns = math.ceil(most / math.ceil(most / fitting)) if most else 1
    panels = columns + aside
    across = (room - (columns - 1) * GAP) / panels
    across = min(across, max(_BROAD * _HIGH_CELL * lengths, 2 * NARROWEST, narrowest))
    spare = (room - (columns - 1) * GAP - panels * across) / 2
    first = margin + spare
    matrix = first + aside * (across + GAP + margin)
    return Layout(page, columns, across, first, matrix, matrix + columns * (across + GAP))


def page_height(matrix: Matrix, *, title: str = "") -> float:
    """Inches of the figure that `draw_matrix` makes; beyond `PAGE_HEIGHT` where no panel can be lower."""
    return heights(matrix, title).page


def heights(matrix: Matrix, title: str) -> Heights:
    """Cells as high as suits their width, lower where the page ends; then lengths are written once a column."""
    layout, lines, _ = matrix
    depths, lengths = (max(panel.values.shape[axis] for panel in matrix.panels) for axis in (0, 1))
    low = _NOTED_CELL if any(panel.notes is not None for panel in matrix.panels) else _LOW_CELL
    usual = max(low, _CELL)
    wanted = max(depths * min(max(layout.across / lengths / _BROAD, usual), _HIGH_CELL), LEAST_HEIGHT)
    headings = sum(line.over for line in lines)
    over = headings + BOTTOM + (TITLE if title else 0)
    ticks = max(tick_height(panel.values, layout.across) for panel in matrix.panels)
    under = [ticks] * len(lines)
    least = max(depths * usual, LEAST_HEIGHT)
    if over + sum(under) + len(lines) * least > PAGE_HEIGHT:
        under = [BARE if _covered(*pair) else ticks for pair in zip(lines, [*lines[1:], None], strict=True)]
        least = max(depths * low, _LOW_PANEL)
    room = (PAGE_HEIGHT - over - sum(under)) / len(lines)
    # High enough for the colour bars too, whose labels stand upright.
    bars = (len(matrix.scales) * _UPRIGHT - headings - sum(under)) / len(lines)
    height = max(min(wanted, room), least, bars)
    return Heights(height, under, over + sum(under) + len(lines) * height)


def _covered(line: Line, below: Line | None) -> bool:
    """Whether each panel of a line has one of its lengths below it, which shows them for both."""
    if below is None:
        return False
    under = dict(enumerate(below.panels))
    return all(
        (other := under.get(place)) is not None and list(other.values.columns) == list(panel.values.columns)
        for place, panel in enumerate(line.panels)
        if panel
    )


def on_one_grid(rates: "Mapping[Any, pd.DataFrame]") -> "dict[Any, pd.DataFrame]":
    """The grids with all depths and lengths that one of them has; what a grid lacks is missing."""
    depths = sorted({depth for table in rates.values() for depth in table.index})
    lengths = sorted({length for table in rates.values() for length in table.columns})
    return {name: table.reindex(index=depths, columns=lengths) for name, table in rates.items()}


def mean_text(values: "pd.DataFrame", *, signed: bool = False) -> str:
    """The mean over cells in brackets; differences with their sign."""
    mean = values.stack().mean()
    if mean != mean:
        return "–"
    text = f"{mean:+.2f}" if signed and round(mean, 2) else f"{abs(mean):.2f}"
    return f"({text})".replace("-", "−")


def with_names(named: Mapping[Any, Sequence[str]], panels: Mapping[Any, Panel], layout: Layout) -> list[Panel]:
    """The panels under their names, each of several parts: on one line where all fit, else a line a part."""
    between = " " if all(fits(" ".join(texts), layout.across) for texts in named.values()) else "\n"
    most = max(map(len, named.values())) if between == "\n" else 1
    names = {key: between.join(texts) for key, texts in named.items()}
    return [panels[key]._replace(name="\n" * (most - 1 - name.count("\n")) + name) for key, name in names.items()]


def fits(text: str, across: float) -> bool:
    """Whether a line of text fits over a panel of that width."""
    return text_width(text, SIZE) <= across + 0.6 * GAP
