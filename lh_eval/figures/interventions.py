"""Margins under interventions, and what each changes of the setting as it is."""

from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.figures.lines import MARKERS, set_heading
from lh_eval.figures.palettes import Palette, check_palette, shades
from lh_eval.figures.style import SIZE, Width, inches, new_figure, style
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROW = 0.15  # inches of a condition
_LEAST = 1.2
_PANELS = (("margin", "margin"), ("margin_difference", "difference from natural"))


def interventions_figure(
    table: "pd.DataFrame", *, title: str = "", width: Width = "double", palette: Palette = "cividis"
) -> "Figure":
    """Draw a row a condition: on the left its mean margin, on the right its paired difference, with their intervals.

    Args:
        table: columns `setting`, `length`, `condition`, `layers`, and `margin` and `margin_difference` with `_low` and
            `_high` behind each, missing where there is none.
        title: what was measured.
        width: "single", "double" or inches; panels are beneath one another where they do not fit side by side.
        palette: colours of lengths, one of `palettes.Palette`.

    Raises:
        InputError: there is no row with a margin, or the width or palette is none.
    """
    known = table.dropna(subset=["margin"])
    if known.empty:
        raise InputError("interventions must have margins, got none; run some samples first")
    check_palette(palette)
    labels = _labels(known)
    known = known.assign(label=labels)
    rows = list(dict.fromkeys(labels))
    lengths = sorted(set(map(int, known["length"])))
    colours = dict(zip(lengths, shades(len(lengths), palette), strict=True))
    page = inches(width)
    beside = page >= 5
    height = max(_LEAST, _ROW * len(rows) + 0.45)
    with style():
        figure = new_figure(page, height * (1 if beside else 2))
        figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.04)
        panels = figure.subplots(*((1, 2) if beside else (2, 1)), sharey=True)
        for axes, (column, label) in zip(panels, _PANELS, strict=True):
            for number, length in enumerate(lengths):
                shift = 0.5 * ((number + 0.5) / len(lengths) - 0.5)
                own = known[known["length"] == length].dropna(subset=[column])
                places = [rows.index(row) + shift for row in own["label"]]
                _draw(axes, own, column, places, colours[length], MARKERS[number % len(MARKERS)])
            axes.axvline(0, color="black", linewidth=0.5)
            axes.set_xlabel(f"{label} (logits)")
            axes.grid(axis="x", linewidth=0.3, color="#d9d9d9")
            axes.set_axisbelow(True)
        panels[0].set_yticks(range(len(rows)), rows, fontsize=SIZE)
        panels[0].set_ylim(len(rows) - 0.5, -0.5)
        set_heading(figure, title)
        if len(lengths) > 1:
            _legend(figure, colours)
    return figure


def _labels(table: "pd.DataFrame") -> list[str]:
    """What each row is called: the condition, and of setting and layers what differs."""
    parts = [table["condition"].tolist()]
    if table["setting"].nunique() > 1:
        parts.insert(0, table["setting"].tolist())
    if table["layers"].nunique() > 1:
        parts.append(["" if layers == "all" else f"(layer {layers})" for layers in table["layers"]])
    return [" ".join(filter(None, row)) for row in zip(*parts, strict=True)]


def _draw(axes: "Axes", own: "pd.DataFrame", column: str, places: list[float], colour: Any, marker: str) -> None:
    for place, low, high in zip(places, own[f"{column}_low"], own[f"{column}_high"], strict=True):
        axes.plot([low, high], [place, place], color=colour, linewidth=0.9)
    axes.plot(own[column], places, linewidth=0, markersize=3.5, color=colour, marker=marker)


def _legend(figure: "Figure", colours: dict[int, Any]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linewidth=0.9, markersize=3.5, color=colour, marker=MARKERS[number % len(MARKERS)],
               label=f"{length_label(length)} tokens")
        for number, (length, colour) in enumerate(colours.items())
    ]  # fmt: skip
    figure.set_figheight(figure.get_figheight() + 0.19)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, borderpad=0)
