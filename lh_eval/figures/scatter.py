"""Loss against retrieval: a point a training."""

from typing import TYPE_CHECKING, Any

from lh_eval.figures.lines import legend_below, line_styles, paneled
from lh_eval.figures.style import Width, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def scatter_figure(points: "pd.DataFrame", cells: "pd.DataFrame", *, width: Width = "double") -> "Figure":
    """Draw held-out loss across and retrieval up, a panel a task.

    Args:
        points: columns `recipe`, `task`, `held_out`, `rate`, `ci_low` and `ci_high`.
        cells: columns `setting`, `family`, `budget` and `budget_name`, for colours and markers; a setting is a recipe
            of the points.
        width: "single", "double" or inches.
    """
    styles = {
        setting: {name: own[name] for name in ("color", "marker")}
        for setting, own in line_styles(cells, "cividis").items()
    }
    low, high = points["ci_low"].min(), points["ci_high"].max()  # narrower than 0..1, where bars would not be seen
    bars: dict[str, Any] = {"linewidth": 0, "elinewidth": 0.6, "markersize": 3.5}
    with style():
        figure, panels = paneled(width, points["task"].nunique(), height=2.2)
        for axes, (task, own) in zip(panels, points.groupby("task", sort=False), strict=True):
            for point in own.to_dict(orient="records"):
                reach = [[point["rate"] - point["ci_low"]], [point["ci_high"] - point["rate"]]]
                axes.errorbar(point["held_out"], point["rate"], yerr=reach, **bars, **styles[point["recipe"]])
            axes.set(xlabel="held-out text (nats per byte)", ylabel="retrieval rate, dense")
            axes.set_title(str(task), fontsize=8)
            axes.set_ylim(low - 0.01, high + 0.01)
            axes.grid(linewidth=0.3, color="#d9d9d9")
            axes.set_axisbelow(True)
        legend_below(figure, styles, points=True)
    return figure
