"""What figures with lines or points share: a style for each setting, a panel over length, and a legend below."""

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.palettes import Palette, check_palette, shades
from lh_eval.figures.style import RAISED, SIZE, Width, inches, new_figure, text_width
from lh_eval.lengths import length_labels

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)), (0, (8, 2)))
MARKERS = "osD^vP"
LineStyles = dict[str, dict[str, Any]]  # by setting or recipe: colour, marker and dashes
DENSE: dict[str, Any] = {"color": "#b3362a", "marker": "*", "linestyle": "-"}


def line_styles(cells: "pd.DataFrame", palette: Palette) -> LineStyles:
    """Colour, marker and dashes of each setting: its shade is the budget, its marker and dashes the family.

    Budgets stay in order in grey, and families need no colour. Budgets of different kinds have no order: there each
    setting has a shade of its own.

    Args:
        cells: columns `setting`, `family`, `budget` and `budget_name`.
        palette: where shades are from.
    """
    check_palette(palette)
    settings = cells.drop_duplicates("setting")
    if settings.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    sparse = settings[settings["family"].notna()]
    families = list(dict.fromkeys(sparse["family"]))
    budgeted = sparse[sparse["budget"].notna()].sort_values("budget", kind="stable")
    mixed = budgeted["budget_name"].nunique() > 1
    shaded = sparse["setting"] if mixed else budgeted["budget"]
    steps = list(dict.fromkeys(shaded))
    colours = dict(zip(steps, shades(len(steps), palette), strict=True))
    found: LineStyles = {}
    for setting, family, budget in settings[["setting", "family", "budget"]].itertuples(index=False):
        if not isinstance(family, str):
            found[setting] = dict(DENSE)
            continue
        which = families.index(family)
        found[setting] = {
            "color": colours.get(setting if mixed else budget, "black"),
            "marker": MARKERS[which % len(MARKERS)],
            "linestyle": _DASHES[which % len(_DASHES)],
        }
    return found


def paneled(width: Width, panels: int, *, height: float) -> "tuple[Figure, list[Axes]]":
    """A figure of panels side by side where each has two inches, else in rows that are as even as can be."""
    page = inches(width)
    rows = -(-panels // max(1, int(page // 2)))
    columns = -(-panels // rows)
    figure = new_figure(page, height * rows)
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for unused in axes[panels:]:
        unused.remove()
    return figure, axes[:panels]


def draw_lines(
    axes: "Axes",
    lines: "Mapping[str, pd.DataFrame]",
    styles: LineStyles,
    *,
    label: str,
    lengths: list[int],
) -> None:
    """Draw a line a setting over length, with a bar from `low` to `high` where it has them.

    At each length the settings stand beside one another, in their order: lines that agree would hide each other.

    Args:
        axes: where to draw.
        lines: by setting, columns `length` and `value`, and maybe `low` and `high`.
        styles: as `line_styles` makes them.
        label: what the values are.
        lengths: of all panels, so that they share their axis.
    """
    shifts = _shifts(len(lines), lengths)
    for (setting, line), shift in zip(lines.items(), shifts, strict=True):
        own = styles[setting]
        at = line["length"] * shift
        if "low" in line:
            axes.vlines(at, line["low"], line["high"], color=own["color"], linewidth=0.7, alpha=0.7)
        size = 5 if own["marker"] == "*" else 3
        axes.plot(at, line["value"], label=setting, linewidth=0.9, markersize=size, **own, clip_on=False)
    axes.set_xscale("log", base=2)
    axes.set_xlim(lengths[0] * min(shifts) / 1.12, lengths[-1] * max(shifts) * 1.12)
    axes.set_xticks(lengths, length_labels(lengths))
    axes.tick_params(axis="x", which="minor", bottom=False, labelbottom=False)
    axes.set(xlabel="context length (tokens)", ylabel=label)
    rate_axis(axes, "y")


def _shifts(count: int, lengths: list[int]) -> list[float]:
    """By what each of so many lines moves its lengths: beside one another within a third of the least step."""
    least = min((math.log2(long / short) for short, long in itertools.pairwise(lengths)), default=1.0)
    step = min(0.09, 0.34 * least / max(count - 1, 1))
    return [2 ** (step * (place - (count - 1) / 2)) for place in range(count)]


def fit_length_ticks(figure: "Figure") -> None:
    """Stand length labels upright in every panel if they would touch in one; the figure must be laid out."""
    axes = [one for one in figure.axes if one.get_xlabel() == "context length (tokens)"]
    figure.draw_without_rendering()
    for one in axes:
        boxes = [text.get_window_extent() for text in one.get_xticklabels()]
        if any(right.x0 < left.x1 + 2 for left, right in itertools.pairwise(boxes)):
            for other in axes:
                other.tick_params(axis="x", rotation=90)
            return


def rate_axis(axes: "Axes", which: str) -> None:
    """Make an axis run over 0..1 whatever is drawn, with a little air for the markers at its ends."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}lim": (-0.04, 1.04)})
    axis.set_ticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "0.25", "0.5", "0.75", "1"])
    axes.grid(linewidth=0.3, color="#d9d9d9")
    axes.set_axisbelow(True)


def write_plainly(axis: "Axis") -> None:
    """Label a logarithmic axis without formulas, which no text here is: 10³, and between powers of ten 50.

    5 × 10¹ is as wide as the margin. Ticks between powers have labels within a decade.
    """
    from matplotlib.ticker import LogFormatter

    class Plain(LogFormatter):
        def __call__(self, x: float, pos: int | None = None) -> str:
            return f"{x:g}" if super().__call__(x, pos) else ""  # which ticks have a label is matplotlib's to say

    axis.set_major_formatter(lambda x, _: f"10{str(round(math.log10(x))).translate(RAISED)}")
    axis.set_minor_formatter(Plain(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def legend_below(figure: "Figure", styles: LineStyles, *, points: bool = False) -> None:
    """One legend for all panels, under them; the figure grows by its height."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linewidth=0 if points else 1.1, markersize=3.5, label=name, **own)
        for name, own in styles.items()
    ]
    page = figure.get_figwidth()
    widest = max(text_width(name, SIZE) for name in styles) + 0.48
    lines = -(-len(styles) // max(1, int((page - 0.1) // widest)))
    columns = -(-len(styles) // lines)  # as even as can be
    figure.set_figheight(figure.get_figheight() + 0.13 * lines + 0.06)
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=columns,
        frameon=False,
        borderpad=0,
        handlelength=2.2,
        columnspacing=1,
        handletextpad=0.4,
        labelspacing=0.25,
    )


def set_heading(figure: "Figure", title: str) -> None:
    """What was measured, over all panels."""
    if title:
        figure.set_figheight(figure.get_figheight() + 0.18)
        figure.suptitle(title, fontsize=8)
