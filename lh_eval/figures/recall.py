"""Selection recall beside retrieval: both over length, and a point a cell with their rank correlation."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.length import rates_over_length
from lh_eval.figures.lines import draw_lines, legend_below, line_styles, paneled, rate_axis, set_heading
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import SIZE, Width, style
from lh_eval.statistics import rank_correlation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def recall_figure(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "double", palette: Palette = "cividis"
) -> "Figure":
    """Draw recall over length, retrieval over length, and one against the other, a point a cell.

    Args:
        cells: columns `setting`, `family`, `budget`, `budget_name`, `length`, `depth`, `n`, `hits`, `rate` and
            `selection_recall`.
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
    # without bands, which would hide each other: the figure of lengths has them
    rates = {setting: rates_over_length(own)[["length", "value"]] for setting, own in groups.items()}
    with style():
        figure, (left, middle, right) = paneled(width, 3, height=1.85)
        draw_lines(left, recalls, styles, label="selection recall", lengths=lengths)
        draw_lines(middle, rates, styles, label="retrieval rate", lengths=lengths)
        for setting, own in groups.items():
            point = {"color": styles[setting]["color"], "marker": styles[setting]["marker"]}
            right.plot(own["selection_recall"], own["rate"], linewidth=0, markersize=3, alpha=0.6, **point)
        right.set(xlabel="selection recall of a cell", ylabel="its retrieval rate")
        rate_axis(right, "x")
        rate_axis(right, "y")
        found = rank_correlation(sparse["selection_recall"].tolist(), sparse["rate"].tolist())
        defined = f"ρ = {found.rho:.2f}, n = {found.n}".replace("-", "−")
        right.set_title(defined if found.rho == found.rho else "ρ undefined", fontsize=SIZE)
        set_heading(figure, title)
        legend_below(figure, styles)
    return figure


def _recall_over_length(cells: "pd.DataFrame") -> "pd.DataFrame":
    means = cells.groupby("length")["selection_recall"].mean().dropna()
    return means.rename("value").reset_index()
