"""The figure of a sweep: heatmaps side by side, in rows of families and columns of budgets where they share these.

Dense stands beside the matrix of families and budgets. Settings whose budgets are of different kinds, or that share
none, make no matrix: they follow one another, dense first, each named over its panel. So do those whose matrix would
be higher than a page.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.budgets import budget_text
from lh_eval.errors import InputError
from lh_eval.figures.matrix import (
    Line,
    Matrix,
    Panel,
    lay_out,
    mean_text,
    on_one_grid,
    page_height,
    with_names,
)
from lh_eval.figures.matrix_drawing import draw_matrix
from lh_eval.figures.palettes import Palette, check_palette
from lh_eval.figures.panel import Scale, grid
from lh_eval.figures.style import PAGE_HEIGHT, SIZE, Width, inches, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

DENSE = "dense"
_SIGNIFICANT = 0.05
_LABELS: dict[Scale, str] = {"rate": "retrieval rate", "difference": f"difference to {DENSE}"}


def sweep_figure(
    cells: "pd.DataFrame",
    *,
    title: str = "",
    difference: bool = False,
    width: Width = "double",
    palette: Palette = "cividis",
) -> "Figure":
    """Draw each setting's rates, or their differences to dense.

    Args:
        cells: columns `setting`, `family`, `budget`, `budget_name` (missing for dense, whose setting is "dense"),
            `length`, `depth`, `n` and `rate`, one row a cell; with `p_holm`, differences have a black frame where it
            is below 0.05. With `prefix_hole`, cells where it is above 0 have a mark.
        title: what was measured, over all panels.
        difference: draw each setting's rate minus dense's; dense stays as it is.
        width: "single" is a column of a paper, "double" its whole page, or inches; budgets that do not fit go to a
            new line.
        palette: colours of rates, one of `palettes.Palette`.

    Raises:
        InputError: there is no cell, or no dense one where differences are asked for; the width or palette is none.
    """
    if cells.empty:
        raise InputError("cells must be at least one, got none; run some samples first")
    check_palette(palette)
    names = list(dict.fromkeys(cells["setting"]))
    has_dense = DENSE in names
    if difference and (not has_dense or len(names) == 1):
        raise InputError(f"differences must be between dense and another setting, got {', '.join(names)}; run both")
    panels = _panels(cells, difference)
    settings = cells.drop_duplicates("setting")
    page = inches(width)
    choices = [_as_matrix(settings, panels, page)] if _make_matrix(settings) else []
    if not choices or page_height(choices[0], title=title) > PAGE_HEIGHT:
        choices.append(_one_after_another(settings, panels, page))
    lowest = min(choices, key=lambda matrix: page_height(matrix, title=title))
    return draw_matrix(lowest, title=title, palette=palette, labels=_LABELS)


def _panels(cells: "pd.DataFrame", difference: bool) -> dict[str, Panel]:
    """The panel of each setting, without a name yet."""
    own = {str(setting): rows for setting, rows in cells.groupby("setting", sort=False)}
    rates = on_one_grid({setting: grid(rows, "rate") for setting, rows in own.items()})
    found = {}
    for setting, rows in own.items():
        scale: Scale = "difference" if difference and setting != DENSE else "rate"
        values = rates[setting] - rates[DENSE] if scale == "difference" else rates[setting]
        framed = None
        if scale == "difference" and "p_holm" in cells:
            framed = grid(rows, "p_holm").reindex_like(values) < _SIGNIFICANT
        mean = mean_text(values, signed=scale == "difference")
        found[setting] = Panel("", values, mean, scale, cells=rows, framed=framed)
    return found


def _as_matrix(settings: "pd.DataFrame", panels: Mapping[str, Panel], page: float) -> Matrix:
    """Families by budgets, dense beside them where all budgets of a family fit on a line with it, else above."""
    others = settings[settings["setting"] != DENSE]
    dense = panels[DENSE]._replace(name=DENSE) if DENSE in panels else None
    most = max(others["family"].value_counts(), default=0)
    values = next(iter(panels.values())).values
    layout = lay_out(most, values, page, beside=dense is not None)
    lines = list(_family_lines(others, panels, layout.columns))
    if dense and lines and layout.beside < layout.matrix:
        return Matrix(layout, lines, dense)
    return Matrix(layout, [*([Line(None, [dense])] if dense else []), *lines])


def _one_after_another(settings: "pd.DataFrame", panels: Mapping[str, Panel], page: float) -> Matrix:
    """Dense, then the settings in their order; names on two lines if one is too short."""
    named = {DENSE: [DENSE]} if DENSE in panels else {}
    others = settings[settings["setting"] != DENSE]
    named |= {setting["setting"]: _names(setting) for setting in others.to_dict(orient="records")}
    widest = max(text_width(text, SIZE) for texts in named.values() for text in texts)
    layout = lay_out(len(named), next(iter(panels.values())).values, page, narrowest=widest)
    drawn = with_names(named, panels, layout)
    lines = [Line(None, drawn[start : start + layout.columns]) for start in range(0, len(drawn), layout.columns)]
    return Matrix(layout, lines)


def _make_matrix(settings: "pd.DataFrame") -> bool:
    """Whether families and budgets make a matrix: one kind of budget, and one family that has all of them."""
    others = settings[settings["setting"] != DENSE]
    kinds = {name for name in others["budget_name"] if isinstance(name, str)}
    largest = max(others["family"].value_counts(), default=0)
    return len(kinds) <= 1 and largest >= others["budget"].nunique()


def _family_lines(settings: "pd.DataFrame", panels: Mapping[str, Panel], columns: int) -> Iterator[Line]:
    """The settings, family by family in their order, budgets rising, as many a line as there are columns."""
    for family in dict.fromkeys(settings["family"]):
        own = settings[settings["family"] == family].sort_values("budget", kind="stable").to_dict(orient="records")
        drawn = [panels[setting["setting"]]._replace(name="".join(_names(setting)[1:])) for setting in own]
        for start in range(0, len(own), columns):
            yield Line(str(family) if start == 0 else None, drawn[start : start + columns])


def _names(setting: Mapping[Any, Any]) -> list[str]:
    """What a setting is called over its panel: its family, and its budget where it has one."""
    name, budget = setting["budget_name"], setting["budget"]
    known = budget == budget and budget is not None
    return [setting["family"], *([budget_text(name if isinstance(name, str) else None, budget)] if known else [])]
