"""Interventions as files: CSV, LaTeX, and a figure with its caption."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.analysis.cells import cells_of
from lh_eval.figures.style import Width
from lh_eval.lengths import length_label
from lh_eval.publish.caption import measured, subject
from lh_eval.publish.tabular import NOTHING, Table, write_table
from lh_eval.publish.writing import writing

if TYPE_CHECKING:
    import pandas as pd

    from lh_eval.store.sweep import Sweep

_TEXT = ("setting", "length", "condition", "layers")
_CAPTION = (
    "Mean margin (the right choice's logit less the best wrong one's; of a text the least over its tokens) under each "
    "intervention on what is gathered, and its paired difference from the same prompts without one. In: gathered at "
    "level 0 in every layer and head under the setting, as far as its budget goes; out: not gathered at level 0. "
    "Sham: spans elsewhere, as long as needle and question. Bars: 95 % intervals, cluster bootstrap (BCa) over samples "
    "that share a length and a trial. "
)


def interventions_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The table's numbers as text, a dash where there is nothing; columns that say one thing alone are left out."""
    told = [name for name in _TEXT if name in ("length", "condition") or table[name].nunique() > 1]
    shown = table[told].copy()
    shown["length"] = [length_label(int(length)) for length in table["length"]]
    shown["n"] = table["n"].astype(str)
    shown["rate"] = [_number(value, "{:.2f}") for value in table["rate"]]
    shown["margin"] = [_number(value, "{:.2f}") for value in table["margin"]]
    for name in ("margin", "rate"):
        ends = (table[f"{name}_difference{end}"] for end in ("", "_low", "_high"))
        shown[f"{name} difference"] = [_interval(*values) for values in zip(*ends, strict=True)]
    for name in ("needle", "question"):
        shown[f"{name} held"] = [_number(value, "{:.2f}") for value in table[f"{name}_held"]]
    return shown


def write_interventions(table: "pd.DataFrame", sweep: "Sweep", *, width: Width = "double") -> list[Path]:
    """Write `interventions.csv`, `.tex`, `.png`, `.pdf` and `.txt` into the sweep's folder.

    Args:
        table: as `analysis.interventions.interventions` makes it of the sweep.
        sweep: the sweep.
        width: "single" or "double" column, or inches.

    Raises:
        InputError: there is nothing to draw, or the folder cannot be written.
    """
    import pandas as pd

    from lh_eval.figures.interventions import interventions_figure
    from lh_eval.figures.style import save

    stem = sweep.path / "interventions"
    shown = interventions_text(table)
    left = list(shown.columns).index("n")
    latex = shown.apply(lambda column: column.str.replace("-", "−") if "difference" in str(column.name) else column)
    files = write_table(Table(table, latex, left), stem)
    runs = list(sweep.runs.values())
    cells = pd.concat([cells_of(run).assign(setting=name, reading="prompt") for name, run in sweep.runs.items()])
    title = f"{subject(runs)}, {', '.join(dict.fromkeys(table['setting']))}"
    figure = interventions_figure(table, title=title, width=width)
    with writing(stem):
        return [*files, *save(figure, stem, caption=_CAPTION + _reached(table) + measured(runs, cells))]


def _reached(table: "pd.DataFrame") -> str:
    """How much of what was to be in or out is so."""
    parts = []
    for tokens in ("needle", "question"):
        for way in ("in", "out"):
            own = table[table["condition"].str.contains(f"{tokens} {way}") & (table["layers"] == "all")]
            if len(own):
                parts.append(f"{tokens} {way} {own[f'{tokens}_held'].min():.2f} to {own[f'{tokens}_held'].max():.2f}")
    return f"Share of layers and heads that gathered all of its tokens: {'; '.join(parts)}. " if parts else ""


def _number(value: float, form: str) -> str:
    return NOTHING if value != value else form.format(value)


def _interval(value: float, low: float, high: float) -> str:
    if value != value:
        return NOTHING
    shown = f"{round(value, 9):+.2f}"
    return shown if low != low else f"{shown} ({low:+.2f} to {high:+.2f})"
