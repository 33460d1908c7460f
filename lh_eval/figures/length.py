"""Retrieval over context length: a line a setting, with its 95 % interval at each length."""

from typing import TYPE_CHECKING

from lh_eval.figures.lines import draw_lines, fit_length_ticks, legend_below, line_styles, paneled, set_heading
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import Width, style
from lh_eval.statistics import mean_of_rates

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def length_figure(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "single", palette: Palette = "cividis"
) -> "Figure":
    """Draw the mean rate over depths at each length; a panel a family, each with dense, or as `panel` says.

    Settings stand beside one another at each length, so that equal rates do not hide each other.

    Args:
        cells: columns `setting`, `family`, `budget`, `budget_name`, `length`, `depth`, `n` and `hits`, one row a cell;
            with `panel`, which says where each setting is drawn.
        title: what was measured.
        width: "single", "double" or inches; panels that do not fit side by side go below.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or the width or the palette is none.
    """
    styles = line_styles(cells, palette)
    by = "panel" if "panel" in cells else "family"
    names = list(dict.fromkeys(cells[by].dropna())) or [None]
    lengths = sorted(set(map(int, cells["length"])))
    with style():
        figure, panels = paneled(width, len(names), height=1.75)
        for axes, name in zip(panels, names, strict=True):
            drawn = cells[cells[by].isna() | (cells[by] == name)]
            rates = {str(setting): rates_over_length(own) for setting, own in drawn.groupby("setting", sort=False)}
            draw_lines(axes, rates, styles, label="retrieval rate", lengths=lengths)
            axes.set_title(str(name) if len(names) > 1 else "", fontsize=8)
        set_heading(figure, title)
        legend_below(figure, styles)
        fit_length_ticks(figure)
    return figure


def rates_over_length(cells: "pd.DataFrame") -> "pd.DataFrame":
    """Columns `length`, `value`, `low` and `high` of one setting: the mean over depths with its 95 % interval."""
    import pandas as pd

    rows = []
    for length, own in cells.groupby("length"):
        mean = mean_of_rates(own["hits"].tolist(), own["n"].tolist())
        if mean is not None:
            rows.append((length, mean.rate, *mean.interval))
    return pd.DataFrame(rows, columns=["length", "value", "low", "high"])
