"""Latency against retrieval: which budget to choose."""

from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.lines import legend_below, line_styles, paneled, rate_axis, set_heading, write_plainly
from lh_eval.figures.palettes import Palette
from lh_eval.figures.style import Width, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
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

    A setting without a time stands hollow behind the right end of the axis: its rate is known.

    Args:
        points: columns `setting`, `family`, `budget`, `budget_name`, `time`, `rate`, `ci_low` and `ci_high`.
        label: what the time is, with its unit.
        title: what was measured.
        width: "single", "double" or inches.
        palette: one of `palettes.Palette`.

    Raises:
        InputError: there is no point with a time, or the width or the palette is none.
    """
    timed, untimed = points[points["time"].notna()], points[points["time"].isna()]
    if timed.empty:
        raise InputError("points must be at least one, got none; time a setting that was run")
    styles = line_styles(points, palette)
    with style():
        figure, (axes,) = paneled(width, 1, height=2.2)
        times = timed["time"].to_numpy(float)
        logarithmic = times.min() > 0 and times.max() > 10 * times.min()
        axes.set_xscale("log" if logarithmic else "linear")
        if logarithmic:
            write_plainly(axes.xaxis)
        for point in timed.to_dict(orient="records"):
            _draw(axes, point, point["time"], styles[point["setting"]])
        low, high = axes.get_xlim() if logarithmic else (0.0, 1.08 * float(times.max()))
        # a place each, evenly spread over the last sixth, behind a line
        end = high * (high / low) ** 0.2 if logarithmic else 1.2 * high
        for number, point in enumerate(untimed.to_dict(orient="records"), start=1):
            share = number / (len(untimed) + 1)
            place = high * (end / high) ** share if logarithmic else high + (end - high) * share
            _draw(axes, point, place, styles[point["setting"]], hollow=True)
        axes.set_xlim(low, high)
        if len(untimed):
            axes.axvline(high, color="black", linewidth=0.5, linestyle=(0, (1, 2)))
            axes.set_xticks([tick for tick in axes.get_xticks() if low <= tick <= high])
            axes.annotate("not timed", (1, 1), (-2, 2), "axes fraction", "offset points", ha="right", va="bottom")
        axes.set_xlim(low, end if len(untimed) else high)
        axes.set(xlabel=label, ylabel="retrieval rate")
        rate_axis(axes, "y")
        set_heading(figure, title)
        legend_below(figure, styles, points=True)
    return figure


def _draw(axes: "Axes", point: dict[Any, Any], place: float, own: dict[str, Any], *, hollow: bool = False) -> None:
    below, above = point["rate"] - point["ci_low"], point["ci_high"] - point["rate"]
    size = 7 if own["marker"] == "*" else 4
    bars: dict[str, Any] = {"elinewidth": 0.8, "capsize": 1.5, "markersize": size, "color": own["color"]}
    face: dict[str, Any] = {"markerfacecolor": "white"} if hollow else {}
    axes.errorbar(place, point["rate"], [[below], [above]], fmt=own["marker"], **bars, **face)
