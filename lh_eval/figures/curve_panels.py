"""The two panels of a training curve: a loss over all tokens, and over the steps around a switch of attention."""

from typing import TYPE_CHECKING, Any, Literal

from lh_eval.figures.lines import LineStyles, write_plainly
from lh_eval.figures.style import SIZE, text_width
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_STRIPE, _GRID = "#f0f0f0", "#d9d9d9"
TOGETHER = 4  # recipes in a panel that are told apart with their bands
_MARKED = 7  # markers on a line
_EARLY = 0.05  # share of the tokens, from a line's start, that a linear axis need not reach: it dwarfs all that follows
_LEAST = 10  # rows after a switch that are shown at least
_LINE = 8.5  # points between two rows of labels


def seed_band(rows: "pd.DataFrame", x: str, column: str) -> "dict[str, pd.DataFrame]":
    """By recipe, columns `x`, `value`, `low` and `high`: mean and range over its runs where the loss was measured."""
    found = {}
    for recipe, own in rows.dropna(subset=[column]).groupby("recipe", sort=False):
        at = own.groupby(x)[column]
        band = at.agg(value="mean", low="min", high="max").rename_axis("x").reset_index()
        found[str(recipe)] = band
    return found


def draw_whole(
    axes: "Axes", bands: "dict[str, pd.DataFrame]", styles: LineStyles, rows: "pd.DataFrame", *, label: str
) -> None:
    """Draw a loss over tokens, above stripes of the sequences' lengths and lines at the switches of attention.

    Args:
        axes: where to draw.
        bands: as `seed_band` makes them, over tokens.
        styles: of each recipe.
        rows: of all runs, for their lengths and switches.
        label: what the loss is.
    """
    end = float(rows["tokens"].max())
    unit, name = (1e9, "billions") if end >= 2e9 else (1e6, "millions")
    lengths = shared_spans(rows, "length")
    for place, (low, high, _) in enumerate(lengths or []):
        if place % 2:
            axes.axvspan(low / unit, high / unit, color=_STRIPE, linewidth=0, zorder=0)
    if lengths is None:  # each run has its own: marks at the top
        for recipe, own in rows.groupby("recipe", sort=False):
            for low in sorted({low for _, run in own.groupby("run") for low, _, _ in _spans(run, "length")[1:]}):
                axes.plot(low / unit, 1, "|", color=styles[str(recipe)]["color"], **_above(axes))
    for low in sorted({low for _, run in rows.groupby("run") for low, _, _ in _spans(run, "attention")[1:]}):
        axes.axvline(low / unit, color="black", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    _draw_bands(axes, {recipe: band.assign(x=band["x"] / unit) for recipe, band in bands.items()}, styles)
    later = [band[band["x"] > band["x"].min() + _EARLY * end] for band in bands.values()]
    _scale(axes, list(bands.values()), later)
    axes.set(xlim=(0, end / unit), xlabel=f"tokens ({name})", ylabel=label)


def draw_switch(
    axes: "Axes",
    rows: "pd.DataFrame",
    switches: "pd.DataFrame",
    styles: LineStyles,
    column: str,
    *,
    label: str,
) -> None:
    """Draw a loss over the steps since the switch, far enough to see it come back, with the level before dotted.

    Args:
        axes: where to draw.
        rows: with the column `after`, steps since the run's switch.
        switches: columns `run`, `before` and `recovery` of this loss.
        styles: of each recipe.
        column: which loss.
        label: what it is.
    """
    known = rows.dropna(subset=[column])
    reach = _reach(known, switches["recovery"])
    earlier = known["after"][known["after"] < 0]
    back = max(0.4 * reach, -float(earlier.max()) if len(earlier) else 0.0)  # some losses are measured rarely
    shown = known[known["after"].between(-back, reach)]
    bands = seed_band(shown, "after", column)
    recipes = rows.drop_duplicates("run").set_index("run")["recipe"]
    levels = switches.assign(recipe=switches["run"].map(recipes)).groupby("recipe", sort=False)["before"].mean()
    for recipe, before in levels.items():
        axes.hlines(before, 0, reach, color=styles[str(recipe)]["color"], linewidth=0.6, linestyle=(0, (1, 2)))
    axes.axvline(0, color="black", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    _draw_bands(axes, bands, styles)
    _scale(axes, list(bands.values()), list(bands.values()))
    axes.set(xlim=(-back, reach), xlabel="steps after the switch", ylabel=label)


def write_inside(axes: "Axes", name: str) -> None:
    """Write a panel's name into its upper right corner, where losses that fall are not."""
    place: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right", "va": "top"}
    box: dict[str, Any] = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
    axes.annotate(name, (1, 1), (-3, -3), fontsize=SIZE, bbox=box, **place)


def label_top(axes: "Axes", rows: "pd.DataFrame") -> None:
    """Write above a panel over tokens the sequences' lengths and the attention, as far as they fit and runs share them.

    The axes must have their place on the page.
    """
    figure = axes.get_figure(root=True)
    assert figure is not None
    across = axes.get_position().width * figure.get_figwidth()
    end = float(rows["tokens"].max())
    switching = rows[rows["run"].isin(rows["run"][rows["stage"] > 1])]
    lines = [shared_spans(rows, "length"), shared_spans(switching, "attention")]
    for height, spans in enumerate(lines):
        edge = -1.0
        for low, high, value in spans or []:
            text = length_label(int(value)) if height == 0 else str(value)
            middle, half = (low + high) / 2 / end * across, text_width(text, SIZE) / 2
            fits = height == 0 or 2 * half <= (high - low) / end * across
            if not fits or middle - half < edge or middle + half > across + 0.04:
                continue
            edge = middle + half + 0.03
            units: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}
            place = (middle / across, 1)
            axes.annotate(text, place, (0, 1.5 + _LINE * height), ha="center", va="bottom", fontsize=SIZE, **units)


def shared_spans(rows: "pd.DataFrame", by: Literal["length", "attention"]) -> list[tuple[float, float, Any]] | None:
    """First token, last token and value of each stretch with one length, or attention; None unless all runs agree.

    A run that is shorter than others agrees as far as it goes.
    """
    spans = [_spans(own, by) for _, own in rows.groupby("run", sort=False)]
    longest = max(spans, key=lambda own: (len(own), own[-1][1]), default=[])
    starts = [[(low, value) for low, _, value in own] for own in spans]
    whole = [(low, value) for low, _, value in longest]
    return longest if all(own == whole[: len(own)] for own in starts) else None


def _spans(rows: "pd.DataFrame", by: str) -> list[tuple[float, float, Any]]:
    changed = (rows[by] != rows[by].shift()).cumsum()
    ends = [(float(own["tokens"].iloc[-1]), own[by].iloc[-1]) for _, own in rows.groupby(changed)]
    starts = [0.0, *(end for end, _ in ends)]
    return [(low, high, value) for low, (high, value) in zip(starts, ends, strict=False)]


def _reach(rows: "pd.DataFrame", recoveries: "pd.Series") -> float:
    """Steps after a switch that show it: well beyond the last run's recovery, or all where one has not come back."""
    there = float(rows["after"].max())
    if recoveries.isna().any():
        return there
    later = rows[rows["after"] > 0]
    tenth = later.groupby("run")["after"].apply(lambda steps: steps.iloc[:_LEAST].max()).max()
    return min(there, max(float(tenth), 1.6 * float(recoveries.max())))


def _draw_bands(axes: "Axes", bands: "dict[str, pd.DataFrame]", styles: LineStyles) -> None:
    for place, (recipe, band) in enumerate(bands.items()):
        own = styles[recipe]
        every = max(1, len(band) // _MARKED)
        marks = slice(place * every // max(1, len(bands)), None, every)  # no two recipes' at one place
        size = 4.0 if own["marker"] == "*" else 2.6
        axes.plot(band["x"], band["value"], linewidth=0.8, markersize=size, markevery=marks, label=recipe, **own)
        if len(bands) <= TOGETHER:
            axes.fill_between(band["x"], band["low"], band["high"], color=own["color"], alpha=0.2, linewidth=0)


def _scale(axes: "Axes", bands: "list[pd.DataFrame]", later: "list[pd.DataFrame]") -> None:
    """Logarithmic where losses span more than a decade; else linear, up to what is reached after the start."""
    lows = [float(band["low"].min()) for band in bands if len(band)]
    tops = [float(band["high"].max()) for band in later if len(band)]
    if lows and tops and min(lows) > 0 and max(tops) > 10 * min(lows):
        axes.set_yscale("log")
        write_plainly(axes.yaxis)
    elif lows and tops:
        air = 0.06 * (max(tops) - min(lows)) or 0.1
        axes.set_ylim(min(lows) - air, max(tops) + air)
    axes.grid(axis="y", linewidth=0.3, color=_GRID)
    axes.set_axisbelow(True)


def _above(axes: "Axes") -> dict[str, Any]:
    return {"transform": axes.get_xaxis_transform(), "markersize": 4, "clip_on": False}
