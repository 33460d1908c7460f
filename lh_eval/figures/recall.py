"""Selection recall beside retrieval: both over length, and a point a cell with their rank correlation."""

from typing import TYPE_CHECKING, NamedTuple

from lh_eval.errors import InputError
from lh_eval.figures.length import rates_over_length
from lh_eval.figures.lines import draw_lines, legend_below, looks, paneled, rate_axis, set_heading
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import SIZE, Width, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Correlation(NamedTuple):
    """Spearman's rank correlation over `n` cells; NaN with its interval and p where one side does not vary."""

    rho: float
    low: float
    high: float
    p: float
    n: int


def recall_correlation(cells: "pd.DataFrame") -> Correlation:
    """Correlate selection recall with retrieval over the cells that have both.

    Spearman's coefficient is Pearson's of the ranks; its 95 % interval is that of Fisher's transformation, which
    takes cells for independent.

    Args:
        cells: columns `selection_recall` and `rate`.
    """
    from scipy.stats import pearsonr, rankdata, spearmanr

    both = cells[["selection_recall", "rate"]].dropna()
    recall, rate = both["selection_recall"].to_numpy(float), both["rate"].to_numpy(float)
    if len(both) < 4 or len(set(recall)) == 1 or len(set(rate)) == 1:
        nan = float("nan")
        return Correlation(nan, nan, nan, nan, len(both))
    interval = pearsonr(rankdata(recall), rankdata(rate)).confidence_interval(0.95)
    found = spearmanr(recall, rate)
    return Correlation(
        float(found.statistic), float(interval.low), float(interval.high), float(found.pvalue), len(both)
    )


def recall_figure(
    cells: "pd.DataFrame", *, title: str = "", width: Width = "double", palette: Palette = "cividis"
) -> "Figure":
    """Draw recall over length, retrieval over length, and one against the other, a point a cell.

    Args:
        cells: columns `setting`, `scorer`, `k`, `length`, `depth`, `n`, `hits`, `rate` and `selection_recall`.
        title: what was measured.
        width: "single", "double" or inches; panels that do not fit side by side go below.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: no cell has a selection recall, as where attention is dense; the width or palette is none.
    """
    sparse = cells[cells["scorer"].notna()]
    known = sparse.dropna(subset=["selection_recall", "rate"])
    if known.empty:
        raise InputError("cells must have a selection recall, got none; run with --k, not dense alone")
    look = looks(sparse, palette)
    lengths = sorted(set(map(int, sparse["length"])))
    groups = {str(setting): own for setting, own in sparse.groupby("setting", sort=False)}
    recalls = {setting: _recall_over_length(own) for setting, own in groups.items()}
    # without bands, which would hide each other: the figure of lengths has them
    rates = {setting: rates_over_length(own)[["length", "value"]] for setting, own in groups.items()}
    with style():
        figure, (left, middle, right) = paneled(width, 3, height=1.85)
        draw_lines(left, recalls, look, label="selection recall", lengths=lengths)
        draw_lines(middle, rates, look, label="retrieval rate", lengths=lengths)
        for setting, own in groups.items():
            point = {"color": look[setting]["color"], "marker": look[setting]["marker"]}
            right.plot(own["selection_recall"], own["rate"], linewidth=0, markersize=3, alpha=0.6, **point)
        right.set(xlabel="selection recall of a cell", ylabel="its retrieval rate")
        rate_axis(right, "x")
        rate_axis(right, "y")
        found = recall_correlation(sparse)
        said = f"ρ = {found.rho:.2f}, n = {found.n}".replace("-", "−") if found.rho == found.rho else "ρ undefined"
        right.set_title(said, fontsize=SIZE)
        set_heading(figure, title)
        legend_below(figure, look)
    return figure


def _recall_over_length(cells: "pd.DataFrame") -> "pd.DataFrame":
    means = cells.groupby("length")["selection_recall"].mean().dropna()
    return means.rename("value").reset_index()
