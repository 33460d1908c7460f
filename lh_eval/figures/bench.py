"""The figure of a benchmark: time over length beside dense attention, and where Lighthouse's time goes."""

from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.errors import InputError
from lh_eval.figures.crossover import Crossover, crossover
from lh_eval.figures.lines import write_plainly
from lh_eval.figures.panel import add_axes, fit_text
from lh_eval.figures.stages import draw_stages, stage_legend, stage_legend_lines
from lh_eval.figures.style import Width, inches, new_figure, style
from lh_eval.lengths import length_label, length_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DENSE, _ON_S = "sdpa", "sdpa-on-S"
_MODES = {"fwd": "forward", "fwd+bwd": "forward + backward"}

# Okabe and Ito's colours, told apart by the colour-blind; a k has a colour and a marker, a provider a line.
_BUDGETS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
_LINES: dict[str, dict[str, Any]] = {
    _DENSE: {"linestyle": "-", "color": "black", "marker": "x"},
    "lighthouse": {"linestyle": "-"},
    "lighthouse-reference": {"linestyle": "--", "markerfacecolor": "white"},
    _ON_S: {"linestyle": ":", "marker": "_", "linewidth": 0.9},
}

# Inches.
_LEFT, _RIGHT, _GAP = 0.46, 0.06, 0.42
_TOP, _HEIGHT, _BOTTOM = 0.36, 1.9, 0.38
_LEGEND_LINE = 0.14
_DROP = 0.45  # between the times' legend and the stages' headings
_BARS = 1.25
_LOW, _LOW_BARS = 1.15, 0.7  # heights of both where they stand beneath one another: a page holds them
_NOTE = 0.062 * _HEIGHT  # a line of text in a panel
_UNDER = 0.5  # labels under the bars, which may stand upright
_NAMED = 0.2  # a mode's name over its panel, where panels are beneath one another
_OVER_BARS = 0.42  # what is written over them
_ENTRY = 1.6  # of the legends


class _Series(NamedTuple):
    """A line: milliseconds by length."""

    provider: str
    k: int | None
    times: dict[int, float]


def bench_figure(rows: "pd.DataFrame", *, title: str = "", width: Width = "double") -> "Figure":
    """Draw time over length in a panel a mode, and below it the share of each stage in Lighthouse's time.

    Modes are side by side where both have room, else beneath one another: their times, then their stages.

    Args:
        rows: columns `provider`, `mode`, `N`, `k`, `ms` and `stages`, of one card, shape and pyramid, none twice.
        title: what was measured on what.
        width: "single", "double" or inches.

    Raises:
        InputError: there is no row, or the width is none.
    """
    if rows.empty:
        raise InputError("rows must be at least one, got none; measure something first")
    modes = [mode for mode in _MODES if mode in set(rows["mode"])]
    budgets = sorted({int(k) for k in rows["k"].dropna()})
    staged = rows[rows["stages"].map(bool)]
    page = inches(width)
    columns = len(modes) if page >= 5 else 1
    stacked = -(-len(modes) // columns)
    across = (page - _LEFT - _RIGHT - _GAP * (columns - 1)) / columns
    entries = max(1, int(page // _ENTRY))
    lines = -(-_entries(rows) // entries) * _LEGEND_LINE
    panel, bar = (_HEIGHT, _BARS) if stacked == 1 else (_LOW, _LOW_BARS)
    step = panel + _BOTTOM + _NAMED  # from one panel of times to the one beneath it, and of stages
    low_step = bar + _UNDER + _OVER_BARS
    stage_lines = stage_legend_lines(staged, page)
    foot = (stage_lines + 0.5) * _LEGEND_LINE
    below = 0.0 if staged.empty else _DROP + bar + _UNDER + (stacked - 1) * low_step + foot
    height = _TOP + panel + _BOTTOM + (stacked - 1) * step + lines + below
    with style():
        figure = new_figure(page, height)
        ticks = sorted({int(length) for length in rows["N"]})
        for place, mode in enumerate(modes):
            row, column = divmod(place, columns)
            left = _LEFT + column * (across + _GAP)
            axes = add_axes(figure, (left, height - _TOP - panel - row * step, across, panel))
            _draw_times(axes, _series(rows[rows["mode"] == mode]), budgets, ticks, _NOTE / panel)
            axes.set_title(_MODES[mode], pad=3)
            if column == 0:
                axes.set_ylabel("milliseconds")
            if place == 0:
                figure.legend(
                    *axes.get_legend_handles_labels(),
                    loc="center",
                    bbox_to_anchor=(0.5, (below + lines / 2) / height),
                    ncols=entries,
                    frameon=False,
                    fontsize=6.5,
                    borderpad=0,
                )
            if not staged.empty:
                bottom = foot + _UNDER + (stacked - 1 - row) * low_step
                bars = add_axes(figure, (left, bottom, across, bar))
                draw_stages(bars, staged[staged["mode"] == mode])
                if column == 0:
                    bars.set_ylabel("share of the stages' time" if stacked == 1 else f"share, {_MODES[mode]}")
        if not staged.empty:
            stage_legend(figure, (0.5, foot / 2 / height), staged, page)
        heading = figure.text(0.5, 1 - 0.06 / height, title, ha="center", va="top", fontsize=7.5)
        fit_text(heading, 0.97 * page)
    return figure


def _entries(rows: "pd.DataFrame") -> int:
    return len(rows[["provider", "k"]].drop_duplicates())


def _series(rows: "pd.DataFrame") -> list[_Series]:
    """The lines of one mode: dense first, then Lighthouse's by k, then the floors."""
    found = []
    for provider in _LINES:
        own = rows[rows["provider"] == provider]
        for k in [None] if provider == _DENSE else sorted(own["k"].dropna().unique()):
            line = own if k is None else own[own["k"] == k]
            times = {int(n): float(ms) for n, ms in sorted(zip(line["N"], line["ms"], strict=True))}
            if times:
                found.append(_Series(provider, None if k is None else int(k), times))
    return found


def _draw_times(axes: "Axes", series: list[_Series], budgets: list[int], ticks: list[int], line_height: float) -> None:
    """Draw a mode's lines, and say where each crosses dense attention's; a line of text is a share of the panel."""
    dense = next((line.times for line in series if line.provider == _DENSE), {})
    compared = []
    for line in series:
        look: dict[str, Any] = {"linewidth": 1.2, "markersize": 3.5}
        if line.k is not None:
            look["color"], look["marker"] = _BUDGETS[budgets.index(line.k) % len(_BUDGETS)]
        look |= _LINES[line.provider]
        axes.plot(list(line.times), list(line.times.values()), label=_label(line), **look)
        if line.provider not in (_DENSE, _ON_S) and dense.keys() & line.times.keys():
            compared.append((line, crossover(line.times, dense), look["color"]))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(ticks, length_labels(ticks))
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.tick_params(axis="y", which="minor", labelsize=6)
    write_plainly(axes.yaxis)
    axes.set_xlabel("sequence length (tokens)")
    axes.grid(axis="y", linewidth=0.3, color="#d9d9d9")
    axes.set_axisbelow(True)
    bottom, top = axes.get_ylim()
    notes = line_height * len(compared) + 0.03
    axes.set_ylim(bottom, bottom * (top / bottom) ** (1 / (1 - notes)))
    for i, (line, found, colour) in enumerate(compared):
        note = f"{_label(line)}: {_reading(found)}"
        place = (0.03, 0.97 - line_height * i)
        axes.text(*place, note, transform=axes.transAxes, va="top", fontsize=6, color=colour)
        if found is not None and found.exact:
            _mark(axes, found.length, dense, bottom, colour)


def _mark(axes: "Axes", length: float, dense: dict[int, float], bottom: float, colour: str) -> None:
    """A ring on dense attention's line at the crossover, and a line from it down to the length."""
    import numpy as np

    height = np.exp(np.interp(np.log(length), np.log(list(dense)), np.log(list(dense.values()))))
    axes.vlines(length, bottom, height, color=colour, linewidth=0.6, linestyle=(0, (4, 3)))
    axes.plot(length, height, "o", markersize=7, markerfacecolor="none", color=colour, markeredgewidth=0.8)


def _reading(found: Crossover | None) -> str:
    if found is None:
        return "slower than sdpa as far as measured"
    if not found.exact:
        return f"faster than sdpa from {length_label(int(found.length))} or less"
    length = f"{found.length / 1024:.3g}K" if found.length >= 1024 else f"{found.length:.0f}"
    return f"faster than sdpa from {length}"


def _label(line: _Series) -> str:
    if line.k is None:
        return "sdpa, dense causal"
    return f"{line.provider}, k={line.k}"
