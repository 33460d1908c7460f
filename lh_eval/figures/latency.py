"""Latency against retrieval: which budget to choose."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError
from lh_eval.figures.lines import legend_below, line_styles, paneled, rate_axis, set_heading, write_plainly
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import Width, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def latency_figure(
    points: "pd.DataFrame",
    *,
    label: str,
    title: str = "",
    width: Width = "single",
    palette: Palette = "cividis",
) -> "Figure":
    """Draw a point a setting, its rate with the 95 % interval over its time; up and to the left is better.

    Args:
        points: columns `setting`, `family`, `budget`, `budget_name`, `time`, `rate`, `ci_low` and `ci_high`.
        label: what the time is, with its unit.
        title: what was measured.
        width: "single", "double" or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no point, or the width or the palette is none.
    """
    import numpy as np

    if points.empty:
        raise InputError("points must be at least one, got none; time a setting that was run")
    styles = line_styles(points, palette)
    with style():
        figure, (axes,) = paneled(width, 1, height=2.2)
        for point in points.to_dict(orient="records"):
            own = styles[point["setting"]]
            below, above = point["rate"] - point["ci_low"], point["ci_high"] - point["rate"]
            size = 7 if own["marker"] == "*" else 4
            bars = {"elinewidth": 0.8, "capsize": 1.5, "markersize": size, "color": own["color"]}
            axes.errorbar(point["time"], point["rate"], [[below], [above]], fmt=own["marker"], **bars)
        axes.set(xlabel=label, ylabel="retrieval rate")
        times = points["time"].to_numpy(float)
        if times.min() > 0 and times.max() > 10 * times.min():
            axes.set_xscale("log")
            write_plainly(axes.xaxis)
        else:
            axes.set_xlim(0, 1.08 * float(np.max(times)))
        rate_axis(axes, "y")
        set_heading(figure, title)
        legend_below(figure, styles, points=True)
    return figure
