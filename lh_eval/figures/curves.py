"""Training curves: each loss over tokens, and a close look at the switch to dense attention."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.curve_panels import draw_switch, draw_whole, label_top, seed_band
from lh_eval.figures.lines import DENSE, MARKERS, LineStyles, legend_below, set_heading
from lh_eval.figures.style import Width, inches, new_figure, style

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours without the red that dense attention has; each recipe has a marker too, for grey printers.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#000000", "#CC79A7", "#56B4E9")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1.2, 1.2)))  # where there are more recipes than colours
_BROAD = 2.0  # inches that a panel takes
_BESIDE = 3.0  # the least width of a page with two panels side by side
_HEIGHT = 1.6


def curves_figure(
    rows: "pd.DataFrame",
    switches: "pd.DataFrame",
    columns: Sequence[str],
    *,
    title: str = "",
    width: Width = "double",
) -> "Figure":
    """Draw a panel a loss over tokens, and one of the steps around the switch; a colour a recipe.

    A line is the mean over a recipe's seeds, its band their range. Grey stripes are sequence lengths, vertical lines
    switches of attention.

    Args:
        rows: columns `recipe`, `run`, `step`, `tokens`, `attention`, `length`, `stage`, `part` and the losses, by run
            and step.
        switches: columns `run`, `column`, `step`, `before` and `recovery`, of the switch that is looked at closely; a
            run may have none, and is drawn beside the others where they all switch at one step.
        columns: the losses, in order.
        title: what was trained.
        width: "single", "double" or inches; panels that do not fit side by side go below.

    Raises:
        InputError: there is no row, or the width is none.
    """
    if rows.empty:
        raise InputError("rows must be at least one, got none; train something first")
    page = inches(width)
    styles = _recipe_styles(rows)
    with style():
        figure, panels = _panels(page, len(columns), close=not switches.empty)
        for column, (whole, close) in zip(columns, panels, strict=True):
            draw_whole(whole, seed_band(rows, "tokens", column), styles, rows, label=f"{column} (nats/byte)")
            own = switches[switches["column"] == column]
            if close is not None and own.empty:
                close.set_axis_off()
            elif close is not None:
                draw_switch(close, _around(rows, own), own, styles, column)
        set_heading(figure, title)
        legend_below(figure, styles)
        figure.draw_without_rendering()  # lays out, so that it is known what fits above a panel
        for whole, _ in panels:
            label_top(whole, rows)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # what LaTeX sets is narrower: room for ticks that it would not set
    return figure


def _panels(page: float, losses: int, *, close: bool) -> "tuple[Figure, list[tuple[Axes, Axes | None]]]":
    """For each loss its panel and the one of its switch, below each other, beside each other, or in one column."""
    if page >= _BROAD * losses:
        across, down = losses, 2 if close else 1
    elif close and page >= _BESIDE:
        across, down = 2, losses
    else:
        across, down = 1, losses * (2 if close else 1)
    figure = new_figure(page, _HEIGHT * down)
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.subplots(down, across, squeeze=False)
    if not close:
        return figure, [(axes, None) for axes in grid.ravel().tolist()]
    pairs = grid.T if page >= _BROAD * losses else grid.reshape(losses, 2)
    return figure, [(whole, switch) for whole, switch in pairs.tolist()]


def _recipe_styles(rows: "pd.DataFrame") -> LineStyles:
    """Dense from the start as in other figures of lines, the other recipes by colour and marker."""
    found: LineStyles = {}
    for recipe, own in rows.groupby("recipe", sort=False):
        place = len(found) - (DENSE in found.values())
        if set(own["attention"]) == {"dense"} and DENSE not in found.values():
            found[str(recipe)] = DENSE
            continue
        found[str(recipe)] = {
            "color": _COLOURS[place % len(_COLOURS)],
            "marker": MARKERS[place % len(MARKERS)],
            "linestyle": _DASHES[place // len(_COLOURS) % len(_DASHES)],
        }
    return found


def _around(rows: "pd.DataFrame", switches: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of the runs that are drawn around the switch, with the column `after`: steps since it."""
    steps = dict(zip(switches["run"], switches["step"], strict=True))
    shared = set(steps.values())
    if len(shared) == 1:
        (step,) = shared
        unswitched = rows.groupby("run")["stage"].max() == 1
        steps |= dict.fromkeys(unswitched.index[unswitched], step)
    drawn = rows[rows["run"].isin(steps)]
    return drawn.assign(after=drawn["step"] - drawn["run"].map(steps))
