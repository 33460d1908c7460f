"""Heatmaps of several checkpoints or tasks in one figure, each under its name."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.matrix import Layout, Line, Matrix, Panel, lay_out, mean_text, on_one_grid, page_height, with_names
from lh_eval.figures.matrix_drawing import draw_matrix
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import grid
from lh_eval.figures.style import PAGE_HEIGHT, SIZE, Width, inches, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def groups_figures(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "double", palette: Palette = "cividis"
) -> "list[Figure]":
    """Draw a panel a setting of each group: a line a group under its name, or, of one setting each, panels in a row.

    Lines that a page has no room for go on in another figure, under the group's name again.

    Args:
        cells: columns `group`, `name` (the setting's, within its group), `length`, `depth`, `n` and `rate`, one row a
            cell. With `prefix_hole`, cells where it is above 0 have a mark.
        title: what was measured, over all panels.
        width: "single" is a column of a paper, "double" its whole page, or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or the width or palette is none.
    """
    if cells.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    check_palette(palette)
    own = {(str(group), str(name)): rows for (group, name), rows in cells.groupby(["group", "name"], sort=False)}
    # a group has its own lengths and depths: those of another would be empty cells of it
    rates: dict[tuple[str, str], pd.DataFrame] = {}
    for group in dict.fromkeys(group for group, _ in own):
        rates |= on_one_grid({key: grid(rows, "rate") for key, rows in own.items() if key[0] == group})
    panels = {key: Panel("", rates[key], mean_text(rates[key]), cells=rows) for key, rows in own.items()}
    values = _largest(list(rates.values()))
    settings = {group: [name for other, name in own if other == group] for group, _ in own}
    alone = all(len(names) == 1 for names in settings.values())
    texts = [group for group, _ in own] if alone else [name for _, name in own]
    most = len(own) if alone else max(map(len, settings.values()))
    layout = lay_out(most, values, inches(width), narrowest=max(text_width(text, SIZE) for text in texts))
    lines = []
    together = {"": list(own)} if alone else {group: [(group, name) for name in settings[group]] for group in settings}
    for group, keys in together.items():
        named = with_names({key: [key[0] if alone else key[1]] for key in keys}, panels, layout)
        for start in range(0, len(named), layout.columns):
            heading = None if alone or start else group
            lines.append((group, Line(heading, named[start : start + layout.columns])))
    return [
        draw_matrix(Matrix(layout, page), title=title, palette=palette, labels={"rate": "retrieval rate"})
        for page in _pages(lines, layout, title)
    ]


def _pages(lines: list[tuple[str, Line]], layout: Layout, title: str) -> list[list[Line]]:
    """As many lines on each page as it has room for; the first of a page is under its group's name."""
    pages: list[list[Line]] = [[]]
    for group, line in lines:
        if pages[-1] and page_height(Matrix(layout, [*pages[-1], line]), title=title) > PAGE_HEIGHT:
            pages.append([])
            line = line._replace(family=group or None)
        pages[-1].append(line)
    return pages


def _largest(grids: "list[pd.DataFrame]") -> "pd.DataFrame":
    """An empty grid with the lengths of the one that has the most, and the depths of all."""
    import pandas as pd

    depths = sorted({depth for table in grids for depth in table.index})
    return pd.DataFrame(index=depths, columns=max((table.columns for table in grids), key=len))
