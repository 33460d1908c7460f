"""Stacked bars: which share of Lighthouse's time each of its stages takes."""

from typing import TYPE_CHECKING, Any

from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours; a stage's backward is its colour, hatched.
_COLOURS = {
    "pool+score": "#0072B2",
    "select": "#F0E442",
    "gather": "#009E73",
    "attend": "#999999",
    "scatter": "#D55E00",
}
_OTHER = "#CC79A7"
_BACKWARD = " backward"
_ENTRY = 0.8  # inches of the legend
_USUAL = 1.25  # inches of the axes' height


def draw_stages(axes: "Axes", rows: "pd.DataFrame") -> None:
    """Draw a bar for each row, by k and then by length, with the stages' sum in milliseconds above it.

    Args:
        axes: where to draw.
        rows: columns `provider`, `k`, `N` and `stages`, a dict of milliseconds by stage.
    """
    slant = 90 if len(rows) > 10 else 0  # numbers beside one another must not touch
    figure = axes.get_figure(root=True)
    assert figure is not None
    high = _USUAL / (axes.get_position().height * figure.get_figheight())  # what is above stands as far away in inches
    place, ticks, labels = 0.0, [], []
    for (_, k), group in rows.sort_values(["provider", "k", "N"]).groupby(["provider", "k"], sort=False):
        first = place
        for length, stages in zip(group["N"], group["stages"], strict=True):
            total, bottom = sum(stages.values()), 0.0
            for name, ms in stages.items():
                axes.bar(place, ms / total, 0.82, bottom, **_look(name))
                bottom += ms / total
            axes.text(place, 1.02, _milliseconds(total), ha="center", va="bottom", fontsize=6, rotation=slant)
            ticks.append(place)
            labels.append(length_label(int(length)))
            place += 1
        name = f"k={k}"
        if rows["provider"].nunique() > 1:
            name = f"{group['provider'].iloc[0]}, {name}"
        axes.text(
            (first + place - 1) / 2, 1 + (0.24 if slant else 0.13) * high, name, ha="center", va="bottom", fontsize=6.5
        )
        place += 0.6
    axes.set_xticks(ticks, labels, fontsize=6, rotation=slant)
    axes.set(ylim=(0, 1), yticks=[0, 0.5, 1], xlabel="sequence length (tokens), sum in ms above")
    axes.spines[["top", "right"]].set_visible(False)


def stage_legend_lines(rows: "pd.DataFrame", page: float) -> int:
    """Lines that `stage_legend` takes on a page of so many inches."""
    return -(-len(_names(rows)) // max(1, int(page // _ENTRY)))


def stage_legend(figure: "Figure", place: tuple[float, float], rows: "pd.DataFrame", page: float) -> None:
    """Draw the stages' colours around `place`, in the figure's coordinates."""
    from matplotlib.patches import Patch

    names = _names(rows)
    patches = [Patch(label=name, **_look(name)) for name in names]
    figure.legend(
        handles=patches,
        loc="center",
        bbox_to_anchor=place,
        ncols=-(-len(names) // stage_legend_lines(rows, page)),
        frameon=False,
        borderpad=0,
        fontsize=6,
        handlelength=1.1,
        columnspacing=0.9,
        handletextpad=0.4,
    )


def _names(rows: "pd.DataFrame") -> list[str]:
    return list(dict.fromkeys(name for stages in rows["stages"] for name in stages))


def _look(name: str) -> dict[str, Any]:
    look: dict[str, Any] = {
        "facecolor": _COLOURS.get(name.removesuffix(_BACKWARD), _OTHER),
        "edgecolor": "white",
        "linewidth": 0.3,
    }
    return look | {"hatch": "////"} if name.endswith(_BACKWARD) else look


def _milliseconds(ms: float) -> str:
    return f"{ms:.3g}" if ms < 1000 else f"{ms:.0f}"
