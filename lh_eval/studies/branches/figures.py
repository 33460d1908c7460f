"""The primary outcomes of every trunk, cell by cell: what the contrasts are of."""

from typing import TYPE_CHECKING

import pandas as pd

from lh_eval.figures.lines import MARKERS
from lh_eval.figures.style import inches, new_figure, style
from lh_eval.studies.branches.contrasts import PRIMARY, by_training, primary_places

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LABELS = {"keyed rate": "keyed rate", "keyed margin": "keyed margin (logits)", "copy loss": "copying (nats a byte)"}
_GREY, _SHADE = "#9a9a9a", "#00204c"


def trunks_figure(outcomes: pd.DataFrame) -> "Figure":
    """Draw a panel an outcome, a column a cell: a line a trunk, and the mean over trunks.

    Args:
        outcomes: as `read_outcomes` gives them.
    """
    ended = _drawn(outcomes)
    rates = by_training(ended, PRIMARY["keyed rate"]).mean()
    order = ended.drop_duplicates("cell").assign(mean=lambda rows: rows["cell"].map(rates))
    cells = order.sort_values(["rope", "k", "mean"], ascending=[False, True, False])["cell"].tolist()
    with style():
        figure = new_figure(inches("single"), 1.35 * len(PRIMARY) + 0.5)
        figure.set_layout_engine("constrained", h_pad=0.03)
        panels = figure.subplots(len(PRIMARY), 1, sharex=True)
        for axes, (outcome, parts) in zip(panels, PRIMARY.items(), strict=True):
            values = by_training(ended, parts).reindex(columns=cells)
            for number, (_, trunk) in enumerate(values.iterrows()):
                shape = MARKERS[number % len(MARKERS)]
                axes.plot(cells, trunk, color=_GREY, marker=shape, markersize=2.5, linewidth=0.5)
            axes.plot(cells, values.mean(), "_", color=_SHADE, markersize=11, markeredgewidth=1.8)
            axes.set_ylabel(_LABELS[outcome])
            axes.grid(axis="y", linewidth=0.3, color="#d9d9d9")
            axes.set_axisbelow(True)
        panels[-1].tick_params(axis="x", labelrotation=90)
    return figure


def _drawn(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Branches under Lighthouse of the trunks that have some at every budget, which contrasts over budgets are of."""
    ended = primary_places(outcomes).dropna(subset=["scorer"])
    budgets = ended.groupby("trunk")["k"].transform("nunique")
    return ended[budgets == ended["k"].nunique()]


def caption(outcomes: pd.DataFrame) -> str:
    """What the figure shows, in words."""
    ended = _drawn(outcomes)
    counts = ended.groupby("cell", sort=False)["trunk"].nunique()
    trunks = "; ".join(f"{cell} {count}" for cell, count in counts.items())
    return (
        "Primary outcomes at the end of the Lighthouse stage by scorer and k, each read under its own setting. A line "
        "is a trunk, from which its branches start; the bar is the mean over trunks. Keyed rate and margin: mean of 8 "
        f"and 64 records at the longest trained length. Copying: lower is better. No test. Trunks: {trunks}."
    )
