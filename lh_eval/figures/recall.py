"""Selection recall beside retrieval: over length, a point a cell, and which membership tells hits from misses."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.length import rates_over_length
from lh_eval.figures.lines import (
    LineStyles,
    draw_lines,
    fit_length_ticks,
    legend_below,
    line_styles,
    paneled,
    rate_axis,
    set_heading,
)
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import Width, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def recall_figure(
    cells: "pd.DataFrame",
    misses: "pd.DataFrame | None" = None,
    *,
    title: str = "",
    width: Width = "double",
    palette: Palette = "cividis",
) -> "Figure":
    """Draw recall over length, retrieval over length, and one against the other, a point a cell.

    Where hits can be told from misses, a fourth panel has how well each membership does.

    Args:
        cells: columns `setting`, `family`, `budget`, `budget_name`, `length`, `depth`, `n`, `hits`, `rate` and
            `selection_recall`.
        misses: columns `setting`, `tokens`, `auroc`, `low` and `high`, for the fourth panel.
        title: what was measured.
        width: "single", "double" or inches; panels that do not fit side by side go below.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: no cell has a selection recall, as where attention is dense; the width or palette is none.
    """
    sparse = cells[cells["family"].notna()]
    measured = sparse.dropna(subset=["selection_recall", "rate"])
    if measured.empty:
        raise InputError("cells must have a selection recall, got none; run with --k, not dense alone")
    styles = line_styles(sparse, palette)
    lengths = sorted(set(map(int, sparse["length"])))
    groups = {str(setting): own for setting, own in sparse.groupby("setting", sort=False)}
    recalls = {setting: _recall_over_length(own) for setting, own in groups.items()}
    told = None if misses is None else misses.dropna(subset=["auroc"])
    apart = told is not None and not told.empty
    rates = {setting: rates_over_length(own)[["length", "value"]] for setting, own in groups.items()}
    with style():
        figure, (left, middle, right, *more) = paneled(width, 3 + apart, height=1.85)
        draw_lines(left, recalls, styles, label="selection recall", lengths=lengths)
        draw_lines(middle, rates, styles, label="retrieval rate", lengths=lengths)
        for setting, own in groups.items():
            point = {"color": styles[setting]["color"], "marker": styles[setting]["marker"]}
            right.plot(own["selection_recall"], own["rate"], linewidth=0, markersize=3, alpha=0.6, **point)
        right.set(xlabel="selection recall of a cell", ylabel="its retrieval rate")
        rate_axis(right, "x")
        rate_axis(right, "y")
        for axes in more:
            assert told is not None
            _draw_separation(axes, told, styles)
        set_heading(figure, title)
        legend_below(figure, styles)
        fit_length_ticks(figure)
    return figure


def _draw_separation(axes: "Axes", told: "pd.DataFrame", styles: LineStyles) -> None:
    """A row a kind of tokens, the settings beneath one another in it, with their intervals."""
    kinds = list(dict.fromkeys(told["tokens"]))
    settings = list(dict.fromkeys(told["setting"]))
    for row in told.to_dict(orient="records"):
        place = kinds.index(row["tokens"]) + 0.7 * ((settings.index(row["setting"]) + 0.5) / len(settings) - 0.5)
        own = styles[row["setting"]]
        axes.plot([row["low"], row["high"]], [place, place], color=own["color"], linewidth=0.9)
        axes.plot(row["auroc"], place, linewidth=0, markersize=3, color=own["color"], marker=own["marker"])
    axes.axvline(0.5, color="black", linewidth=0.5)
    rate_axis(axes, "x")
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.set(xlabel="more in hits than in misses (AUROC)", ylabel="gathered")


def _recall_over_length(cells: "pd.DataFrame") -> "pd.DataFrame":
    means = cells.groupby("length")["selection_recall"].mean().dropna()
    return means.rename("value").reset_index()
