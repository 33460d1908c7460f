"""Training curves: each loss over tokens, and a close look at the switch to dense attention."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.curve_panels import TOGETHER, draw_switch, draw_whole, label_top, seed_band, write_inside
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
_HEIGHT, _LOW = 1.6, 0.85  # of a panel, and of one among many
_NAMES = {"held_out": "held-out text"}  # losses whose column is no word


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
    switches of attention. More recipes than are told apart in a panel have a row of panels each where the page is wide
    enough, with the one that is dense from the start in each.

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
    apart = _apart(styles) if page >= _BROAD * len(columns) else [list(styles)]
    with style():
        figure, panels = _panels(page, len(columns), len(apart), close=not switches.empty)
        for column, (wholes, close) in zip(columns, panels, strict=True):
            name = _NAMES.get(column, column)
            bands = seed_band(rows, "tokens", column)
            for recipes, whole in zip(apart, wholes, strict=True):
                drawn = {recipe: band for recipe, band in bands.items() if recipe in recipes}
                draw_whole(whole, drawn, styles, rows[rows["recipe"].isin(recipes)], label=f"{name} (nats/byte)")
                if len(apart) > 1:
                    if column == columns[0]:
                        write_inside(whole, recipes[-1])
                    whole.set_ylabel(f"{name}\n(nats/byte)")
            own = switches[switches["column"] == column]
            if close is not None and own.empty:
                close.set_axis_off()
            elif close is not None:
                draw_switch(close, _around(rows, own), own, styles, column, label=f"{name} (nats/byte)")
            for whole in wholes[:-1]:
                whole.set_xlabel("")
                whole.tick_params(axis="x", labelbottom=False)
        set_heading(figure, title)
        if len(styles) > 1:
            legend_below(figure, styles)
        figure.draw_without_rendering()  # lays out, so that it is known what fits above a panel
        for wholes, _ in panels:
            label_top(wholes[0], rows)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # what LaTeX sets is narrower: room for ticks that it would not set
    return figure


def _apart(styles: LineStyles) -> list[list[str]]:
    """The recipes of each row of panels: all, or where they are many each by itself, dense before it in all."""
    if len(styles) <= TOGETHER:
        return [list(styles)]
    dense = [recipe for recipe, own in styles.items() if own == DENSE]
    return [[*dense, recipe] for recipe in styles if recipe not in dense]


def _panels(
    page: float, losses: int, apart: int, *, close: bool
) -> "tuple[Figure, list[tuple[list[Axes], Axes | None]]]":
    """For each loss its panels and the one of its switch, below each other, beside each other, or in one column."""
    if page >= _BROAD * losses:
        across, heights = losses, [_HEIGHT if apart == 1 else _LOW] * apart + [_HEIGHT] * close
    elif close and page >= _BESIDE:
        across, heights = 2, [_HEIGHT] * losses
    else:
        across, heights = 1, [_HEIGHT] * losses * (2 if close else 1)
    figure = new_figure(page, sum(heights))
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
    grid = figure.subplots(len(heights), across, squeeze=False, gridspec_kw={"height_ratios": heights})
    if page >= _BROAD * losses:
        for column in grid.T:
            for axes in column[1:apart]:
                axes.sharey(column[0])
        return figure, [(column[:apart].tolist(), column[apart] if close else None) for column in grid.T]
    if not close:
        return figure, [([axes], None) for axes in grid.ravel().tolist()]
    return figure, [([whole], switch) for whole, switch in grid.reshape(losses, 2).tolist()]


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
