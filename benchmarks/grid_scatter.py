"""Loss against retrieval: a point a training."""

from typing import TYPE_CHECKING

import pandas as pd

from lh_eval.figures.lines import legend_below, line_styles, paneled
from lh_eval.figures.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scatter_figure(points: pd.DataFrame, cells: pd.DataFrame) -> "Figure":
    """Draw held-out loss across and retrieval up, a panel a task.

    Args:
        points: as `grid_losses.points` makes them.
        cells: columns `setting`, `family`, `budget` and `budget_name`, for colours and markers; a setting is
            a recipe of the points.
    """
    styles = {
        setting: {name: own[name] for name in ("color", "marker")}
        for setting, own in line_styles(cells, "cividis").items()
    }
    low, high = points["ci_low"].min(), points["ci_high"].max()  # narrower than 0..1, where bars would not be seen
    tasks = list(dict.fromkeys(points["task"]))
    with style():
        figure, panels = paneled("double", len(tasks), height=2.2)
        for axes, task in zip(panels, tasks, strict=True):
            for point in points[points["task"] == task].itertuples():
                reach = [[point.rate - point.ci_low], [point.ci_high - point.rate]]
                axes.errorbar(
                    point.held_out,
                    point.rate,
                    yerr=reach,
                    linewidth=0,
                    elinewidth=0.6,
                    markersize=3.5,
                    **styles[point.recipe],
                )
            axes.set(xlabel="held-out text (nats per byte)", ylabel="retrieval rate, dense")
            axes.set_title(task, fontsize=8)
            axes.set_ylim(low - 0.01, high + 0.01)
            axes.grid(linewidth=0.3, color="#d9d9d9")
            axes.set_axisbelow(True)
        legend_below(figure, styles, points=True)
    return figure
