"""The table of training curves: for people, as CSV, Markdown and LaTeX."""

from pathlib import Path
from typing import TYPE_CHECKING

from lh_eval.figures.curves_caption import steps_text
from lh_eval.lengths import length_label
from lh_eval.publish.tabular import Table, write_table

if TYPE_CHECKING:
    import pandas as pd

_LEFT = 2  # columns of text


def curves_text(table: "pd.DataFrame") -> "pd.DataFrame":
    """The numbers of `curves_table` as text, a row a recipe, stage and length: means over seeds, a range of steps."""
    import pandas as pd

    columns = [str(name).removesuffix("_end") for name in table.columns if str(name).endswith("_end")]
    shown = []
    for _, own in table.groupby(["recipe", table.groupby("run").cumcount()], sort=False):
        first, rate = own.iloc[0], own["tokens_per_second"].median()
        row = {"recipe": str(first["recipe"]), "stage": f"{first['stage']} {first['attention']}"}
        row |= {"length": length_label(int(first["length"])), "seeds": str(len(own))}
        row |= {"tokens": f"{own['tokens'].mean() / 1e6:.1f}M", "seconds": f"{own['seconds'].mean():.0f}"}
        row |= {"tokens/s": f"{rate / 1e6:.2f}M" if rate >= 1e5 else f"{rate:.0f}"}
        for column in columns:
            switched = own[own[f"{column}_before"].notna()]
            row[f"{column} at end"] = _mean(own[f"{column}_end"], ".3f")
            row[f"{column} gap"] = _mean(switched[f"{column}_gap"], "+.3f")
            row[f"{column} steps"] = steps_text(switched[f"{column}_recovery_steps"]) if len(switched) else ""
        shown.append(row)
    return pd.DataFrame(shown)


def write_curves_table(table: "pd.DataFrame", stem: str | Path) -> list[Path]:
    """Write `<stem>.csv` with every column, and what people read as `<stem>.md` and `<stem>.tex`.

    Raises:
        InputError: they cannot be written.
    """
    return write_table(Table(table, curves_text(table), _LEFT), stem, ("csv", "md", "tex"))


def _mean(values: "pd.Series", form: str) -> str:
    return format(values.mean(), form).replace("-", "−") if values.notna().any() else ""
