"""The figure of training folders with its caption and its table, written beside one another."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lh_eval.analysis.curves import Curve, chosen_columns
from lh_eval.analysis.curves_table import curves_table, main_switches
from lh_eval.analysis.switches import LEVEL_STEPS, with_parts
from lh_eval.figures.curves_caption import curves_caption
from lh_eval.publish.curves_table import write_curves_table
from lh_eval.publish.draw import FigureOptions
from lh_eval.publish.writing import writing

if TYPE_CHECKING:
    import pandas as pd


class Written(NamedTuple):
    """files: of the figure, its caption and the table, in this order; table: as `curves_table` makes it."""

    files: list[Path]
    table: "pd.DataFrame"


def write_curves(
    curves: Sequence[Curve],
    stem: str | Path,
    *,
    columns: Sequence[str] | None = None,
    options: FigureOptions | None = None,
) -> Written:
    """Draw training curves and measure them.

    Args:
        curves: the runs, in the order of the legend.
        stem: where to write, without suffix; its folder is made.
        columns: losses; see `chosen_columns` for those of None.
        options: how to draw; palette and benchmark are for other figures.

    Raises:
        InputError: no run has such a column, LaTeX is missing, or the files cannot be written.
    """
    import pandas as pd

    from lh_eval.figures.curves import curves_figure
    from lh_eval.figures.latex import check_latex, typeset
    from lh_eval.figures.style import save

    options = options or FigureOptions()
    if options.latex:
        check_latex()
    chosen = chosen_columns(curves, columns)
    table, switches = curves_table(curves, chosen), main_switches(curves, chosen)
    labelled = [with_parts(one.rows).assign(recipe=one.label, run=one.name, seed=one.seed) for one in curves]
    rows = pd.concat(labelled, ignore_index=True)
    labels = {one.recipe: one.label for one in curves}
    switches = switches.assign(recipe=switches["recipe"].map(labels))
    title = curves[0].label if len(labels) == 1 else ""
    figure = curves_figure(rows, switches, chosen, title=title, width=options.width or "double")
    if options.latex:
        typeset(figure)
    names = {label: recipe for recipe, label in labels.items()}
    caption = curves_caption(rows, switches, chosen, names=names, level_steps=LEVEL_STEPS)
    with writing(stem):
        files = save(figure, stem, options.formats, caption=caption)
    return Written([*files, *write_curves_table(table, stem)], table)
